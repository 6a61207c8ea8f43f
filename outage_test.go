package latchkey_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/internal/onetime"
	"github.com/latchkey-dev/latchkey/latchkeytest"
)

// A weakProvider is one that can be away, and counts how often it is asked to refresh.
type weakProvider struct {
	latchkey.Provider
	down  atomic.Bool
	calls atomic.Int64
	takes time.Duration // to fail
}

func (p *weakProvider) Refresh(ctx context.Context, r latchkey.Renewal) (latchkey.Grant, error) {
	p.calls.Add(1)
	if p.down.Load() {
		select {
		case <-time.After(p.takes):
		case <-ctx.Done():
		}
		return latchkey.Grant{}, errors.New("the provider is away")
	}
	return p.Provider.Refresh(ctx, r)
}

// writingStore counts what is written.
type writingStore struct {
	latchkey.Store
	writes atomic.Int64
}

func (s *writingStore) Swap(ctx context.Context, next *latchkey.Record) error {
	s.writes.Add(1)
	return s.Store.Swap(ctx, next)
}

// While the provider is away, a crowd that asks again and again asks it about once in two seconds, whether it fails at once or hangs. The store is not
// written either. Nobody is signed out, and all are served soon after it is back.
func TestProviderOutage(t *testing.T) {
	const crowd = 20
	for name, takes := range map[string]time.Duration{"fails": 0, "hangs": time.Hour} {
		for name, ahead := range map[string]time.Duration{name + ", session ids expired": 0, name + ", JWTs expired": time.Minute} {
			t.Run(name, func(t *testing.T) {
				simulate(t, func(t *testing.T, w *world) {
					once := onetime.New()
					once.TokenLife = 10 * time.Minute
					provider, store := &weakProvider{Provider: once, takes: takes}, &writingStore{Store: w.store}
					c := w.config(w.shop, discard)
					c.Provider, c.Store, c.RefreshAhead, c.SessionCap, c.IdleTimeout = provider, store, ahead, time.Hour, 100*time.Hour
					w.shop.start(c)
					var browsers [crowd]*browser
					for i := range browsers {
						browsers[i] = newBrowser()
						browsers[i].login(w.shop)
					}
					time.Sleep(2 * time.Minute)
					for _, b := range browsers {
						b.get(w.shop, "/api/private").want(t, 200, "", "")
					}
					if ahead > 0 {
						time.Sleep(20 * time.Minute) // the JWTs have expired, and the session ids live
					} else {
						time.Sleep(2 * time.Hour)
					}
					want := 503
					if ahead > 0 {
						want = 200 // of the guard: whether an expired JWT will do is for the handler to say
					}
					provider.down.Store(true)
					provider.calls.Store(0)
					store.writes.Store(0)
					everybody := func(want int) {
						var all sync.WaitGroup
						for _, b := range browsers {
							all.Go(func() {
								if got := b.get(w.shop, "/api/private"); got.status != want {
									t.Errorf("%d %s, want %d", got.status, got.body, want)
								}
							})
						}
						all.Wait()
					}
					const minutes = 2
					for began := time.Now(); time.Since(began) < minutes*time.Minute; time.Sleep(500 * time.Millisecond) {
						everybody(want)
					}
					if n := provider.calls.Load(); n > crowd+minutes*60 {
						t.Errorf("%d calls of the provider", n)
					}
					if n := store.writes.Load(); n > 2*crowd+2*minutes*60 {
						t.Errorf("%d writes of the store", n)
					}
					provider.down.Store(false)
					time.Sleep(3 * time.Second)
					everybody(200) // the first of them tries
					time.Sleep(time.Second)
					everybody(200)
					if left, err := w.store.ByUser(t.Context(), "store", onetime.Ada.ID, 100); err != nil || len(left) != crowd {
						t.Errorf("%d sessions are left, %v", len(left), err)
					}
				})
			})
		}
	}
}

// One user whose refresh fails pauses nobody else's.
func TestOutageOfOneUser(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		bad, good := newBrowser(), newBrowser()
		bad.login(w.shop)
		good.login(w.shop)
		for range 5 {
			time.Sleep(2 * time.Minute)
			good.get(w.shop, "/api/private").ok(t, false)
			time.Sleep(2 * time.Hour)
			w.faults.set(answer(http.StatusInternalServerError, "", ""))
			bad.get(w.shop, "/api/private").want(t, 503, "provider_unavailable", "")
			w.faults.set(nil)
			good.get(w.shop, "/api/private").ok(t, true)
		}
	})
}

// A handler gets a JWT that has not expired, if the provider answers, also after nobody has asked for
// a while: Token waits for the refresh. If the provider does not, Token says when the old one expired.
func TestToken_waitsForTheRefresh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		once := onetime.New()
		once.TokenLife = 10 * time.Minute
		provider := &weakProvider{Provider: once}
		w := latchkeytest.New(t)
		c := w.Config("store", provider)
		c.RefreshAhead, c.IdleTimeout, c.SessionCap = time.Minute, 100*time.Hour, 100*time.Hour
		var left time.Duration
		show := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			session, _ := latchkey.From(r.Context())
			_, until, err := session.Token(r.Context())
			must(t, err)
			left = time.Until(until)
		})
		app := w.Start(c, func(a *latchkeytest.App) http.Handler {
			mux := http.NewServeMux()
			mux.Handle("/api/", a.Guard.Handler())
			mux.Handle("/x", a.Guard.Protect(show))
			return mux
		})
		b := w.NewBrowser()
		b.Login(app, "ada@example.com")
		time.Sleep(2 * time.Minute)
		ask := func() *latchkeytest.Response { return b.Get(app, "/x") }
		ask()
		time.Sleep(time.Hour)
		if ask(); left <= 0 {
			t.Errorf("the handler got a JWT that expired %v ago", -left)
		}
		time.Sleep(2 * time.Minute)
		ask()
		time.Sleep(time.Hour)
		provider.down.Store(true)
		provider.calls.Store(0)
		if got := ask(); got.Status != 200 || left > 0 || provider.calls.Load() != 1 {
			t.Errorf("%d, %v left, %d calls", got.Status, left, provider.calls.Load())
		}
	})
}

// If the refresh that Token waits for ends the session, the handler can answer as Protect would have.
// A guard inside another waits as well.
func TestToken_sessionEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		once := onetime.New()
		once.TokenLife = 10 * time.Minute
		w := latchkeytest.New(t)
		c := w.Config("store", once)
		c.RefreshAhead, c.IdleTimeout, c.SessionCap = time.Minute, 100*time.Hour, 100*time.Hour
		show := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			session, _ := latchkey.From(r.Context())
			if _, _, err := session.Token(r.Context()); err != nil {
				latchkey.WriteError(w, err)
			}
		})
		app := w.Start(c, func(a *latchkeytest.App) http.Handler {
			mux := http.NewServeMux()
			mux.Handle("/api/", a.Guard.Handler())
			mux.Handle("/x", a.Guard.Identify(a.Guard.Protect(show)))
			return mux
		})
		b := w.NewBrowser()
		b.Login(app, "ada@example.com")
		time.Sleep(2 * time.Minute)
		b.Get(app, "/x")
		time.Sleep(time.Hour)
		must(t, once.Revoke(t.Context(), w.Store.Records()[0].RefreshTokenID))
		if got := b.Get(app, "/x"); got.Status != 401 || got.Code != "login_required" || got.EndReason != "refresh_refused" {
			t.Errorf("%d %s", got.Status, got.Body)
		}
	})
}

// A brokenFor is a provider that cannot refresh the sessions of some users, because of something in their profile for example.
type brokenFor struct {
	*onetime.Provider
	users map[string]bool
}

func (p *brokenFor) Login(ctx context.Context, c latchkey.Credentials) (latchkey.Grant, error) {
	grant, err := p.Provider.Login(ctx, c)
	grant.User = latchkey.User{ID: c.LoginID, Email: c.LoginID}
	return grant, err
}

func (p *brokenFor) Refresh(ctx context.Context, r latchkey.Renewal) (latchkey.Grant, error) {
	if p.users[r.User.ID] {
		return latchkey.Grant{}, errors.New("status 500")
	}
	grant, err := p.Provider.Refresh(ctx, r)
	grant.User = r.User
	return grant, err
}

// One user whose refreshes fail, in as many sessions and as often as they like, pauses nobody else's.
func TestOutageOfOneUsersSessions(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		c := w.config(w.shop, discard)
		c.Provider = &brokenFor{onetime.New(), map[string]bool{"mallory@example.com": true}}
		c.IdleTimeout, c.SessionCap = 100*time.Hour, time.Hour
		w.shop.start(c)
		login := func(email string) *browser {
			b := newBrowser()
			b.try(w.shop, email, "any will do").want(t, 200, "", "")
			time.Sleep(2 * time.Minute)
			b.get(w.shop, "/api/private").want(t, 200, "", "")
			return b
		}
		var honest, mallory []*browser
		for i := range 20 {
			honest = append(honest, login(fmt.Sprintf("user-%d@example.com", i)))
		}
		for range 3 {
			mallory = append(mallory, login("mallory@example.com"))
		}
		time.Sleep(2 * time.Hour)
		ctx, stop := context.WithCancel(t.Context())
		var all sync.WaitGroup
		for _, b := range mallory {
			all.Go(func() {
				for ; ctx.Err() == nil; time.Sleep(50 * time.Millisecond) {
					b.get(w.shop, "/api/private").want(t, 503, "provider_unavailable", "")
				}
			})
		}
		for _, b := range honest {
			time.Sleep(10 * time.Second)
			b.get(w.shop, "/api/private").want(t, 200, "", "")
		}
		stop()
		all.Wait()
	})
}
