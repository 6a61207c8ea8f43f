package latchkey_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/internal/onetime"
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

// While the provider is away, a crowd that asks again and again asks it about once in two seconds,
// whether it fails at once or hangs. The store is not written either. Nobody is signed out, and all
// are served soon after it is back.
func TestOutage_ofTheProvider(t *testing.T) {
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
						// the JWTs have expired, and the session ids live
						time.Sleep(20 * time.Minute)
					} else {
						time.Sleep(2 * time.Hour)
					}
					want := 503
					if ahead > 0 {
						// of the guard: whether an expired JWT will do is for the handler to say
						want = 200
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
func TestOutage_ofOneUser(t *testing.T) {
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

// A brokenFor is a provider that cannot refresh the sessions of some users, because of something in
// their profile for example.
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

// One user whose refreshes fail, in as many sessions and as often as they like, pauses nobody
// else's.
func TestOutage_ofOneUsersSessions(t *testing.T) {
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

// REF-10: only an authoritative no ends a session. Everything else is 503, and then the same
// cookies go on.
func TestREF10_ProviderInTrouble(t *testing.T) {
	for name, fault := range map[string]func(http.ResponseWriter, *http.Request, http.Handler){
		"slow": func(_ http.ResponseWriter, r *http.Request, _ http.Handler) {
			<-r.Context().Done()
		},
		"connection reset":       func(http.ResponseWriter, *http.Request, http.Handler) { panic(http.ErrAbortHandler) },
		"500":                    answer(500, "", ""),
		"503":                    answer(503, "text/html", "<h1>busy</h1>"),
		"429":                    answer(429, "", ""),
		"HTML with 200":          answer(200, "text/html", "<h1>Welcome</h1>"),
		"nonsense JSON with 200": answer(200, "application/json", `{"token":17}`),
		"empty 200":              answer(200, "", ""),
		"not a JWT":              answer(200, "application/json", `{"token":"this is no JWT","refreshToken":"nor is this"}`),
		"302":                    answer(302, "", ""),
		"HTML 404 of a proxy":    answer(404, "text/html", "<h1>Not found</h1>"),
		"plain 404 of a server that is not a provider": answer(404, "", ""),
		"plain 401 of such a server":                   answer(401, "", ""),
		"400 that names no token":                      answer(400, "application/json", `{"generalErrors":[{"code":"[TenantIdRequired]"}]}`),
		"invalid_client":                               answer(401, "application/json", `{"error":"invalid_client"}`),
		"a megabyte":                                   answer(200, "application/json", strings.Repeat(" ", 2<<20)),
	} {
		t.Run(name, func(t *testing.T) {
			simulate(t, func(t *testing.T, w *world) {
				for _, a := range []*app{w.shop, w.forums} {
					b := newBrowser()
					b.login(a)
					time.Sleep(time.Hour)
					w.faults.set(fault)
					for range 3 {
						got := b.get(a, "/api/private")
						got.want(t, 503, "provider_unavailable", "")
						if got.header.Get("Retry-After") == "" || len(got.header["Set-Cookie"]) != 0 || len(b.jar(a)) != 3 {
							t.Errorf("%v", got.header)
						}
						b.get(a, "/api/user").want(t, 503, "provider_unavailable", "")
					}
					got := newBrowser().send(a, "POST", "/api/login", `{"email":"ada@example.com","password":"p"}`)
					if got.status == 200 || got.status == 401 || got.minted {
						t.Errorf("login: %d %s", got.status, got.body)
					}
					w.faults.set(nil)
					b.get(a, "/api/private").ok(t, true)
				}
				if a := w.log.String(); !strings.Contains(a, "msg=provider_unavailable") {
					t.Error("the operator is not told")
				}
			})
		})
	}
}

func TestARC12_StoreDown(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		b := newBrowser()
		b.login(w.shop)
		w.store.cut(true)
		for _, path := range []string{"/api/private", "/api/user"} {
			got := b.get(w.shop, path)
			got.want(t, 503, "provider_unavailable", "")
			if len(b.jar(w.shop)) != 3 || got.header.Get("Retry-After") == "" {
				t.Error("cookies were touched, or no Retry-After")
			}
		}
		got := newBrowser().send(w.shop, "POST", "/api/login", `{"email":"ada@example.com","password":"correct horse battery"}`)
		if got.status != 503 || got.minted {
			t.Errorf("login: %d %s", got.status, got.body)
		}
		thief := b.copy(w.shop)
		told := strings.Count(w.log.String(), "msg=provider_unavailable")
		b.send(w.shop, "POST", "/api/logout", "").want(t, 503, "logout_incomplete", "")
		if strings.Count(w.log.String(), "msg=provider_unavailable") == told {
			t.Error("the operator is not told of the logout")
		}
		if len(b.jar(w.shop)) != 1 {
			t.Error("cookies are left after an incomplete logout")
		}
		// known here at once
		thief.get(w.shop, "/api/private").want(t, 401, "login_required", "logout")
		w.store.cut(false)
		time.Sleep(time.Minute)
		w.shop.start(w.config(w.shop, discard)) // and stored as soon as that was possible
		thief.get(w.shop, "/api/private").want(t, 401, "login_required", "logout")
		synctest.Wait()
		if n := w.refreshTokens(); n != 0 {
			t.Errorf("%d refresh tokens are alive: that of the session, or that of the login without one", n)
		}
	})
}
