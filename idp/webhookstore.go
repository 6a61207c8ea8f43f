package idp

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/latchkey-dev/latchkey/idp/internal/database"
	"github.com/latchkey-dev/latchkey/idp/internal/fusion"
)

// in reports whether a request that is confined may see the webhook.
func (h webhook) in(sc scope) bool {
	return sc == "" || !h.global && len(h.tenants) == 1 && h.tenants[0] == string(sc)
}

// insert stores a new webhook.
func (h webhook) insert(tx *sql.Tx) error {
	var taken bool
	if err := tx.QueryRow(`SELECT EXISTS (SELECT 1 FROM webhooks WHERE id = $1)`, h.id).Scan(&taken); err != nil {
		return err
	}
	if taken {
		return fusion.Invalid("webhook.id", "duplicate", "This one is taken.")
	}
	_, err := tx.Exec(`INSERT INTO webhooks (id, url, description, connect_timeout, read_timeout, is_global, is_signed, insert_instant, last_update_instant)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		h.id, h.url, h.description, h.connect.Milliseconds(), h.read.Milliseconds(), h.global, h.signed, h.inserted, h.updated)
	if err != nil {
		return err
	}
	return h.insertLists(tx)
}

// update stores a changed webhook. What waits for it is sent at once, for the change may be the repair.
func (h webhook) update(tx *sql.Tx) error {
	err := database.Changed(tx.Exec(`UPDATE webhooks SET url = $1, description = $2, connect_timeout = $3, read_timeout = $4, is_global = $5, is_signed = $6, last_update_instant = $7,
		next_instant = 0, attempts = 0 WHERE id = $8`,
		h.url, h.description, h.connect.Milliseconds(), h.read.Milliseconds(), h.global, h.signed, h.updated, h.id))
	for _, table := range []string{"webhook_events", "webhook_tenants"} {
		if err == nil {
			_, err = tx.Exec(`DELETE FROM `+table+` WHERE webhook_id = $1`, h.id)
		}
	}
	if err != nil {
		return err
	}
	return h.insertLists(tx)
}

func (h webhook) insertLists(tx *sql.Tx) error {
	for _, t := range h.events {
		if _, err := tx.Exec(`INSERT INTO webhook_events (webhook_id, type) VALUES ($1, $2)`, h.id, t); err != nil {
			return err
		}
	}
	for _, t := range h.tenants {
		err := database.Changed(tx.Exec(`INSERT INTO webhook_tenants (webhook_id, tenant_id) SELECT $1, id FROM tenants WHERE id = $2`, h.id, t))
		if errors.Is(err, ErrNotFound) {
			return fusion.Invalid("webhook.tenantIds", "invalid", "There is no such tenant.")
		}
		if err != nil {
			return err
		}
	}
	return nil
}

const selectWebhook = `SELECT id, url, description, connect_timeout, read_timeout, is_global, is_signed, insert_instant, last_update_instant FROM webhooks `

func scanWebhook(scan func(...any) error) (h webhook, err error) {
	var connect, read int64
	err = scan(&h.id, &h.url, &h.description, &connect, &read, &h.global, &h.signed, &h.inserted, &h.updated)
	h.connect, h.read = time.Duration(connect)*time.Millisecond, time.Duration(read)*time.Millisecond
	return h, err
}

// webhooks returns all of them, by URL.
func (s *Server) webhooks(ctx context.Context) ([]webhook, error) {
	ids, err := database.Strings(ctx, s.db, `SELECT id FROM webhooks ORDER BY url, id`)
	if err != nil {
		return nil, err
	}
	var all []webhook
	for _, id := range ids {
		h, err := s.webhook(ctx, id)
		if errors.Is(err, ErrNotFound) {
			continue // deleted meanwhile
		}
		if err != nil {
			return nil, err
		}
		all = append(all, h)
	}
	return all, nil
}

// webhook returns one, or ErrNotFound.
func (s *Server) webhook(ctx context.Context, id string) (webhook, error) {
	h, err := scanWebhook(s.db.QueryRowContext(ctx, selectWebhook+`WHERE id = $1`, id).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return h, ErrNotFound
	}
	if err != nil {
		return h, fmt.Errorf("read webhook: %w", err)
	}
	if h.events, err = database.Strings(ctx, s.db, `SELECT type FROM webhook_events WHERE webhook_id = $1 ORDER BY type`, id); err != nil {
		return h, err
	}
	tenants, err := database.Strings(ctx, s.db, `SELECT tenant_id FROM webhook_tenants WHERE webhook_id = $1 ORDER BY tenant_id`, id)
	h.tenants = append([]string{}, tenants...)
	return h, err
}
