package latchkey_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/latchkey-dev/latchkey"
)

// A stage is one app on two nodes with one store and one provider. All calls of those two pass a front.
type stage struct {
	*testing.T
	app      *app // for the names of the jars
	nodes    [2]http.Handler
	guards   [2]*latchkey.Guard
	sessions latchkey.Store // of the guards
	store    *flakyStore    // behind it
	provider *onceProvider

	mu     sync.Mutex
	events []latchkey.Event
}

// onStage runs a test in a bubble with a clock of its own.
func onStage(t *testing.T, f front, run func(*testing.T, *stage), change ...func(*latchkey.Config)) {
	synctest.Test(t, func(t *testing.T) {
		store, provider := newFlakyStore(), newOnceProvider()
		config := latchkey.Config{
			Store: &frontedStore{store, f}, Provider: &frontedProvider{provider, f},
			IdleTimeout: 100 * time.Hour, SessionCap: time.Hour, // few flushes of last uses: they cost real time
		}
		for _, c := range change {
			c(&config)
		}
		s := stageOf(t, config)
		s.store, s.provider = store, provider
		run(t, s)
	})
}

// stageOf starts two nodes in a bubble, with what is left out of the configuration.
func stageOf(t *testing.T, config latchkey.Config) *stage {
	s := &stage{T: t, app: &app{host: "store.example.com"}}
	config.Origin, config.Keys, config.OnEvent = "https://"+s.app.host, latchkey.KeyRing{latchkey.NewKey()}, s.note
	if config.Logger == nil {
		config.Logger = discard
	}
	s.sessions = config.Store
	for i := range s.nodes {
		guard, err := latchkey.New(config)
		must(t, err)
		t.Cleanup(func() { guard.Close(context.Background()) })
		mux := http.NewServeMux()
		mux.Handle("/api/", guard.Handler())
		mux.Handle("/api/private", guard.Protect(http.HandlerFunc(whoami)))
		s.nodes[i], s.guards[i] = mux, guard
	}
	return s
}

func whoami(w http.ResponseWriter, r *http.Request) {
	session, _ := latchkey.From(r.Context())
	io.WriteString(w, session.User.Email)
}

func (s *stage) note(_ context.Context, e latchkey.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.events = append(s.events, e)
}

// told returns the kinds of events since the last call, and forgets them.
func (s *stage) told() map[latchkey.EventKind]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	kinds := make(map[latchkey.EventKind]int)
	for _, e := range s.events {
		kinds[e.Kind]++
	}
	s.events = nil
	return kinds
}

// send makes a request of a page, without a network in between: what the guard asks of store and provider has the request's context.
func (s *stage) send(ctx context.Context, node int, b *browser, method, path, body string) reply {
	r := httptest.NewRequestWithContext(ctx, method, "https://"+s.app.host+path, strings.NewReader(body))
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.Header.Set("Content-Type", "application/json")
	b.mu.Lock()
	for name, value := range b.jar(s.app) {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	b.mu.Unlock()
	w := httptest.NewRecorder()
	s.nodes[node].ServeHTTP(w, r)
	got := reply{status: w.Code, header: w.Header(), body: w.Body.String()}
	b.store(s.app, w.Result(), &got)
	if w.Code == http.StatusTemporaryRedirect {
		return s.send(ctx, node, b, method, path, body)
	}
	if w.Code >= 400 {
		var p struct{ Code, EndReason string }
		if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
			s.Errorf("%d %q: %v", w.Code, w.Body, err)
		}
		got.code, got.reason = p.Code, p.EndReason
	}
	return got
}

func (s *stage) get(ctx context.Context, node int, b *browser) reply {
	return s.send(ctx, node, b, "GET", "/api/private", "")
}

const credentials = `{"email":"ada@example.com","password":"any will do"}`

func (s *stage) login(b *browser) {
	if got := s.send(s.Context(), 0, b, "POST", "/api/login", credentials); got.status != 200 {
		s.Fatalf("login: %d %s", got.status, got.body)
	}
}

// mustServe makes a request that nothing stands in the way of.
func (s *stage) mustServe(b *browser) reply {
	s.Helper()
	got := s.get(s.Context(), 0, b)
	if got.status != 200 {
		s.Fatalf("got %d %s", got.status, got.body)
	}
	return got
}

// wantEnded asks both nodes for the session. It has ended for the reason, or with the empty one for any.
func (s *stage) wantEnded(t *testing.T, reason latchkey.EndReason, b *browser) {
	t.Helper()
	ctx := context.WithValue(t.Context(), bystander{}, true)
	for node := range s.nodes {
		for _, names := range [][]string{nil, {refreshCookie}} {
			got := s.get(ctx, node, b.copy(s.app, names...))
			if got.status != 401 || got.reason == "" || reason != "" && got.reason != string(reason) {
				t.Errorf("after the end: %d %s, want 401 and endReason %s", got.status, got.body, reason)
			}
		}
	}
}

// living are the records of the user that have not ended.
func (s *stage) living() []*latchkey.Record {
	sessions, err := s.sessions.ByUser(context.Background(), s.app.host, ada.ID, 100)
	must(s, err)
	return sessions
}
