package idp

import (
	"context"
	"database/sql"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/latchkey-dev/latchkey/idp/internal/database"
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

// TestSentOnceOnAFullDisk: what was sent and cannot be taken off the list is not sent over and over.
func TestSentOnceOnAFullDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sent atomic.Int64
		var full atomic.Bool
		s, err := Open(t.Context(), Config{Secret: Secret{1}, WebhookTransport: transport(func(r *http.Request) (*http.Response, error) {
			sent.Add(1)
			full.Store(true)
			return httptest.NewRecorder().Result(), nil
		})})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		synctest.Wait()
		s.db = readOnly{s.db, &full}
		h, err := webhookJSON{URL: "https://a.test", Global: true, EventsEnabled: map[string]bool{"user.create": true}}.stored("")
		if err != nil {
			t.Fatal(err)
		}
		h.id = "00000000-0000-4000-8000-000000000001"
		if err := s.db.Write(t.Context(), h.insert); err != nil {
			t.Fatal(err)
		}
		if _, err := s.CreateUser(t.Context(), NewUser{Email: "ada@example.com", Password: "correct horse " + strings.Repeat("b", 10)}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		if n := sent.Load(); n != 1 {
			t.Errorf("sent %d times", n)
		}
		full.Store(false)
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		var left int
		if err := s.db.QueryRowContext(t.Context(), `SELECT count(*) FROM deliveries`).Scan(&left); err != nil || left != 0 || sent.Load() != 1 {
			t.Errorf("%d left, %d sent, %v", left, sent.Load(), err)
		}
	})
}
