package outbox

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"github.com/latchkey-dev/latchkey/idp/internal/database"
	"github.com/latchkey-dev/latchkey/internal/crash"
)

const (
	claimMargin  = 30 * time.Second // on top of the webhook's timeouts
	firstBackOff = time.Second
	maxBackOff   = 5 * time.Minute
	deliveryLife = 24 * time.Hour
)

// A delivery is one event for one webhook.
type delivery struct {
	hook     Webhook
	seq      int64
	id, kind string
	body     []byte
}

// deliver sends what waits for a webhook until nothing does, or an attempt fails. Of several nodes
// only one sends.
func (d *Dispatcher) deliver(ctx context.Context, webhookID string) {
	claim := uuid.NewString()
	defer d.release(ctx, webhookID, claim)
	sent, pause := int64(0), firstBackOff
	for ctx.Err() == nil {
		one, err := d.next(ctx, webhookID, claim, sent)
		if errors.Is(err, database.ErrNotFound) {
			return
		}
		if err != nil { // what was sent must be deleted before anything is sent again
			d.Log.WarnContext(ctx, "webhook: database does not answer: retrying", "webhook", webhookID, "error", err)
			sleep(ctx, pause)
			pause = min(2*pause, errorInterval)
			continue
		}
		if err := crash.Contain(func() error { return d.post(ctx, one) }); err != nil && !d.dropRejected(ctx, one, err) {
			d.postpone(ctx, claim, one, err)
			return
		}
		sent, pause = one.seq, firstBackOff
	}
}

// dropRejected reports whether an event must not be sent again, because its receiver rejects it.
func (d *Dispatcher) dropRejected(ctx context.Context, one delivery, err error) bool {
	refused, ok := errors.AsType[*statusError](err)
	if !ok || !refused.permanent() {
		return false
	}
	d.Log.ErrorContext(ctx, "webhook: event dropped: the receiver rejects it", "webhook", one.hook.ID, "event", one.id, "type", one.kind, "status", refused.status)
	return true
}

// next deletes the delivery that was sent (0: none), and claims the webhook for as long as the next
// attempt may take. ErrNotFound: nothing waits, or another node has claimed the webhook.
func (d *Dispatcher) next(ctx context.Context, webhookID, claim string, sent int64) (one delivery, err error) {
	for {
		dropped, found, err := d.take(ctx, &one, webhookID, claim, sent)
		if dropped > 0 {
			d.Log.ErrorContext(ctx, "webhook: events dropped: not delivered within a day", "webhook", webhookID, "events", dropped)
		}
		if err != nil || found {
			return one, err
		}
		if dropped < dropMost {
			return one, database.ErrNotFound
		}
	}
}

// dropMost is how many old events are deleted at a time: others wait for each write.
const dropMost = 1000

// take is one write of next. It finds nothing if it has dropped dropMost events: there may be more.
func (d *Dispatcher) take(ctx context.Context, one *delivery, webhookID, claim string, sent int64) (dropped int64, found bool, err error) {
	now := d.Now()
	err = d.DB.Write(context.WithoutCancel(ctx), func(tx *sql.Tx) (err error) {
		found, dropped = false, 0
		if err := deleteSent(tx, webhookID, claim, sent); err != nil {
			return err
		}
		err = database.Changed(tx.Exec(`UPDATE webhooks SET claim = $1, claimed_until = $2 + connect_timeout + read_timeout + $3
			WHERE id = $4 AND (claim = $1 OR claimed_until <= $2) AND next_instant <= $2`, claim, database.Millis(now), claimMargin.Milliseconds(), webhookID))
		if err != nil {
			return database.IgnoreNotFound(err) // what was sent is deleted all the same
		}
		if dropped, err = deleteOld(tx, webhookID, now); err != nil || dropped == dropMost {
			return err
		}
		if one.hook, err = scanWebhook(tx.QueryRow(selectWebhook+`WHERE id = $1`, webhookID).Scan); err != nil {
			return err
		}
		err = tx.QueryRow(`SELECT seq, event_id, type, body FROM deliveries WHERE webhook_id = $1 ORDER BY seq LIMIT 1`, webhookID).
			Scan(&one.seq, &one.id, &one.kind, &one.body)
		found = err == nil
		return database.IgnoreNoRows(err)
	})
	return dropped, found, err
}

func deleteSent(tx *sql.Tx, webhookID, claim string, sent int64) error {
	if sent == 0 {
		return nil
	}
	if _, err := tx.Exec(`DELETE FROM deliveries WHERE seq = $1`, sent); err != nil {
		return err
	}
	_, err := tx.Exec(`UPDATE webhooks SET next_instant = 0, attempts = 0 WHERE id = $1 AND claim = $2`, webhookID, claim)
	return err
}

// deleteOld looks at the oldest events only: the others are younger.
func deleteOld(tx *sql.Tx, webhookID string, now time.Time) (int64, error) {
	res, err := tx.Exec(`DELETE FROM deliveries WHERE insert_instant <= $2 AND seq IN (SELECT seq FROM deliveries WHERE webhook_id = $1 ORDER BY seq LIMIT $3)`,
		webhookID, database.Millis(now.Add(-deliveryLife)), dropMost)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// postpone makes the webhook wait before the next attempt, unless it was changed during this one. A
// canceled attempt does not count as a failure.
func (d *Dispatcher) postpone(ctx context.Context, claim string, one delivery, cause error) {
	if ctx.Err() != nil {
		return
	}
	var attempts int64
	err := d.DB.Write(ctx, func(tx *sql.Tx) error {
		var url string
		var updated int64
		err := tx.QueryRow(`SELECT attempts, url, last_update_instant FROM webhooks WHERE id = $1 AND claim = $2`, one.hook.ID, claim).Scan(&attempts, &url, &updated)
		if err != nil || url != one.hook.URL || updated != one.hook.Updated {
			return database.IgnoreNoRows(err) // deleted, changed, or claimed by another node
		}
		attempts++
		_, err = tx.Exec(`UPDATE webhooks SET attempts = $1, next_instant = $2 WHERE id = $3`,
			attempts, database.Millis(d.Now().Add(backOff(attempts))), one.hook.ID)
		return err
	})
	d.Log.LogAttrs(ctx, slog.LevelWarn, "webhook: delivery failed: retrying", slog.String("webhook", one.hook.ID), slog.String("event", one.id),
		slog.String("type", one.kind), slog.Int64("attempts", attempts), slog.Any("error", errors.Join(cause, err)))
}

// backOff is how long to wait after so many failures.
func backOff(attempts int64) time.Duration {
	if attempts > 9 {
		return maxBackOff
	}
	return min(firstBackOff<<(attempts-1), maxBackOff)
}

// release ends the claim on a webhook, even if ctx is done.
func (d *Dispatcher) release(ctx context.Context, webhookID, claim string) {
	err := d.DB.Write(context.WithoutCancel(ctx), func(tx *sql.Tx) error {
		_, err := tx.Exec(`UPDATE webhooks SET claim = '', claimed_until = 0 WHERE id = $1 AND claim = $2`, webhookID, claim)
		return err
	})
	if err != nil {
		d.Log.WarnContext(ctx, "webhook: cannot release claim: it expires by itself", "webhook", webhookID, "error", err)
	}
}
