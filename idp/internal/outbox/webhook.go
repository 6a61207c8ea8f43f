package outbox

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/latchkey-dev/latchkey/idp/internal/database"
)

var (
	// ErrDuplicate means that the id of a webhook is taken.
	ErrDuplicate = errors.New("the id of the webhook is taken")

	// ErrUnknownTenant means that a webhook names a tenant that does not exist.
	ErrUnknownTenant = errors.New("the webhook names an unknown tenant")
)

// A Webhook receives events.
type Webhook struct {
	ID, URL, Description string
	Connect, Read        time.Duration // timeouts
	Global               bool          // of all tenants
	Tenants              []string      // else of these
	Events               []string      // the types that it wants
	Signed               bool
	Inserted, Updated    int64 // milliseconds since 1970
}

// Insert stores a new webhook, or returns [ErrDuplicate] or [ErrUnknownTenant].
func (h Webhook) Insert(tx *sql.Tx) error {
	var taken bool
	if err := tx.QueryRow(`SELECT EXISTS (SELECT 1 FROM webhooks WHERE id = $1)`, h.ID).Scan(&taken); err != nil {
		return err
	}
	if taken {
		return ErrDuplicate
	}
	_, err := tx.Exec(`INSERT INTO webhooks (id, url, description, connect_timeout, read_timeout, is_global, is_signed, insert_instant, last_update_instant)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		h.ID, h.URL, h.Description, h.Connect.Milliseconds(), h.Read.Milliseconds(), h.Global, h.Signed, h.Inserted, h.Updated)
	if err != nil {
		return err
	}
	return h.insertLists(tx)
}

// Update stores a changed webhook, or returns [database.ErrNotFound] or [ErrUnknownTenant]. What
// waits for the webhook becomes due, because the change may be the repair: wake the dispatcher.
func (h Webhook) Update(tx *sql.Tx) error {
	err := database.Changed(tx.Exec(`UPDATE webhooks SET url = $1, description = $2, connect_timeout = $3, read_timeout = $4, is_global = $5, is_signed = $6, last_update_instant = $7,
		next_instant = 0, attempts = 0 WHERE id = $8`,
		h.URL, h.Description, h.Connect.Milliseconds(), h.Read.Milliseconds(), h.Global, h.Signed, h.Updated, h.ID))
	if err != nil {
		return err
	}
	for _, table := range []string{"webhook_events", "webhook_tenants"} {
		if _, err := tx.Exec(`DELETE FROM `+table+` WHERE webhook_id = $1`, h.ID); err != nil {
			return err
		}
	}
	return h.insertLists(tx)
}

func (h Webhook) insertLists(tx *sql.Tx) error {
	for _, t := range h.Events {
		if _, err := tx.Exec(`INSERT INTO webhook_events (webhook_id, type) VALUES ($1, $2)`, h.ID, t); err != nil {
			return err
		}
	}
	for _, t := range h.Tenants {
		err := database.Changed(tx.Exec(`INSERT INTO webhook_tenants (webhook_id, tenant_id) SELECT $1, id FROM tenants WHERE id = $2`, h.ID, t))
		if errors.Is(err, database.ErrNotFound) {
			return ErrUnknownTenant
		}
		if err != nil {
			return err
		}
	}
	return nil
}

const selectWebhook = `SELECT id, url, description, connect_timeout, read_timeout, is_global, is_signed, insert_instant, last_update_instant FROM webhooks `

func scanWebhook(scan func(...any) error) (h Webhook, err error) {
	var connect, read int64
	err = scan(&h.ID, &h.URL, &h.Description, &connect, &read, &h.Global, &h.Signed, &h.Inserted, &h.Updated)
	h.Connect, h.Read = time.Duration(connect)*time.Millisecond, time.Duration(read)*time.Millisecond
	return h, err
}

// Webhooks returns all webhooks, by URL.
func Webhooks(ctx context.Context, q database.Queries) ([]Webhook, error) {
	ids, err := database.Strings(ctx, q, `SELECT id FROM webhooks ORDER BY url, id`)
	if err != nil {
		return nil, err
	}
	var all []Webhook
	for _, id := range ids {
		h, err := ReadWebhook(ctx, q, id)
		if errors.Is(err, database.ErrNotFound) {
			continue // deleted meanwhile
		}
		if err != nil {
			return nil, err
		}
		all = append(all, h)
	}
	return all, nil
}

// ReadWebhook returns the webhook with this id, or [database.ErrNotFound].
func ReadWebhook(ctx context.Context, q database.Queries, id string) (Webhook, error) {
	h, err := scanWebhook(q.QueryRowContext(ctx, selectWebhook+`WHERE id = $1`, id).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return h, database.ErrNotFound
	}
	if err != nil {
		return h, fmt.Errorf("read webhook: %w", err)
	}
	if h.Events, err = database.Strings(ctx, q, `SELECT type FROM webhook_events WHERE webhook_id = $1 ORDER BY type`, id); err != nil {
		return h, err
	}
	tenants, err := database.Strings(ctx, q, `SELECT tenant_id FROM webhook_tenants WHERE webhook_id = $1 ORDER BY tenant_id`, id)
	h.Tenants = append([]string{}, tenants...)
	return h, err
}
