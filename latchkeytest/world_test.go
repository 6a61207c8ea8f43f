package latchkeytest_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/idp"
	"github.com/latchkey-dev/latchkey/latchkeytest"
)

const ada = "ada@example.com"

func shop(t testing.TB, options ...latchkeytest.Option) (*latchkeytest.World, *latchkeytest.App) {
	w := latchkeytest.New(t, options...)
	app := w.NewApp("shop", func(a *latchkeytest.App) http.Handler { return newShop(a.Guard) })
	app.AddUser(ada, "customer")
	return w, app
}

// everywhere runs a test outside of a bubble and in one.
func everywhere(t *testing.T, run func(t *testing.T, pass func(*latchkeytest.World, time.Duration))) {
	t.Run("clock", func(t *testing.T) {
		run(t, func(w *latchkeytest.World, d time.Duration) { w.Clock.Advance(d) })
	})
	t.Run("bubble", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			run(t, func(_ *latchkeytest.World, d time.Duration) { time.Sleep(d) })
		})
	})
}

func want(t *testing.T, got *latchkeytest.Response, status int, code, endReason string) {
	t.Helper()
	if got.Status != status || got.Code != code || got.EndReason != endReason {
		t.Errorf("got %d %q %q, want %d %q %q; body %s", got.Status, got.Code, got.EndReason, status, code, endReason, got.Body)
	}
}

func TestWorld_lifeOfALogin(t *testing.T) {
	everywhere(t, func(t *testing.T, pass func(*latchkeytest.World, time.Duration)) {
		w, app := shop(t)
		b := w.NewBrowser()
		want(t, b.Get(app, "/orders"), 401, "login_required", "")
		b.Login(app, ada)
		first := b.Cookie(app, "__Host-session")
		want(t, b.Get(app, "/orders"), 200, "", "")
		pass(w, 2*time.Hour)
		want(t, b.Get(app, "/orders"), 200, "", "")
		if b.Cookie(app, "__Host-session") == first {
			t.Error("the session was not refreshed")
		}
		thief := b.Copy(app)
		b.Logout(app)
		want(t, b.Get(app, "/orders"), 401, "login_required", "")
		want(t, thief.Get(app, "/orders"), 401, "login_required", "logout")
		b.Login(app, ada)
		pass(w, 31*24*time.Hour)
		refresh := b.Copy(app, "__Host-refresh")
		want(t, refresh.Get(app, "/orders"), 401, "login_required", "")
		refresh.KeepExpired = true
		want(t, refresh.Get(app, "/orders"), 401, "login_required", "refresh_expired")
	})
}

func TestWorld_outages(t *testing.T) {
	everywhere(t, func(t *testing.T, pass func(*latchkeytest.World, time.Duration)) {
		w, app := shop(t, latchkeytest.WithLogger(slog.New(slog.DiscardHandler)))
		b := w.NewBrowser()
		b.Login(app, ada)
		rollback := w.Store.Snapshot()
		w.Store.Fail(latchkeytest.ErrStoreDown)
		want(t, b.Get(app, "/orders"), 503, "provider_unavailable", "")
		w.Store.Fail(nil)
		w.FailProvider(latchkeytest.Answer(503, "", ""))
		want(t, b.Get(app, "/orders"), 200, "", "")
		pass(w, 2*time.Hour)
		want(t, b.Get(app, "/orders"), 503, "provider_unavailable", "")
		w.FailProvider(nil)
		pass(w, time.Minute)
		want(t, b.Get(app, "/orders"), 200, "", "")
		w.Store.Lose()
		want(t, b.Get(app, "/orders"), 200, "", "") // it is rebuilt
		rollback()
		want(t, b.Get(app, "/orders"), 200, "", "")
	})
}

func TestApp_nodes(t *testing.T) {
	everywhere(t, func(t *testing.T, pass func(*latchkeytest.World, time.Duration)) {
		w, app := shop(t)
		b := w.NewBrowser()
		b.Login(app, ada)
		node := app.AddNode()
		want(t, b.Get(node, "/orders"), 200, "", "")
		app.Close()
		b.Logout(node)
		restarted := node.AddNode()
		want(t, b.Copy(node).Get(restarted, "/orders"), 401, "login_required", "")
	})
}

func TestBrowser_followsTheBasePath(t *testing.T) {
	w := latchkeytest.New(t)
	app := w.NewApp("shop", nil, func(c *latchkey.Config) { c.BasePath = "/auth/v1/" })
	app.AddUser(ada)
	b := w.NewBrowser()
	b.Login(app, ada)
	want(t, b.Get(app, "/auth/v1/user"), 200, "", "")
	b.Logout(app)
	want(t, b.Get(app, "/auth/v1/user"), 404, "not_logged_in", "")
}

func TestBrowser_copyHasTheCookies(t *testing.T) {
	w, app := shop(t)
	other := w.NewApp("forums", nil)
	b := w.NewBrowser()
	b.Login(app, ada)
	want(t, b.Copy(app).Get(app, "/orders"), 200, "", "")
	want(t, b.Copy(app, "__Host-session").Get(app, "/orders"), 200, "", "")
	want(t, b.Copy(app, "another").Get(app, "/orders"), 401, "login_required", "")
	want(t, b.Get(other, "/api/user"), 404, "not_logged_in", "")
	forged := w.NewBrowser()
	forged.SetCookie(app, "__Host-session", b.Cookie(app, "__Host-session"))
	want(t, forged.Get(app, "/orders"), 200, "", "")
}

func TestBrowser_keepsTheAppsOwnCookies(t *testing.T) {
	w := latchkeytest.New(t)
	app := w.NewApp("shop", func(*latchkeytest.App) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/set" {
				http.SetCookie(w, &http.Cookie{Name: "deep", Value: "1", Path: "/below"})
				http.SetCookie(w, &http.Cookie{Name: "short", Value: "2", Path: "/", MaxAge: 60})
				http.SetCookie(w, &http.Cookie{Name: "dated", Value: "3", Path: "/", Expires: time.Now().Add(2 * time.Hour)})
			}
			io.WriteString(w, r.Header.Get("Cookie"))
		})
	})
	b := w.NewBrowser()
	b.Get(app, "/set")
	has := func(path string, names ...string) {
		t.Helper()
		got := b.Get(app, path).Body
		for _, name := range []string{"deep", "short", "dated"} {
			wanted := strings.Contains(strings.Join(names, " "), name)
			if strings.Contains(got, name) != wanted {
				t.Errorf("%s: %q, want %v", path, got, names)
			}
		}
	}
	has("/", "short", "dated")
	has("/below", "deep", "short", "dated")
	has("/below/that", "deep", "short", "dated")
	has("/belowthat", "short", "dated")
	w.Clock.Advance(time.Hour)
	has("/below", "deep", "dated")
	w.Clock.Advance(2 * time.Hour)
	has("/below", "deep")
}

// A handler may stream, and hears that the browser went away.
func TestBrowser_streams(t *testing.T) {
	everywhere(t, func(t *testing.T, pass func(*latchkeytest.World, time.Duration)) {
		w := latchkeytest.New(t)
		gone := make(chan struct{})
		app := w.NewApp("shop", func(*latchkeytest.App) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				io.WriteString(w, "first\n")
				w.(http.Flusher).Flush()
				<-r.Context().Done()
				close(gone)
			})
		})
		resp, err := w.NewBrowser().Do(app, app.NewRequest(t.Context(), "GET", "/stream", ""))
		if err != nil {
			t.Fatal(err)
		}
		line := make([]byte, 6)
		if _, err := io.ReadFull(resp.Body, line); err != nil || string(line) != "first\n" {
			t.Errorf("%q, %v", line, err)
		}
		resp.Body.Close()
		<-gone
	})
}

func TestWithProvider_changesItsConfiguration(t *testing.T) {
	var out bytes.Buffer
	w := latchkeytest.New(t, latchkeytest.WithLogger(slog.New(slog.NewTextHandler(&out, nil))),
		latchkeytest.WithProvider(func(c *idp.Config) { c.Logger.Info("it is the world's") }))
	w.NewApp("shop", nil, func(c *latchkey.Config) { c.IdleTimeout = time.Hour }).Close()
	if !strings.Contains(out.String(), "it is the world's") {
		t.Errorf("log: %s", out.String())
	}
}

// BenchmarkNew starts and ends a world with an app and a user who logs in.
func BenchmarkNew(b *testing.B) {
	for b.Loop() {
		t := &cleaned{TB: b}
		w, app := shop(t)
		w.NewBrowser().Login(app, ada)
		t.clean()
	}
}

// cleaned is a test within a benchmark, with an end of its own.
type cleaned struct {
	testing.TB
	cleanups []func()
}

func (c *cleaned) Cleanup(f func()) { c.cleanups = append(c.cleanups, f) }

func (c *cleaned) clean() {
	for _, f := range slices.Backward(c.cleanups) {
		f()
	}
}

type key struct{}

func TestBrowser_doesDirectly(t *testing.T) {
	w := latchkeytest.New(t)
	app := w.NewApp("shop", func(*latchkeytest.App) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			http.SetCookie(w, &http.Cookie{Name: "kept", Value: "1"})
			fmt.Fprint(w, r.Context().Value(key{}), " ", r.Method, " ", r.RequestURI, " ", r.Host, " ", r.Header.Get("Cookie"))
		})
	})
	b := w.NewBrowser()
	for _, want := range []string{"passed POST /a?b shop.example.com ", "passed POST /a?b shop.example.com kept=1"} {
		r := app.NewRequest(context.WithValue(t.Context(), key{}, "passed"), "POST", "/a?b", "")
		got, err := latchkeytest.Read(b.DoDirectly(app, r))
		if err != nil || got.Status != 200 || got.Body != want {
			t.Errorf("%v, %v, want %q", got, err, want)
		}
	}
}

func TestApp_closeEndsItsConnections(t *testing.T) {
	w := latchkeytest.New(t)
	app := w.NewApp("shop", nil)
	b := w.NewBrowser()
	want(t, b.Get(app, "/api/user"), 404, "not_logged_in", "")
	app.Close()
	if _, err := b.Do(app, app.NewRequest(t.Context(), "GET", "/api/user", "")); err == nil {
		t.Error("it still answers")
	}
}
