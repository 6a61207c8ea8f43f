package idp

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/google/uuid"

	"github.com/latchkey-dev/latchkey/idp/internal/database"
	"github.com/latchkey-dev/latchkey/internal/crash"
)

const (
	claimMargin    = 30 * time.Second // on top of what a receiver may take
	firstBackOff   = time.Second
	longestBackOff = 5 * time.Minute
	deliveryLife   = 24 * time.Hour
	maxAnswer      = 4 << 10 // bytes; nothing is read of it
)

// A delivery is one event for one webhook.
type delivery struct {
	hook     webhook
	seq      int64
	id, kind string
	body     []byte
}

// deliver sends what waits for a webhook until nothing does, or one fails. Of several nodes one sends.
func (s *Server) deliver(ctx context.Context, webhookID string) {
	claim := uuid.NewString()
	defer s.release(ctx, webhookID, claim)
	sent, pause := int64(0), firstBackOff
	for ctx.Err() == nil {
		d, err := s.nextDelivery(ctx, webhookID, claim, sent)
		if errors.Is(err, ErrNotFound) {
			return
		}
		if err != nil { // what was sent must get off the list before anything is sent again
			s.log.WarnContext(ctx, "webhook: the database does not answer", "webhook", webhookID, "error", err)
			rest(ctx, pause)
			pause = min(2*pause, courierPause)
			continue
		}
		if err := crash.Contain(func() error { return s.post(ctx, d) }); err != nil && !s.dropWrong(ctx, d, err) {
			s.postpone(ctx, webhookID, claim, d, err)
			return
		}
		sent, pause = d.seq, firstBackOff
	}
}

// rest waits, unless the Server closes.
func rest(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// dropWrong reports whether an event is not to be sent again, because its receiver says that it is wrong.
func (s *Server) dropWrong(ctx context.Context, d delivery, err error) bool {
	refused, ok := errors.AsType[*refusedError](err)
	if !ok || !refused.forGood() {
		return false
	}
	s.log.ErrorContext(ctx, "webhook: an event is dropped: the receiver says that it is wrong", "webhook", d.hook.id, "event", d.id, "type", d.kind, "status", refused.status)
	return true
}

// nextDelivery takes what was sent off the list, and claims the webhook for the time that the next may take. ErrNotFound: there is none, or another node has the webhook.
func (s *Server) nextDelivery(ctx context.Context, webhookID, claim string, sent int64) (d delivery, err error) {
	now, found, old := s.now(), false, int64(0)
	err = s.db.Write(context.WithoutCancel(ctx), func(tx *sql.Tx) (err error) {
		found, old = false, 0
		if sent > 0 {
			if _, err := tx.Exec(`DELETE FROM deliveries WHERE seq = $1`, sent); err != nil {
				return err
			}
			if _, err := tx.Exec(`UPDATE webhooks SET next_instant = 0, attempts = 0 WHERE id = $1 AND claim = $2`, webhookID, claim); err != nil {
				return err
			}
		}
		err = database.Changed(tx.Exec(`UPDATE webhooks SET claim = $1, claimed_until = $2 + connect_timeout + read_timeout + $3
			WHERE id = $4 AND (claim = $1 OR claimed_until <= $2) AND next_instant <= $2`, claim, database.Millis(now), claimMargin.Milliseconds(), webhookID))
		if errors.Is(err, ErrNotFound) {
			return nil // what was sent is off the list all the same
		}
		if err != nil {
			return err
		}
		if old, err = dropOld(tx, webhookID, now); err != nil {
			return err
		}
		if d.hook, err = scanWebhook(tx.QueryRow(selectWebhook+`WHERE id = $1`, webhookID).Scan); err != nil {
			return err
		}
		err = tx.QueryRow(`SELECT seq, event_id, type, body FROM deliveries WHERE webhook_id = $1 ORDER BY seq LIMIT 1`, webhookID).Scan(&d.seq, &d.id, &d.kind, &d.body)
		found = err == nil
		return database.IgnoreNoRows(err)
	})
	if old > 0 {
		s.log.ErrorContext(ctx, "webhook: events are dropped: the receiver has not taken them for a day", "webhook", webhookID, "events", old)
	}
	if err == nil && !found {
		err = ErrNotFound
	}
	return d, err
}

func dropOld(tx *sql.Tx, webhookID string, now time.Time) (int64, error) {
	res, err := tx.Exec(`DELETE FROM deliveries WHERE webhook_id = $1 AND insert_instant <= $2`, webhookID, database.Millis(now.Add(-deliveryLife)))
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// refusedError is an answer that is not 2xx.
type refusedError struct{ status int }

func (e *refusedError) Error() string { return fmt.Sprintf("status %d", e.status) }

// forGood: the same event would be refused again. It must not hold up those behind it.
func (e *refusedError) forGood() bool {
	switch e.status {
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity:
		return true
	}
	return false
}

// post sends one event. Its errors do not have the URL, which may have a secret in it.
func (s *Server) post(ctx context.Context, d delivery) error {
	ctx, cancel := context.WithTimeout(ctx, d.hook.connect+d.hook.read)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, d.hook.url, bytes.NewReader(d.body))
	if err != nil {
		return errors.New("the URL is none")
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "latchkey")
	if d.hook.signed {
		signature, err := s.signBody(d.body)
		if err != nil {
			return err
		}
		r.Header.Set(signatureHeader, signature)
	}
	resp, err := s.courier.http.Do(r)
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		return wrapped.Err
	}
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	io.Copy(io.Discard, io.LimitReader(resp.Body, maxAnswer)) // so that the connection can be used again
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return &refusedError{resp.StatusCode}
	}
	return nil
}

// postpone has the webhook wait before the next attempt, unless it was changed during this one. A Server that closes has no failure to note.
func (s *Server) postpone(ctx context.Context, webhookID, claim string, d delivery, cause error) {
	if ctx.Err() != nil {
		return
	}
	var attempts int64
	err := s.db.Write(ctx, func(tx *sql.Tx) error {
		var url string
		var updated int64
		err := tx.QueryRow(`SELECT attempts, url, last_update_instant FROM webhooks WHERE id = $1 AND claim = $2`, webhookID, claim).Scan(&attempts, &url, &updated)
		if err != nil || url != d.hook.url || updated != d.hook.updated {
			return database.IgnoreNoRows(err) // it was deleted, or changed, or another node has it
		}
		attempts++
		_, err = tx.Exec(`UPDATE webhooks SET attempts = $1, next_instant = $2 WHERE id = $3`, attempts, database.Millis(s.now().Add(backOff(attempts))), webhookID)
		return err
	})
	s.log.LogAttrs(ctx, slog.LevelWarn, "webhook: an event was not taken, and is sent again", slog.String("webhook", webhookID), slog.String("event", d.id),
		slog.String("type", d.kind), slog.Int64("attempts", attempts), slog.Any("error", errors.Join(cause, err)))
}

// backOff is how long to wait after so many failures.
func backOff(attempts int64) time.Duration {
	if attempts > 9 {
		return longestBackOff
	}
	return min(firstBackOff<<(attempts-1), longestBackOff)
}

// release gives the webhook back, also when the Server closes.
func (s *Server) release(ctx context.Context, webhookID, claim string) {
	err := s.db.Write(context.WithoutCancel(ctx), func(tx *sql.Tx) error {
		_, err := tx.Exec(`UPDATE webhooks SET claim = '', claimed_until = 0 WHERE id = $1 AND claim = $2`, webhookID, claim)
		return err
	})
	if err != nil {
		s.log.WarnContext(ctx, "webhook: it stays claimed for a while", "webhook", webhookID, "error", err)
	}
}
