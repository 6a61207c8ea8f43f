package idp

import (
	"context"
	"database/sql"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/latchkey-dev/latchkey/idp/internal/database"
	"github.com/latchkey-dev/latchkey/internal/pgtest"
)

const sweptApp = "00000000-0000-4000-8000-000000000001"

// sweepWorld is a provider with dead rows.
type sweepWorld struct {
	*Server
	t        testing.TB
	user     User
	uuid     string // SQL of a new one
	apiKey   string
	password string
}

func newSweepWorld(t testing.TB, c Config) *sweepWorld {
	t.Helper()
	c.Secret, c.Hash = Secret{1}, HashConfig{MemoryKiB: 8, Iterations: 1, InsecureHash: true}
	s, err := Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	w := &sweepWorld{Server: s, t: t, uuid: `lower(hex(randomblob(16)))`, apiKey: strings.Repeat("k", 40), password: "correct horse " + strings.Repeat("b", 10)}
	if c.Postgres != "" {
		w.uuid = `CAST(gen_random_uuid() AS text)`
	}
	w.must(s.EnsureApplication(t.Context(), Application{ID: sweptApp, Name: "x", GenerateRefreshTokens: true, RefreshTokenTTL: 2 * time.Hour}))
	w.must(s.EnsureAPIKey(t.Context(), APIKey{Key: w.apiKey}))
	w.must(s.ChangeTenant(t.Context(), "", func(t *Tenant) { t.Lockout.UserActionID = "9b0c8f3e-5d0e-4b1c-9d2b-0a5f6c7d8e90" }))
	if w.user, err = s.UserByLoginID(t.Context(), "ada@example.com"); err != nil {
		w.user, err = s.CreateUser(t.Context(), NewUser{Email: "ada@example.com", Password: w.password, Verified: true})
	}
	w.must(err)
	w.must(s.Register(t.Context(), w.user.ID, sweptApp))
	return w
}

func (w *sweepWorld) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// add adds n rows to each table that is swept, which are dead from this time on.
func (w *sweepWorld) add(n int, from time.Time) {
	w.t.Helper()
	for _, table := range []string{"refresh_tokens", "failures", "used_tickets", "passkey_challenges"} {
		w.addTo(table, n, from)
	}
}

func (w *sweepWorld) addTo(table string, n int, from time.Time) {
	w.t.Helper()
	at := from.UnixMilli()
	values := map[string]string{
		"refresh_tokens":     fmt.Sprintf(`%s, '%s', '%s', '%s', 0, '[]', '', '', '', '', CAST($1 AS bigint) - 7200000, 0, CAST($1 AS bigint) - 7200000, 0`, w.uuid, w.user.TenantID, sweptApp, w.user.ID),
		"failures":           w.uuid + `, 1, 0, 0, CAST($1 AS bigint)`,
		"used_tickets":       `CAST(` + w.uuid + ` AS bytea), CAST($1 AS bigint)`,
		"passkey_challenges": w.uuid + `, 'login', '` + w.user.ID + `', '', '', '', CAST($1 AS bigint)`,
	}[table]
	if !strings.HasPrefix(w.uuid, "CAST") {
		values = strings.ReplaceAll(values, "AS bytea", "AS blob")
	}
	for n > 0 {
		some := min(n, 20_000)
		n -= some
		w.must(w.db.Write(w.t.Context(), func(tx *sql.Tx) error {
			_, err := tx.Exec(fmt.Sprintf(`INSERT INTO %s SELECT %s FROM (WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < %d) SELECT n FROM c) AS q`, table, values, some), at)
			return err
		}))
	}
}

const countSwept = `SELECT (SELECT count(*) FROM refresh_tokens) + (SELECT count(*) FROM failures) + (SELECT count(*) FROM used_tickets) + (SELECT count(*) FROM passkey_challenges)`

func (w *sweepWorld) count() (n int) {
	w.t.Helper()
	w.must(w.db.QueryRowContext(w.t.Context(), countSwept).Scan(&n))
	return n
}

// What has died goes by itself while the provider lives, and what lives stays.
func TestSweepsByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newSweepWorld(t, Config{})
		soon, later := time.Now(), time.Now().Add(48*time.Hour)
		w.add(2*paceMost+1, soon)
		w.add(7, later)
		time.Sleep(sweepSoonest - time.Second)
		if n := w.count(); n != 4*(2*paceMost+8) {
			t.Errorf("%d rows before the first sweep", n)
		}
		time.Sleep(time.Minute)
		if n := w.count(); n != 4*7 {
			t.Errorf("%d rows after the first sweep", n)
		}
		time.Sleep(46 * time.Hour)
		if n := w.count(); n != 4*7 {
			t.Errorf("%d rows just before their end", n)
		}
		time.Sleep(2*time.Hour + sweepLatest)
		if n := w.count(); n != 0 {
			t.Errorf("%d rows after their end", n)
		}
	})
}

// A Server that leaves its events to another leaves the sweep as well.
func TestSweepLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newSweepWorld(t, Config{LeaveEvents: true})
		w.add(1, time.Now())
		time.Sleep(24 * time.Hour)
		if n := w.count(); n != 4 {
			t.Errorf("%d rows, and nobody should sweep", n)
		}
	})
}

// boundedDB fails a test in which one write deletes more than paceMost rows.
type boundedDB struct {
	database.DB
	t       testing.TB
	deleted []int
}

func (b *boundedDB) Write(ctx context.Context, run func(*sql.Tx) error) error {
	return b.DB.Write(ctx, func(tx *sql.Tx) error {
		var before, after int
		if err := tx.QueryRow(countSwept).Scan(&before); err != nil {
			return err
		}
		if err := run(tx); err != nil {
			return err
		}
		if err := tx.QueryRow(countSwept).Scan(&after); err != nil {
			return err
		}
		b.deleted = append(b.deleted, before-after)
		return nil
	})
}

// TestSweepBatches: no write deletes more than 1,000 rows, also where the living and the dead are
// mixed, and all of the dead go.
func TestSweepBatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // nothing takes any time, so batches are as large as they get
		w := newSweepWorld(t, Config{LeaveEvents: true})
		for range 3 {
			w.add(1501, time.Now())
			w.add(500, time.Now().Add(time.Hour))
		}
		bounded := &boundedDB{DB: w.db, t: t}
		w.db = bounded
		n, err := w.Sweep(t.Context())
		if err != nil || n != 4*3*1501 || w.count() != 4*3*500 {
			t.Errorf("%d rows swept, %d left, %v", n, w.count(), err)
		}
		if most := slices.Max(bounded.deleted); most > 1000 || most < 500 {
			t.Errorf("a write deleted %d rows", most)
		}
	})
}

// A sweep that is given up leaves the rest, and says why it ended.
func TestSweepGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newSweepWorld(t, Config{LeaveEvents: true})
		w.add(5000, time.Now())
		ctx, cancel := context.WithTimeout(t.Context(), 2*restMin)
		defer cancel()
		n, err := w.Sweep(ctx)
		if err == nil || n == 0 || w.count() != 20_000-int(n) {
			t.Errorf("%d rows swept, %d left, %v", n, w.count(), err)
		}
	})
}

// Events that were not delivered within a day are dropped some at a time, too, and the younger ones
// are sent.
func TestOldEventsAreDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sent atomic.Int32
		w := newSweepWorld(t, Config{WebhookTransport: transport(func(r *http.Request) (*http.Response, error) {
			sent.Add(1)
			return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody, Request: r}, nil
		})})
		const hook = "9b0c8f3e-5d0e-4b1c-9d2b-0a5f6c7d8e91"
		event := func(n int, at time.Time) {
			w.must(w.db.Write(t.Context(), execOf(fmt.Sprintf(`INSERT INTO deliveries (webhook_id, event_id, type, body, insert_instant)
				SELECT '%s', 'e', 'user.login.failed', CAST('{}' AS blob), %d FROM (WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < %d) SELECT n FROM c) AS q`, hook, at.UnixMilli(), n))))
		}
		w.must(w.EnsureWebhook(t.Context(), Webhook{ID: hook, URL: "http://127.0.0.1:1/", Events: []string{"user.login.failed"}}))
		event(2345, time.Now().Add(-24*time.Hour))
		event(2, time.Now())
		time.Sleep(time.Minute)
		var left int
		w.must(w.db.QueryRowContext(t.Context(), `SELECT count(*) FROM deliveries`).Scan(&left))
		if sent.Load() != 2 || left != 0 {
			t.Errorf("%d events sent, %d left", sent.Load(), left)
		}
	})
}

func TestPace(t *testing.T) {
	p := newPace()
	for _, c := range []struct {
		took time.Duration
		rows int
	}{
		{0, 100}, {4 * time.Millisecond, 200}, {time.Millisecond, 400}, {0, 800}, {0, 1000}, {0, 1000},
		{7 * time.Millisecond, 1000}, {20 * time.Millisecond, 500}, {100 * time.Millisecond, 50}, {time.Hour, 50}, {6 * time.Millisecond, 50}, {0, 100},
	} {
		if p.learn(c.took); p.rows != c.rows {
			t.Errorf("after %v: %d rows, want %d", c.took, p.rows, c.rows)
		}
	}
}

// An attempt after a forgotten one counts as the first, whether the row was swept or not.
func TestStaleFailures(t *testing.T) {
	for _, swept := range []bool{false, true} {
		w := newSweepWorld(t, Config{LeaveEvents: true})
		now := time.UnixMilli(1_900_000_000_000)
		l := Lockout{UserActionID: "-", Attempts: 3, Window: time.Hour, Duration: time.Minute}
		fail := func() error {
			return w.db.Write(t.Context(), func(tx *sql.Tx) error { return countFailure(tx, "x", l, now) })
		}
		for range 3 {
			w.must(fail())
		}
		if err := fail(); err == nil {
			t.Error("no lock after three attempts")
		}
		now = now.Add(time.Minute) // the lock is over, the window is not
		if swept {
			w.clock = func() time.Time { return now }
			_, err := w.Sweep(t.Context())
			w.must(err)
		}
		w.must(fail())
		now = now.Add(59 * time.Minute)
		w.clock = func() time.Time { return now }
		_, err := w.Sweep(t.Context()) // the new count is not forgotten yet
		w.must(err)
		w.must(fail())
		w.must(fail())
		if err := fail(); err == nil {
			t.Errorf("swept %v: an attempt within the window was forgotten", swept)
		}
	}
}

func newPostgresURL(t testing.TB) PostgresURL {
	t.Helper()
	if os.Getenv("LATCHKEY_IDP_TEST_POSTGRES") != "" {
		t.Skip("the other run does it")
	}
	return PostgresURL(pgtest.Shared(t).Database(t))
}

// TestSweepNodes: nodes that sweep one PostgreSQL at the same time delete each dead row once, and
// no other, while users log in.
func TestSweepNodes(t *testing.T) {
	url := newPostgresURL(t)
	w := newSweepWorld(t, Config{Postgres: url, LeaveEvents: true})
	nodes := []*sweepWorld{w, newSweepWorld(t, Config{Postgres: url, LeaveEvents: true}), newSweepWorld(t, Config{Postgres: url, LeaveEvents: true})}
	w.add(1200, time.Now())
	w.add(30, time.Now().Add(time.Hour))
	var all sync.WaitGroup
	var swept [3]int64
	for i, node := range nodes {
		all.Go(func() {
			var err error
			if swept[i], err = node.Sweep(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	for range 5 {
		w.login()
	}
	all.Wait()
	if n := swept[0] + swept[1] + swept[2]; n != 4*1200 || w.count() != 4*30+5 {
		t.Errorf("%v rows swept, %d left", swept, w.count())
	}
}

// login logs ada in and returns how long it took.
func (w *sweepWorld) login() time.Duration {
	w.t.Helper()
	body, err := json.Marshal(map[string]any{"loginId": "ada@example.com", "password": w.password, "applicationId": sweptApp})
	w.must(err)
	r := httptest.NewRequest("POST", "/api/login", strings.NewReader(string(body)))
	r.Header.Set("Authorization", w.apiKey)
	r.Header.Set("Content-Type", "application/json")
	answer := httptest.NewRecorder()
	began := time.Now()
	w.ServeHTTP(answer, r)
	took := time.Since(began)
	if answer.Code != http.StatusOK {
		w.t.Errorf("login: %d %s", answer.Code, answer.Body)
	}
	return took
}

var sweepRows = flag.Int("sweep.rows", 4000, "dead rows of TestSweepBesideLogins")

// TestSweepBesideLogins measures logins, one after another, without a sweep and beside one. It
// asserts nothing about time.
func TestSweepBesideLogins(t *testing.T) {
	for name, config := range map[string]func(t *testing.T) Config{
		"SQLite": func(t *testing.T) Config {
			return Config{Path: filepath.Join(t.TempDir(), "idp.db"), LeaveEvents: true}
		},
		"PostgreSQL": func(t *testing.T) Config { return Config{Postgres: newPostgresURL(t), LeaveEvents: true} },
	} {
		t.Run(name, func(t *testing.T) {
			w := newSweepWorld(t, config(t))
			w.add(*sweepRows/4, time.Now())
			alone := make([]time.Duration, max(200, *sweepRows/25))
			for i := range alone {
				alone[i] = w.login()
			}
			var swept int64
			var err error
			began, ended := time.Now(), make(chan time.Duration, 1)
			go func() {
				swept, err = w.Sweep(t.Context())
				ended <- time.Since(began)
			}()
			var beside []time.Duration
			for whole := time.Duration(0); whole == 0; {
				beside = append(beside, w.login())
				select {
				case whole = <-ended:
				default:
				}
			}
			if err != nil || swept != int64(*sweepRows/4*4) {
				t.Errorf("%d rows swept, %v", swept, err)
			}
			t.Logf("%d rows swept in %v; logins: alone %s; beside it %s", swept, time.Since(began).Round(time.Millisecond), quantiles(alone), quantiles(beside))
		})
	}
}

func quantiles(took []time.Duration) string {
	slices.Sort(took)
	at := func(q float64) time.Duration { return took[int(q*float64(len(took)-1))].Round(10 * time.Microsecond) }
	return fmt.Sprintf("n=%d p50=%v p99=%v longest=%v", len(took), at(0.5), at(0.99), at(1))
}
