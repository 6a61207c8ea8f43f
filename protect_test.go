package latchkey_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

// No answer with new cookies may be stored on the way, whatever the handler says of it.
func TestProtect_responsesWithCookiesAreNotStored(t *testing.T) {
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

func TestProtect_nestedGuards(t *testing.T) {
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
		// another guard's session is none of ours
		mixed := w.forums.guard.Identify(w.shop.guard.Protect(http.NotFoundHandler()))
		rec = httptest.NewRecorder()
		other := newBrowser()
		other.login(w.forums)
		mixed.ServeHTTP(rec, other.request(w.forums, "/x"))
		if rec.Code != 401 {
			t.Errorf("with the login of another app: %d", rec.Code)
		}
	})
}

func TestIdentify_letsEverybodyThrough(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		b := newBrowser()
		if got := b.get(w.shop, "/api/public"); got.status != 200 || got.body != "nobody" || got.minted {
			t.Errorf("anonymous: %d %s", got.status, got.body)
		}
		b.login(w.shop)
		b.get(w.shop, "/api/public").ok(t, false)
		time.Sleep(time.Hour)
		b.get(w.shop, "/api/public").ok(t, true)
		w.faults.set(answer(500, "", ""))
		time.Sleep(time.Hour)
		if got := b.get(w.shop, "/api/public"); got.status != 200 || got.body != "nobody" {
			t.Errorf("provider down: %d %s", got.status, got.body)
		}
		w.faults.set(nil)
		b.get(w.shop, "/api/public").ok(t, true)
	})
}
