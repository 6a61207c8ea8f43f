// Package outbox sends events to webhooks (the transactional outbox pattern). [Tx.Raise] stores an
// event for each webhook that wants it, in the transaction of what happened: both are kept, or
// neither. A [Dispatcher] sends what is stored, at least once and in order.
package outbox

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/latchkey-dev/latchkey/idp/internal/database"
)

// An Event is something that happened in a tenant.
type Event struct {
	ID       string // a UUID
	Type     string // FusionAuth's name, such as "user.create"
	TenantID string
	At       time.Time
	Body     []byte // what is sent
}

// A Tx is a transaction that knows its time and whether an event was raised in it.
type Tx struct {
	*sql.Tx
	Now    time.Time // when it began
	Caller string    // the address of the client, for its events; "" for a Go program
	raised bool
}

// Raise stores an event for each webhook that wants it.
func (tx *Tx) Raise(ctx context.Context, e Event) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO deliveries (webhook_id, event_id, type, body, insert_instant)
		SELECT w.id, $1, $2, $3, $4 FROM webhooks w JOIN webhook_events e ON e.webhook_id = w.id AND e.type = $2
		WHERE w.is_global OR EXISTS (SELECT 1 FROM webhook_tenants t WHERE t.webhook_id = w.id AND t.tenant_id = $5)`,
		e.ID, e.Type, e.Body, database.Millis(e.At), e.TenantID)
	if err != nil {
		return fmt.Errorf("store event %s: %w", e.Type, err)
	}
	tx.raised = true
	return nil
}

// Write runs a function in a transaction, and wakes the dispatcher if the function raised an event.
// The function may be undone and called again; see [database.DB].
func (d *Dispatcher) Write(ctx context.Context, caller string, run func(*Tx) error) error {
	raised := false
	err := d.DB.Write(ctx, func(tx *sql.Tx) error {
		t := &Tx{Tx: tx, Now: d.Now(), Caller: caller}
		err := run(t)
		raised = t.raised
		return err
	})
	if raised { // even if the answer to the commit was lost
		d.Wake()
	}
	return err
}

// Wanted reports whether any webhook wants events of a type.
func Wanted(ctx context.Context, q database.Queries, eventType string) (wanted bool, err error) {
	err = q.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM webhook_events WHERE type = $1)`, eventType).Scan(&wanted)
	if err != nil {
		err = fmt.Errorf("read webhooks: %w", err)
	}
	return wanted, err
}
