package idp_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey/idp"
	"github.com/latchkey-dev/latchkey/idp/idptest"
	"github.com/latchkey-dev/latchkey/internal/faultproxy"
	"github.com/latchkey-dev/latchkey/internal/pgtest"
)

// node is another world over the database of a URL, with the clock of w.
func (w *world) node(url string) *world {
	w.t.Helper()
	other := *w
	other.Provider = idptest.New(w.t, idptest.WithoutSocket(), idptest.WithConfig(func(c *idp.Config) { c.Postgres, c.Now = idp.PostgresURL(url), w.clock.now }))
	return &other
}

func onURL(t *testing.T, url string) *world {
	t.Helper()
	return newWorld(t, idptest.WithConfig(func(c *idp.Config) { c.Postgres = idp.PostgresURL(url) }))
}

// TestNodesStartTogether: nodes that start at once on an empty database have one default tenant and
// one signing key.
func TestNodesStartTogether(t *testing.T) {
	url := sharedPostgres(t).Database(t)
	servers := make([]*idp.Server, 5)
	var all, migrated sync.WaitGroup
	migrated.Add(len(servers))
	for i := range servers {
		all.Go(func() {
			// the first look at the clock comes after the migrations, where each waits for the one
			// before
			first := sync.OnceFunc(func() {
				migrated.Done()
				migrated.Wait()
			})
			now := func() time.Time { first(); return time.Now() }
			var err error
			if servers[i], err = idp.Open(t.Context(), idp.Config{Postgres: idp.PostgresURL(url), Secret: idp.Secret{1}, Now: now}); err != nil {
				t.Error(err)
				return
			}
			t.Cleanup(func() { servers[i].Close() })
		})
	}
	all.Wait()
	if t.Failed() {
		return
	}
	key := keys(servers[0])
	for _, s := range servers {
		if k := keys(s); k != key || !strings.Contains(k, "ES256") {
			t.Errorf("a node signs with %s, another with %s", k, key)
		}
		if _, err := s.DefaultTenant(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

// keys is the JWKS of a node.
func keys(s *idp.Server) string {
	w := httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequest("GET", "/.well-known/jwks.json", nil))
	return w.Body.String()
}

// TestNodesShareTokens: a login on one node is refreshed by all of them at once, with one
// successor, and reuse is seen by every node.
func TestNodesShareTokens(t *testing.T) {
	url := sharedPostgres(t).Database(t)
	w := onURL(t, url)
	nodes := []*world{w, w.node(url), w.node(url)}
	for _, n := range nodes {
		n.APIKey = w.APIKey
	}
	spent, _ := w.loggedIn()
	token := spent
	for range 5 {
		successors := make([]string, 9)
		var all sync.WaitGroup
		for i := range successors {
			all.Go(func() { successors[i] = nodes[i%3].refresh(token).text("refreshToken") })
		}
		all.Wait()
		for _, s := range successors {
			if s == "" || s != successors[0] {
				t.Fatalf("successors differ: %q", successors)
			}
		}
		token = successors[0]
	}
	nodes[1].refresh(spent).wantEmpty(http.StatusNotFound)
	nodes[2].refresh(token).want(http.StatusOK)
	must(t, nodes[1].SetUserActive(t.Context(), w.user.ID, false))
	nodes[2].refresh(token).wantEmpty(http.StatusNotFound)
}

// TestSameUserTwice: of many who make the same user at once on several nodes one succeeds, and the
// others are told that it is taken.
func TestSameUserTwice(t *testing.T) {
	url := sharedPostgres(t).Database(t)
	w := onURL(t, url)
	nodes := []*world{w, w.node(url)}
	var made sync.Map
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			_, err := nodes[i%2].CreateUser(t.Context(), idp.NewUser{Email: "bob@example.com", Password: idptest.Password})
			if err == nil {
				made.Store(i, true)
			} else if !strings.Contains(err.Error(), "taken") {
				t.Errorf("CreateUser: %v", err)
			}
		})
	}
	all.Wait()
	n := 0
	made.Range(func(any, any) bool { n++; return true })
	if n != 1 {
		t.Errorf("%d users were made", n)
	}
}

// TestDatabaseAway: while the database does not answer, requests fail in time and say so; when it
// is back they succeed.
func TestDatabaseAway(t *testing.T) {
	once(t)
	server := pgtest.Start(t)
	proxy := faultproxy.Start(t, server.Addr)
	t.Cleanup(func() { proxy.Set(faultproxy.Fault{}) }) // so that the provider can close
	w := onURL(t, server.Via(server.Database(t), proxy.Addr))
	token, _ := w.loggedIn()
	for _, c := range []struct {
		name       string
		away, back func()
	}{
		{"stopped", func() { server.Stop(t) }, func() { server.Resume(t) }},
		{"killed", func() { server.Kill(t) }, func() { server.Resume(t) }},
		{"silent", func() { proxy.Set(faultproxy.Silent) }, func() { proxy.Set(faultproxy.Fault{}) }},
		{"no answers", func() { proxy.Set(faultproxy.Fault{HoldAnswers: true}) }, func() { proxy.Set(faultproxy.Fault{}) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.away()
			for name, call := range map[string]func() answer{"login": func() answer { return w.login(nil) }, "refresh": func() answer { return w.refresh(token) }} {
				began := time.Now()
				if a := call(); a.status != http.StatusInternalServerError {
					t.Errorf("%s: status %d", name, a.status)
				}
				if took := time.Since(began); took > 6*time.Second {
					t.Errorf("%s took %v", name, took)
				}
			}
			c.back()
			for late := time.Now().Add(30 * time.Second); w.login(nil).status != http.StatusOK; time.Sleep(20 * time.Millisecond) {
				if time.Now().After(late) {
					t.Fatal("no login after the database is back")
				}
			}
			token = w.refresh(token).want(http.StatusOK).text("refreshToken")
		})
	}
}

func TestPostgresRefused(t *testing.T) {
	server := sharedPostgres(t)
	url := server.Database(t)
	must(t, onURL(t, url).Close())
	newer := server.Database(t)
	must(t, onURL(t, newer).Close())
	execute(t, newer, `INSERT INTO latchkey_provider.goose_db_version (version_id, is_applied) VALUES (99, true)`)
	for name, c := range map[string]struct {
		config idp.Config
		want   string
	}{
		"another secret": {idp.Config{Postgres: idp.PostgresURL(url), Secret: idp.Secret{2}}, "Secret is not the one"},
		"newer schema":   {idp.Config{Postgres: idp.PostgresURL(newer), Secret: idp.Secret{1}}, "use a newer program"},
		"wrong password": {idp.Config{Postgres: idp.PostgresURL("postgres://postgres:hunter2@" + server.Addr + "/postgres"), Secret: idp.Secret{1}}, "password authentication failed"},
		"no URL":         {idp.Config{Postgres: "hunter2", Secret: idp.Secret{1}}, "not a URL"},
	} {
		_, err := idp.Open(t.Context(), c.config)
		if err == nil || !strings.HasPrefix(err.Error(), "idp: open database in PostgreSQL: ") || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v; want %q", name, err, c.want)
		}
	}
}
