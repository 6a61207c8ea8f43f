package formattest

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
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

// private answers with the id of the user, and whether the session is bound.
func private(w http.ResponseWriter, r *http.Request) {
	s, _ := latchkey.From(r.Context())
	io.WriteString(w, s.User.ID)
	if s.DeviceBound {
		io.WriteString(w, ", bound")
	}
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
