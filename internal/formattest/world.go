package formattest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey"
)

// A world is a guard on a store, with a stopped clock, and a provider that accepts everyone.
type world struct {
	t        testing.TB
	config   latchkey.Config
	guard    *latchkey.Guard
	provider *provider
	mu       sync.Mutex
	clock    time.Time
}

func newWorld(t testing.TB, s *Samples, store latchkey.Store) *world {
	t.Helper()
	keys, err := latchkey.ParseKeys(s.Keys)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, clock: s.Now, provider: &provider{}}
	w.provider.world = w
	w.config = latchkey.Config{
		Origin: s.Origin, App: s.App, Keys: keys, Store: store, Provider: w.provider, Now: w.now,
		Logger: slog.New(slog.DiscardHandler), ClientIP: func(*http.Request) string { return "203.0.113.7" },
	}
	return w
}

func (w *world) start() {
	w.t.Helper()
	guard, err := latchkey.New(w.config)
	if err != nil {
		w.t.Fatal(err)
	}
	w.guard = guard
	w.t.Cleanup(w.stop)
}

func (w *world) stop() { w.guard.Close(context.Background()) }

func (w *world) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.clock
}

func (w *world) advance(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.clock = w.clock.Add(d)
}

// private answers with the id of the user.
func private(w http.ResponseWriter, r *http.Request) {
	if s, ok := latchkey.From(r.Context()); ok {
		fmt.Fprint(w, s.User.ID)
	}
}

// request sends a request with the browser's cookies, and stores those in the response.
func (w *world) request(method, path, body string, jar *Cookies) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, w.config.Origin+path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Origin", w.config.Origin)
	r.Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0")
	named := map[string]*string{"__Host-session": &jar.Session, "__Host-refresh": &jar.Refresh, "__Host-device": &jar.Device}
	for name, value := range named {
		if *value != "" {
			r.AddCookie(&http.Cookie{Name: name, Value: *value})
		}
	}
	mux := http.NewServeMux()
	mux.Handle("/api/", w.guard.Handler())
	mux.Handle("/private", w.guard.Protect(http.HandlerFunc(private)))
	answer := httptest.NewRecorder()
	mux.ServeHTTP(answer, r)
	for _, c := range answer.Result().Cookies() {
		if value := named[c.Name]; value != nil {
			*value = c.Value
		}
	}
	return answer
}

// A provider accepts everyone. Its refresh tokens count the refreshes.
type provider struct {
	world     *world
	refreshed func() // is called by Refresh before it answers
	away      bool   // Revoke fails
}

func (p *provider) Login(_ context.Context, c latchkey.Credentials) (latchkey.Grant, error) {
	name, _, _ := strings.Cut(c.LoginID, "@")
	grant := p.grant(latchkey.User{
		ID: "user-" + name, Email: c.LoginID, EmailVerified: true, Username: name, FirstName: "Ada", LastName: "Lovelace", FullName: "Ada Lovelace",
		ImageURL: "https://store.example.com/ada.png", PreferredLanguage: "en", Timezone: "Europe/London", Roles: []string{"reader", "writer"},
	})
	grant.AuthMethods = []string{"pwd"}
	return grant, nil
}

func (p *provider) Refresh(_ context.Context, r latchkey.Renewal) (latchkey.Grant, error) {
	if p.refreshed != nil {
		p.refreshed()
	}
	return p.grant(r.User), nil
}

func (p *provider) Revoke(context.Context, string) error {
	if p.away {
		return errors.New("the provider is away")
	}
	return nil
}

func (p *provider) grant(user latchkey.User) latchkey.Grant {
	return latchkey.Grant{
		User: user, Token: "a JWT", TokenExpiresAt: p.world.now().Add(time.Hour), RefreshToken: "a refresh token",
		RefreshTokenID: "id-" + user.ID,
	}
}
