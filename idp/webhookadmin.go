package idp

import (
	"context"
	"database/sql"
	"errors"
	"strings"

	"github.com/latchkey-dev/latchkey/idp/internal/database"
	"github.com/latchkey-dev/latchkey/idp/internal/fusion"
)

// Webhook is a receiver of the events of all tenants. They are signed with the
// key that signs the JWTs: the receiver checks that against the published keys.
type Webhook struct {
	ID          string // a UUID
	URL         string // http or https
	Description string
	Events      []string // types, with FusionAuth's names, such as "user.deactivate"
}

// EnsureWebhook creates a webhook, or changes the one with its ID, whose pending events are then
// sent at once.
func (s *Server) EnsureWebhook(ctx context.Context, w Webhook) error {
	j := webhookJSON{URL: w.URL, Description: w.Description, Global: true, EventsEnabled: make(map[string]bool)}
	for _, t := range w.Events {
		j.EventsEnabled[t] = true
	}
	h, err := j.stored("")
	if err != nil {
		return err
	}
	if h.ID, err = fusion.ParseID("webhook.id", w.ID); err != nil {
		return err
	}
	if h.ID == "" {
		return fusion.Invalid("webhook.id", "blank", "A webhook that is made sure of needs an id.")
	}
	h.Inserted = database.Millis(s.now())
	h.Updated = h.Inserted
	err = s.db.Write(ctx, func(tx *sql.Tx) error {
		err := h.Update(tx)
		if errors.Is(err, ErrNotFound) {
			return h.Insert(tx)
		}
		return err
	})
	s.outbox.Wake()
	return webhookError(err)
}

// RemoveWebhook removes a webhook and what waits for it. Unknown: ErrNotFound.
func (s *Server) RemoveWebhook(ctx context.Context, id string) error {
	return s.db.Write(ctx, func(tx *sql.Tx) error {
		return database.Changed(tx.Exec(`DELETE FROM webhooks WHERE id = $1`, strings.ToLower(id)))
	})
}
