package steps

import (
	"context"
	"crypto/sha256"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/internal/onetime"
	"github.com/latchkey-dev/latchkey/latchkeytest"
)

const (
	sessionCookie = "__Host-session"
	refreshCookie = "__Host-refresh"
	echoCookie    = "__Host-echo"
)

// A stage is one app on two nodes with one store and one provider. All calls of those two pass a
// front.
type stage struct {
	*testing.T
	world    *latchkeytest.World
	nodes    [2]*latchkeytest.App
	sessions latchkey.Store      // of the guards
	store    *latchkeytest.Store // behind it
	provider *onetime.Provider

	mu     sync.Mutex
	events []latchkey.Event
}

// onStage runs a test in a bubble with a clock of its own.
func onStage(t *testing.T, f front, run func(*testing.T, *stage), change ...func(*latchkey.Config)) {
	synctest.Test(t, func(t *testing.T) {
		w := latchkeytest.New(t, latchkeytest.WithLogger(slog.New(slog.DiscardHandler)))
		s := &stage{T: t, world: w, store: w.Store, provider: onetime.New()}
		config := w.Config("store", &frontedProvider{s.provider, f})
		config.Store, config.OnEvent = &frontedStore{w.Store, f}, s.note
		// few flushes of last uses: they cost real time
		config.IdleTimeout, config.SessionCap = 100*time.Hour, time.Hour
		for _, c := range change {
			c(&config)
		}
		s.sessions = config.Store
		s.nodes[0] = w.Start(config, routes)
		s.nodes[1] = s.nodes[0].AddNode()
		run(t, s)
	})
}

func routes(a *latchkeytest.App) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/api/", a.Guard.Handler())
	mux.Handle("/api/private", a.Guard.Protect(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		session, _ := latchkey.From(r.Context())
		io.WriteString(w, session.User.Email)
	})))
	return mux
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

// send makes a request of a page, without a network in between: what the guard asks of store and
// provider has the request's context.
func (s *stage) send(ctx context.Context, node int, b *latchkeytest.Browser, method, path, body string) *latchkeytest.Response {
	s.Helper()
	r := s.nodes[node].NewRequest(ctx, method, path, body)
	got, err := latchkeytest.Read(b.DoDirectly(s.nodes[node], r))
	must(s, err)
	if got.Status == http.StatusTemporaryRedirect {
		return s.send(ctx, node, b, method, path, body)
	}
	return got
}

func (s *stage) get(ctx context.Context, node int, b *latchkeytest.Browser) *latchkeytest.Response {
	return s.send(ctx, node, b, "GET", "/api/private", "")
}

const credentials = `{"email":"ada@example.com","password":"any will do"}`

func (s *stage) login(b *latchkeytest.Browser) {
	s.Helper()
	want(s, s.send(s.Context(), 0, b, "POST", "/api/login", credentials), 200, "", "")
}

// mustServe makes a request that nothing stands in the way of.
func (s *stage) mustServe(b *latchkeytest.Browser) *latchkeytest.Response {
	s.Helper()
	got := s.get(s.Context(), 0, b)
	if got.Status != 200 {
		s.Fatalf("got %d %s", got.Status, got.Body)
	}
	return got
}

// wantEnded asks both nodes for the session. It has ended for the reason, or with the empty one for
// any.
func (s *stage) wantEnded(t *testing.T, reason latchkey.EndReason, b *latchkeytest.Browser) {
	t.Helper()
	ctx := context.WithValue(t.Context(), bystander{}, true)
	for node := range s.nodes {
		for _, names := range [][]string{nil, {refreshCookie}} {
			got := s.get(ctx, node, b.Copy(s.nodes[0], names...))
			if got.Status != 401 || got.EndReason == "" || reason != "" && got.EndReason != string(reason) {
				t.Errorf("after the end: %d %s, want 401 and endReason %s", got.Status, got.Body, reason)
			}
		}
	}
}

// living are the records of the user that have not ended.
func (s *stage) living() []*latchkey.Record {
	s.Helper()
	sessions, err := s.sessions.ByUser(context.Background(), s.nodes[0].Config.App, onetime.Ada.ID, 100)
	must(s, err)
	return sessions
}

// receive has a browser get the cookies that one of its tabs got.
func (s *stage) receive(b, tab *latchkeytest.Browser) {
	for _, name := range []string{sessionCookie, refreshCookie, echoCookie} {
		if value := tab.Cookie(s.nodes[0], name); value != "" {
			b.SetCookie(s.nodes[0], name, value)
		}
	}
}

// minted reports whether an answer came with new cookies.
func minted(got *latchkeytest.Response) bool { return got.SetsCookie(sessionCookie) }

// notBefore is the id under which stores keep whether all sessions of the app have ended. All
// versions that share a store must agree on it.
var notBefore = func() latchkey.ID {
	sum := sha256.Sum256([]byte("latchkey: all sessions end\x00store"))
	return latchkey.ID(sum[:16])
}()

func want(t testing.TB, got *latchkeytest.Response, status int, code, reason string) {
	t.Helper()
	if got.Status != status || got.Code != code || got.EndReason != reason {
		t.Errorf("got %d %q %q, want %d %q %q; body %s", got.Status, got.Code, got.EndReason, status, code, reason, got.Body)
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
