package outbox_test

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/latchkey-dev/latchkey/idp/internal/database"
	"github.com/latchkey-dev/latchkey/idp/internal/outbox"
)

// readOnly is a database that cannot be written to while full is set, as on a full disk.
type readOnly struct {
	database.DB
	full *atomic.Bool
}

func (d readOnly) Write(ctx context.Context, run func(*sql.Tx) error) error {
	if d.full.Load() {
		return errors.New("no space left")
	}
	return d.DB.Write(ctx, run)
}

type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// running starts a dispatcher with a webhook for user.create, and returns it with its database.
func running(t *testing.T, full *atomic.Bool, receive transport) (*outbox.Dispatcher, database.DB) {
	t.Helper()
	db, err := database.OpenSQLite(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	d := outbox.NewDispatcher(outbox.Config{DB: readOnly{db, full}, Now: time.Now, Log: slog.New(slog.DiscardHandler), Transport: receive})
	hook := outbox.Webhook{ID: "1", URL: "https://a.test", Connect: time.Second, Read: time.Second, Global: true, Events: []string{"user.create"}}
	if err := db.Write(t.Context(), hook.Insert); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); d.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		<-ended
		db.Close()
	})
	synctest.Wait()
	return d, db
}

func raise(t *testing.T, d *outbox.Dispatcher, eventType string) {
	t.Helper()
	err := d.Write(t.Context(), "", func(tx *outbox.Tx) error {
		return tx.Raise(t.Context(), outbox.Event{ID: "e", Type: eventType, TenantID: "t", At: time.Now(), Body: []byte(`{}`)})
	})
	if err != nil {
		t.Fatal(err)
	}
}

// An event that was sent and cannot be deleted is not sent over and over.
func TestDispatcher_fullDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sent atomic.Int64
		var full atomic.Bool
		d, db := running(t, &full, func(*http.Request) (*http.Response, error) {
			sent.Add(1)
			full.Store(true)
			return httptest.NewRecorder().Result(), nil
		})
		raise(t, d, "user.create")
		time.Sleep(time.Hour)
		synctest.Wait()
		if n := sent.Load(); n != 1 {
			t.Errorf("sent %d times", n)
		}
		full.Store(false)
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		var left int
		if err := db.QueryRowContext(t.Context(), `SELECT count(*) FROM deliveries`).Scan(&left); err != nil || left != 0 || sent.Load() != 1 {
			t.Errorf("%d left, %d sent, %v", left, sent.Load(), err)
		}
	})
}

// A transaction wakes the dispatcher if it has raised an event, and only then.
func TestDispatcher_wakesForEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var full atomic.Bool
		var at atomic.Value // time.Time
		d, db := running(t, &full, func(*http.Request) (*http.Response, error) {
			at.Store(time.Now())
			return httptest.NewRecorder().Result(), nil
		})
		began := time.Now()
		raise(t, d, "user.create")
		synctest.Wait()
		if sent, _ := at.Load().(time.Time); !sent.Equal(began) {
			t.Errorf("sent at %v, want %v", sent, began)
		}
		time.Sleep(100 * time.Millisecond) // the dispatcher looks again in 900 ms
		err := d.Write(t.Context(), "", func(tx *outbox.Tx) error {
			_, err := tx.Exec(`INSERT INTO deliveries (webhook_id, event_id, type, body, insert_instant) VALUES ('1', 'f', 'user.create', $2, $1)`, database.Millis(time.Now()), []byte(`{}`))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if sent := at.Load().(time.Time); !sent.Equal(began) {
			t.Errorf("sent at %v by a transaction that raised nothing", sent)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		var left int
		if err := db.QueryRowContext(t.Context(), `SELECT count(*) FROM deliveries`).Scan(&left); err != nil || left != 0 {
			t.Errorf("%d left, %v", left, err)
		}
	})
}
