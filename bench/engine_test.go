package bench

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/fusionauth"
	"github.com/latchkey-dev/latchkey/idp"
	"github.com/latchkey-dev/latchkey/idp/idptest"
	"github.com/latchkey-dev/latchkey/internal/pgtest"
	"github.com/latchkey-dev/latchkey/internal/redistest"
)

// inProcess measures what Protect adds to a handler that only reads a cookie, without a network.
func (r *results) inProcess(t *testing.T) {
	guard, err := newGuard(t.Context(), "memory:", latchkey.Secret(latchkey.NewKey().Reveal()), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer guard.Close(context.Background())
	jar := login(t, guard, email)
	served := 0
	protected := guard.Protect(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if s, ok := latchkey.From(r.Context()); ok && s.User.Email == email {
			served++
		}
	}))
	bare := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if _, err := r.Cookie("__Host-session"); err == nil {
			served++
		}
	})
	request := jar.request("GET", "/", "")
	measure := func(h http.Handler) testing.BenchmarkResult {
		return testing.Benchmark(func(b *testing.B) {
			w := nowhere{make(http.Header)}
			b.ReportAllocs()
			for b.Loop() {
				h.ServeHTTP(w, request)
			}
		})
	}
	var added []float64
	for range *rounds {
		a, b := measure(bare), measure(protected)
		added = append(added, float64(b.T.Nanoseconds())/float64(b.N)-float64(a.T.Nanoseconds())/float64(a.N))
		r.add("one request in-process: time added to a bare cookie read", median(added), "ns", atMost(1000))
		r.add("one request in-process: allocations", float64(b.AllocsPerOp()), "", atMost(3))
	}
	if served == 0 {
		t.Error("nothing was served")
	}
}

// engine measures refreshes: the clock jumps beyond the cap, and every session comes back at the
// same time, 64 at a time.
func (r *results) engine(t *testing.T) {
	pg, redis := pgtest.Shared(t), redistest.Start(t)
	for _, c := range []struct {
		name, store string
		target      float64
		provider    func() latchkey.Provider
	}{
		{"SQLite, provider excluded", "sqlite:" + filepath.Join(t.TempDir(), "a.db"), 2000, nil},
		{"PostgreSQL, provider excluded", pg.Database(t), 1000, nil},
		{"Redis, provider excluded", redis.URL(), 0, nil},
		{"SQLite, with the embedded provider on SQLite", "sqlite:" + filepath.Join(t.TempDir(), "b.db"), 0, func() latchkey.Provider {
			return embedded(t, func(c *idp.Config) { c.Path = filepath.Join(t.TempDir(), "idp.db") })
		}},
		{"PostgreSQL, with the embedded provider on PostgreSQL", pg.Database(t), 0, func() latchkey.Provider {
			return embedded(t, func(c *idp.Config) { c.Postgres = idp.PostgresURL(pg.Database(t)) })
		}},
	} {
		clock := &clock{}
		guard, err := newGuard(t.Context(), c.store, latchkey.Secret(latchkey.NewKey().Reveal()), func(config *latchkey.Config) {
			config.Now = clock.now
			if c.provider != nil {
				config.Provider = c.provider()
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		sessions := 2000
		if !*whole {
			sessions = 50
		}
		jars := make([]*jar, sessions)
		each(jars, 32, func(i int) { jars[i] = login(t, guard, user(i)) })
		protected := guard.Protect(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) }))
		for range *rounds {
			clock.forward(61 * time.Minute)
			began := time.Now()
			each(jars, 64, func(i int) {
				if status := jars[i].send(protected, "GET", "/", ""); status != http.StatusOK {
					t.Errorf("%s: a refresh was answered with %d", c.name, status)
				}
			})
			r.add("refreshes: "+c.name, float64(sessions)/time.Since(began).Seconds(), "/s", atLeast(c.target))
		}
		guard.Close(context.Background())
	}
}

// revocations measures how long another node goes on serving a cached session, from the beginning
// of the logout.
func (r *results) revocations(t *testing.T) {
	for name, store := range map[string]string{"PostgreSQL": pgtest.Shared(t).Database(t), "Redis": redistest.Start(t).URL()} {
		key := latchkey.Secret(latchkey.NewKey().Reveal())
		var nodes [2]*latchkey.Guard
		for i := range nodes {
			var err error
			if nodes[i], err = newGuard(t.Context(), store, key, nil); err != nil {
				t.Fatal(err)
			}
			defer nodes[i].Close(context.Background())
		}
		other := nodes[1].Protect(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) }))
		count := 200
		if !*whole {
			count = 5
		}
		var took []float64
		for range count {
			jar := login(t, nodes[0], email)
			thief := jar.copy()
			for range 20 { // until it is in memory there
				thief.send(other, "GET", "/", "")
				time.Sleep(time.Millisecond)
			}
			began := time.Now()
			go jar.send(nodes[0].Handler(), "POST", "/api/logout", "")
			for thief.send(other, "GET", "/", "") == http.StatusOK {
				time.Sleep(50 * time.Microsecond)
			}
			took = append(took, float64(time.Since(began).Microseconds())/1000)
		}
		slices.Sort(took)
		r.add("a logout is seen by the other node, p50, "+name, took[len(took)/2], "ms", nil)
		r.add("a logout is seen by the other node, p99, "+name, took[len(took)*99/100], "ms", atMost(50))
	}
}

func embedded(t *testing.T, where func(*idp.Config)) latchkey.Provider {
	t.Helper()
	p := idptest.New(t, idptest.WithConfig(where))
	application := p.AddApplication(idp.Application{RefreshTokenTTL: 90 * 24 * time.Hour})
	for i := range users {
		p.AddUser(user(i), application.ID)
	}
	client, err := fusionauth.New(fusionauth.Config{URL: p.URL, APIKey: latchkey.Secret(p.APIKey), ApplicationID: application.ID})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// users is how many the embedded provider has. Each may log in any number of times, but not
// concurrently: the guard would count that as guessing.
const users = 64

func user(i int) string { return fmt.Sprintf("user%d@example.com", i%users) }

// each calls run for every index, this many at a time.
func each[T any](list []T, atOnce int, run func(i int)) {
	var next atomic.Int64
	var all sync.WaitGroup
	for range atOnce {
		all.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(list); i = int(next.Add(1)) - 1 {
				run(i)
			}
		})
	}
	all.Wait()
}

// A clock can be moved.
type clock struct{ ahead atomic.Int64 }

func (c *clock) now() time.Time          { return time.Now().Add(time.Duration(c.ahead.Load())) }
func (c *clock) forward(d time.Duration) { c.ahead.Add(int64(d)) }

// A jar is what a browser keeps.
type jar struct{ cookies map[string]string }

func (j *jar) copy() *jar {
	c := &jar{make(map[string]string)}
	for name, value := range j.cookies {
		c.cookies[name] = value
	}
	return c
}

func (j *jar) request(method, path, body string) *http.Request {
	r := httptest.NewRequest(method, "http://"+subjectHost+path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Origin", "http://"+subjectHost)
	r.RemoteAddr = fmt.Sprintf("10.%d.%d.%d:1234", rand.N(256), rand.N(256), rand.N(256)) // requests come from many addresses
	for name, value := range j.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	return r
}

func (j *jar) send(h http.Handler, method, path, body string) int {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, j.request(method, path, body))
	for _, c := range w.Result().Cookies() {
		j.cookies[c.Name] = c.Value
	}
	return w.Code
}

func login(t *testing.T, guard *latchkey.Guard, email string) *jar {
	j := &jar{make(map[string]string)}
	if status := j.send(guard.Handler(), "POST", "/api/login", fmt.Sprintf(`{"email":%q,"password":%q}`, email, idptest.Password)); status != http.StatusOK {
		t.Errorf("login: %d", status)
	}
	return j
}

// nowhere is a ResponseWriter that costs nothing.
type nowhere struct{ header http.Header }

func (n nowhere) Header() http.Header         { return n.header }
func (n nowhere) Write(b []byte) (int, error) { return len(b), nil }
func (n nowhere) WriteHeader(int)             {}
