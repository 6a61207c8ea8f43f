package latchkey_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"github.com/latchkey-dev/latchkey"
)

func cancelled(t *testing.T) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx, cancel
}

func TestSameSiteLaxAndClearSiteData(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		config := w.config(w.shop, discard)
		config.SameSiteLax, config.ClearSiteData = true, true
		w.shop.start(config)
		b := newBrowser()
		for _, line := range b.login(w.shop).header["Set-Cookie"] {
			if !strings.HasSuffix(line, "SameSite=Lax") {
				t.Error(line)
			}
		}
		if got := b.send(w.shop, "POST", "/api/logout", "").header.Get("Clear-Site-Data"); got != `"cache", "storage"` {
			t.Errorf("Clear-Site-Data: %s", got)
		}
		b.login(w.forums)
		if got := b.send(w.forums, "POST", "/api/logout", "").header.Get("Clear-Site-Data"); got != "" {
			t.Errorf("by default, Clear-Site-Data: %s", got)
		}
	})
}

// request is one of the browser, for handlers that are called without a server.
func (b *browser) request(a *app, path string) *http.Request {
	r := httptest.NewRequest("GET", path, nil)
	for name, value := range b.jar(a) {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	return r
}

// keep stores the cookies of an answer.
func (b *browser) keep(a *app, resp *http.Response) {
	for _, c := range resp.Cookies() {
		if c.MaxAge < 0 {
			b.of(a).DeleteCookie(a.App, c.Name)
		} else {
			b.set(a, c.Name, c.Value)
		}
	}
}

// No answer with new cookies may be stored on the way, whatever the handler says of it.
func TestAnswersWithCookiesAreNotCacheable(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		for name, handler := range map[string]http.Handler{
			"public": http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Cache-Control", "public, max-age=3600")
				io.WriteString(w, "x")
			}),
			"public, 201": http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Cache-Control", "public")
				w.WriteHeader(201)
			}),
			"missing file": http.FileServerFS(fstest.MapFS{}),
			"a flusher": http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Cache-Control", "public")
				io.WriteString(w, "x")
				if err := http.NewResponseController(w).Flush(); err != nil {
					t.Error(err)
				}
			}),
			"an event stream": http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Cache-Control", "public")
				flusher, ok := w.(http.Flusher)
				if !ok {
					t.Fatal("no http.Flusher")
				}
				flusher.Flush()
			}),
		} {
			b := newBrowser()
			b.login(w.shop)
			live := httptest.NewRecorder()
			w.shop.guard.Protect(handler).ServeHTTP(live, b.request(w.shop, "/x"))
			time.Sleep(time.Hour)
			renewed := httptest.NewRecorder()
			w.shop.guard.Identify(handler).ServeHTTP(renewed, b.request(w.shop, "/x"))
			if n := len(renewed.Header()["Set-Cookie"]); n != 2 || renewed.Header().Get("Cache-Control") != "no-store" {
				t.Errorf("%s: %d cookies, Cache-Control %q", name, n, renewed.Header().Get("Cache-Control"))
			}
			if strings.HasPrefix(name, "public") && !strings.HasPrefix(live.Header().Get("Cache-Control"), "public") {
				t.Errorf("%s: without cookies the handler decides, got %q", name, live.Header().Get("Cache-Control"))
			}
		}
	})
}

func TestNestedGuards(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		b := newBrowser()
		b.login(w.shop)
		time.Sleep(time.Hour)
		nested := w.shop.guard.Identify(w.shop.guard.Protect(http.HandlerFunc(w.shop.guard.ServeUser)))
		rec := httptest.NewRecorder()
		nested.ServeHTTP(rec, b.request(w.shop, "/x"))
		if n := len(rec.Header()["Set-Cookie"]); rec.Code != 200 || n != 2 {
			t.Errorf("%d, %d cookies", rec.Code, n)
		}
		mixed := w.forums.guard.Identify(w.shop.guard.Protect(http.NotFoundHandler())) // another guard's session is none of ours
		rec = httptest.NewRecorder()
		other := newBrowser()
		other.login(w.forums)
		mixed.ServeHTTP(rec, other.request(w.forums, "/x"))
		if rec.Code != 401 {
			t.Errorf("with the login of another app: %d", rec.Code)
		}
	})
}

// A change of the port logs nobody out: cookies know none.
func TestAnotherPort(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		b := newBrowser()
		b.login(w.shop)
		config := w.config(w.shop, discard)
		config.Origin += ":8443"
		w.shop.start(config)
		b.get(w.shop, "/api/private").ok(t, false)
	})
}

// wrapped is the real provider with one answer replaced.
type wrapped struct {
	latchkey.Provider
	refresh func(context.Context, latchkey.Renewal) (latchkey.Grant, error)
	login   func(latchkey.Grant, error) (latchkey.Grant, error)
}

func (p wrapped) Refresh(ctx context.Context, r latchkey.Renewal) (latchkey.Grant, error) {
	if p.refresh == nil {
		return p.Provider.Refresh(ctx, r)
	}
	return p.refresh(ctx, r)
}

func (p wrapped) Login(ctx context.Context, c latchkey.Credentials) (latchkey.Grant, error) {
	grant, err := p.Provider.Login(ctx, c)
	if p.login == nil {
		return grant, err
	}
	return p.login(grant, err)
}

// What a provider of somebody else's making may do.
func TestOddProviders(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		config := w.config(w.shop, discard)
		p := &wrapped{Provider: config.Provider}
		config.Provider = p
		w.shop.start(config)
		try := func(status int, code string) reply {
			t.Helper()
			p.refresh = nil
			b := newBrowser()
			b.login(w.shop)
			time.Sleep(time.Hour)
			return b.get(w.shop, "/api/private")
		}
		try(200, "").ok(t, true)
		for name, refresh := range map[string]func(context.Context, latchkey.Renewal) (latchkey.Grant, error){
			"panics": func(context.Context, latchkey.Renewal) (latchkey.Grant, error) { panic("a bug") },
			"hangs": func(ctx context.Context, _ latchkey.Renewal) (latchkey.Grant, error) {
				<-ctx.Done()
				return latchkey.Grant{}, ctx.Err()
			},
			"too many": func(context.Context, latchkey.Renewal) (latchkey.Grant, error) {
				return latchkey.Grant{}, &latchkey.ProviderError{Code: latchkey.CodeTooManyAttempts, RetryAfter: 90 * time.Second}
			},
			"grants nothing": func(_ context.Context, r latchkey.Renewal) (latchkey.Grant, error) {
				return latchkey.Grant{User: r.User}, nil
			},
		} {
			p.refresh = nil
			b := newBrowser()
			b.login(w.shop)
			time.Sleep(time.Hour)
			p.refresh = refresh
			began := time.Now()
			got := b.get(w.shop, "/api/private")
			got.want(t, 503, "provider_unavailable", "")
			if took := time.Since(began); took > 5*time.Second {
				t.Errorf("%s: the answer took %v", name, took)
			}
			if name == "too many" && got.header.Get("Retry-After") != "90" {
				t.Errorf("Retry-After %q", got.header.Get("Retry-After"))
			}
			p.refresh = nil
			b.get(w.shop, "/api/private").ok(t, true)
		}
		inner := p.Provider
		p.refresh = func(ctx context.Context, r latchkey.Renewal) (latchkey.Grant, error) {
			grant, err := inner.Refresh(ctx, r)
			grant.RefreshTokenID = "" // some do not say it again
			return grant, err
		}
		b := newBrowser()
		b.login(w.shop)
		time.Sleep(time.Hour)
		b.get(w.shop, "/api/private").ok(t, true)
		before := w.refreshTokens()
		b.send(w.shop, "POST", "/api/logout", "")
		synctest.Wait()
		if n := w.refreshTokens(); n != before-1 {
			t.Error("the token that kept its id was not revoked")
		}
		for _, grant := range []latchkey.Grant{{}, {User: latchkey.User{ID: "u"}}, {RefreshToken: "x"}} {
			p.login = func(latchkey.Grant, error) (latchkey.Grant, error) { return grant, nil }
			if got := newBrowser().try(w.shop, "ada@example.com", "p"); got.status != 503 || got.minted {
				t.Errorf("%+v: %d", grant, got.status)
			}
		}
		p.login = func(latchkey.Grant, error) (latchkey.Grant, error) {
			return latchkey.Grant{}, &latchkey.ProviderError{Code: latchkey.CodeTooManyAttempts, RetryAfter: 1500 * time.Millisecond, Err: errors.New("x")}
		}
		if got := newBrowser().try(w.shop, "ada@example.com", "p"); got.status != 429 || got.header.Get("Retry-After") != "2" {
			t.Errorf("%d, Retry-After %q", got.status, got.header.Get("Retry-After"))
		}
	})
}

// Close waits for a refresh that has outlived its request: what it was granted must be stored.
func TestCloseWaitsForRefreshes(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		b := newBrowser()
		b.login(w.shop)
		time.Sleep(time.Hour)
		w.faults.set(func(rw http.ResponseWriter, r *http.Request, next http.Handler) {
			next.ServeHTTP(rw, r)
			time.Sleep(2 * time.Second)
		})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		w.shop.guard.Protect(http.NotFoundHandler()).ServeHTTP(httptest.NewRecorder(), b.request(w.shop, "/x").WithContext(ctx))
		must(t, w.shop.guard.Close(t.Context()))
		w.faults.set(nil)
		w.shop.start(w.config(w.shop, discard))
		before := w.provider.Calls("/api/jwt/refresh")
		b.get(w.shop, "/api/private").ok(t, true) // the parent of what was stored
		if w.provider.Calls("/api/jwt/refresh") != before {
			t.Error("what the provider granted was lost")
		}
	})
}

// With the provider hanging, every request has its 503 in the time of one call.
func TestWaitsAreShared(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		b := newBrowser()
		b.login(w.shop)
		time.Sleep(time.Hour)
		b.copy(w.shop).get(w.shop, "/api/private")
		tab := b.copy(w.shop)
		b.get(w.shop, "/api/private").ok(t, true)
		time.Sleep(time.Hour)
		w.faults.set(func(_ http.ResponseWriter, r *http.Request, _ http.Handler) { <-r.Context().Done() })
		began := time.Now()
		var all sync.WaitGroup
		for range 10 {
			all.Go(func() { b.copy(w.shop).get(w.shop, "/api/private").want(t, 503, "provider_unavailable", "") })
			all.Go(func() { tab.copy(w.shop).get(w.shop, "/api/private").want(t, 503, "provider_unavailable", "") })
		}
		all.Wait()
		if took := time.Since(began); took > 6*time.Second {
			t.Errorf("the last answer took %v", took)
		}
	})
}

// The tombstone sheds its body.
func TestTombstoneHasNoBody(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		b := newBrowser()
		b.login(w.shop)
		b.send(w.shop, "POST", "/api/logout", "")
		for _, rec := range w.store.Records() {
			if rec.User.Email != "" || rec.Token != nil || rec.RefreshToken != nil || rec.Device.IP != "" || rec.EndReason != latchkey.EndLogout || rec.Deadline.IsZero() {
				t.Errorf("%+v", rec)
			}
		}
	})
}

func TestHugeUserAgent(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		b := newBrowser()
		b.send(w.shop, "POST", "/api/login", `{"email":"ada@example.com","password":"correct horse battery"}`, header("User-Agent", strings.Repeat("Ünï", 2000))).want(t, 200, "", "")
		if n := len(w.store.Records()[0].Device.UserAgent); n == 0 || n > 256 {
			t.Errorf("%d bytes of user agent", n)
		}
	})
}
