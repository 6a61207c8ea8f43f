package latchkey_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/go-chi/chi/v5"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/account"
	"github.com/latchkey-dev/latchkey/fusionauth"
	"github.com/latchkey-dev/latchkey/idp"
	"github.com/latchkey-dev/latchkey/idp/idptest"
	"github.com/latchkey-dev/latchkey/latchkeytest"
)

// The routes of guard and account work below another path, beside the app's own, however they are
// mounted.
func TestBasePath_mounted(t *testing.T) {
	products := func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "[]") }
	for name, c := range map[string]struct {
		base  string
		mount func(guard, accounts http.Handler) http.Handler
	}{
		"http.ServeMux": {"/auth", func(guard, accounts http.Handler) http.Handler {
			mux := http.NewServeMux()
			mux.Handle("/auth/", guard)
			mux.Handle("/auth/forgot-password", accounts)
			mux.HandleFunc("/api/products", products)
			return mux
		}},
		"http.StripPrefix": {"/", func(guard, accounts http.Handler) http.Handler {
			mux := http.NewServeMux()
			mux.Handle("/auth/", http.StripPrefix("/auth", guard))
			mux.Handle("/auth/forgot-password", http.StripPrefix("/auth", accounts))
			mux.HandleFunc("/api/products", products)
			return mux
		}},
		"chi's Mount": {"/auth/", func(guard, accounts http.Handler) http.Handler {
			r := chi.NewRouter()
			r.Mount("/auth", guard)
			r.Handle("/auth/forgot-password", accounts)
			r.Get("/api/products", products)
			return r
		}},
		"chi's Route": {"/v1/auth", func(guard, accounts http.Handler) http.Handler {
			r := chi.NewRouter()
			r.Route("/v1", func(r chi.Router) {
				r.Mount("/auth", guard)
				r.Handle("/auth/forgot-password", accounts)
			})
			r.Get("/api/products", products)
			root := http.NewServeMux()
			root.Handle("/auth/", http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
				req.URL.Path = "/v1" + req.URL.Path
				r.ServeHTTP(w, req)
			}))
			root.Handle("/", r)
			return root
		}},
	} {
		t.Run(name, func(t *testing.T) {
			w := latchkeytest.New(t)
			application := w.Provider().AddApplication(idp.Application{Name: "shop"})
			client := w.Client(application)
			config := w.Config("shop", client)
			config.BasePath = c.base
			app := w.Start(config, func(a *latchkeytest.App) http.Handler {
				return c.mount(a.Guard.Handler(), accountsOf(t, a.Guard, client, config))
			})
			w.Provider().AddUser("ada@example.com", application.ID)

			b := w.NewBrowser()
			want := func(method, path, body string, status int) {
				t.Helper()
				if got := b.Send(app, method, path, body); got.Status != status {
					t.Errorf("%s %s: %d %s, want %d", method, path, got.Status, got.Body, status)
				}
			}
			want("GET", "/api/products", "", 200)
			want("GET", "/auth/user", "", 404)
			want("POST", "/auth/login", `{"email":"ada@example.com","password":"`+idptest.Password+`"}`, 200)
			want("GET", "/auth/user", "", 200)
			want("GET", "/auth/sessions", "", 200)
			want("DELETE", "/auth/sessions/"+w.Store.Records()[0].ID.String(), "", 204)
			want("GET", "/auth/user", "", 404)
			want("POST", "/auth/forgot-password", `{"email":"nobody@example.com"}`, 202)
			want("POST", "/auth/logout", "", 204)
			want("GET", "/api/user", "", 404)
		})
	}
}

func accountsOf(t *testing.T, guard *latchkey.Guard, client *fusionauth.Client, c latchkey.Config) http.Handler {
	h, err := account.New(account.Config{Guard: guard, Client: client, Origin: c.Origin})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.Close)
	if path := guard.BasePath() + "/forgot-password"; !h.Serves(path) || h.Serves("/other"+path) || !h.Serves(guard.BasePath()+"/passkeys/1/remove") {
		t.Errorf("%s is not a route", path)
	}
	return h
}

func TestBasePath_plain(t *testing.T) {
	for _, base := range []string{"auth", "/a//b", "/a/../b", "//", "/a?b", "/{id}", "/ä", "/a b"} {
		_, err := latchkey.New(latchkey.Config{BasePath: base})
		if err == nil || !strings.Contains(err.Error(), "Config.BasePath") {
			t.Errorf("%q: %v", base, err)
		}
	}
}
