package latchkey_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/latchkey-dev/latchkey"
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
				synctest.Test(t, func(t *testing.T) {
					once := newOnceProvider()
					once.tokenLife = 10 * time.Minute
					provider, store := &weakProvider{Provider: once, takes: takes}, &writingStore{Store: newFlakyStore()}
					s := stageOf(t, latchkey.Config{Provider: provider, Store: store, RefreshAhead: ahead, SessionCap: time.Hour, IdleTimeout: 100 * time.Hour})
					var browsers [crowd]*browser
					for i := range browsers {
						browsers[i] = newBrowser()
						s.login(browsers[i])
					}
					time.Sleep(2 * time.Minute)
					for _, b := range browsers {
						s.mustServe(b)
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
								if got := s.get(t.Context(), 0, b); got.status != want {
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
					if n := len(s.living()); n != crowd {
						t.Errorf("%d sessions are left", n)
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

// A handler behind Protect gets a JWT that has not expired, where the provider answers, also after nobody has asked for a while: the request waits for the
// renewal. Where the provider does not, the handler is told when the old one expired.
func TestExpiredTokenIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		once := newOnceProvider()
		once.tokenLife = 10 * time.Minute
		provider := &weakProvider{Provider: once}
		s := stageOf(t, latchkey.Config{Provider: provider, Store: newFlakyStore(), RefreshAhead: time.Minute, IdleTimeout: 100 * time.Hour, SessionCap: 100 * time.Hour})
		var left time.Duration
		handler := s.guards[0].Protect(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			session, _ := latchkey.From(r.Context())
			_, until, err := session.Token()
			must(t, err)
			left = time.Until(until)
		}))
		b := newBrowser()
		s.login(b)
		time.Sleep(2 * time.Minute)
		s.mustServe(b)
		ask := func() *httptest.ResponseRecorder {
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, b.request(s.app, "/x"))
			b.store(s.app, w.Result(), &reply{})
			return w
		}
		time.Sleep(time.Hour)
		if ask(); left <= 0 {
			t.Errorf("the handler got a JWT that expired %v ago", -left)
		}
		time.Sleep(2 * time.Minute)
		ask()
		time.Sleep(time.Hour)
		provider.down.Store(true)
		provider.calls.Store(0)
		if w := ask(); w.Code != 200 || left > 0 || provider.calls.Load() != 1 {
			t.Errorf("%d, %v left, %d calls", w.Code, left, provider.calls.Load())
		}
	})
}

// A brokenFor is a provider that cannot refresh the sessions of some users, because of something in their profile for example.
type brokenFor struct {
	*onceProvider
	users map[string]bool
}

func (p *brokenFor) Login(ctx context.Context, c latchkey.Credentials) (latchkey.Grant, error) {
	grant, err := p.onceProvider.Login(ctx, c)
	grant.User = latchkey.User{ID: c.LoginID, Email: c.LoginID}
	return grant, err
}

func (p *brokenFor) Refresh(ctx context.Context, r latchkey.Renewal) (latchkey.Grant, error) {
	if p.users[r.User.ID] {
		return latchkey.Grant{}, errors.New("status 500")
	}
	grant, err := p.onceProvider.Refresh(ctx, r)
	grant.User = r.User
	return grant, err
}

// One user whose refreshes fail, in as many sessions and as often as they like, pauses nobody else's.
func TestOutageOfOneUsersSessions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := stageOf(t, latchkey.Config{
			Provider: &brokenFor{newOnceProvider(), map[string]bool{"mallory@example.com": true}},
			Store:    newFlakyStore(), IdleTimeout: 100 * time.Hour, SessionCap: time.Hour,
		})
		login := func(email string) *browser {
			b := newBrowser()
			s.send(t.Context(), 0, b, "POST", "/api/login", `{"email":"`+email+`","password":"any will do"}`).want(t, 200, "", "")
			time.Sleep(2 * time.Minute)
			s.mustServe(b)
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
					s.get(t.Context(), 0, b).want(t, 503, "provider_unavailable", "")
				}
			})
		}
		for _, b := range honest {
			time.Sleep(10 * time.Second)
			s.get(t.Context(), 0, b).want(t, 200, "", "")
		}
		stop()
		all.Wait()
	})
}
