package account_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/account"
	"github.com/latchkey-dev/latchkey/fusionauth"
	"github.com/latchkey-dev/latchkey/idp"
	"github.com/latchkey-dev/latchkey/idp/idptest"
	"github.com/latchkey-dev/latchkey/latchkeytest"
)

const (
	ada   = "ada@example.com"
	fresh = "a new password for a new day"
)

// world is an app with accounts: a guard and the routes of this package over the real provider.
type world struct {
	*testing.T
	*latchkeytest.World
	provider    *idptest.Provider
	application idp.Application
	app         *latchkeytest.App
	user        idp.User // ada
	url         string
	letters     chan idp.Mail
	// what a browser does while its new password is being set; nil: it waits
	hangUp   func()
	revoked  chan struct{} // once for each refresh token that the guard revokes
	accounts *account.Handler
	log      *latchkeytest.Log // what the operator sees, errors only
}

func newWorld(t *testing.T, registration account.Registration) *world {
	t.Helper()
	w := &world{T: t, letters: make(chan idp.Mail, 20), revoked: make(chan struct{}, 20), log: &latchkeytest.Log{}, url: "https://shop.example.com"}
	log := slog.New(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: slog.LevelError}))
	w.World = latchkeytest.New(t, latchkeytest.WithLogger(log), latchkeytest.WithProvider(func(c *idp.Config) {
		c.Logger = slog.New(slog.DiscardHandler)
		c.SendMail = func(_ context.Context, m idp.Mail) error { w.letters <- m; return nil }
	}))
	w.provider = w.Provider()
	w.application = w.provider.AddApplication(idp.Application{Name: "Shop", PageURL: w.url})
	w.user = w.provider.AddUser(ada, w.application.ID)
	tenant := idp.Tenant{Name: "Default"}
	if registration == account.RegistrationVerified {
		tenant.VerifyEmail, tenant.UnverifiedBehavior = true, idp.UnverifiedGated
	}
	if err := w.provider.EnsureTenant(t.Context(), tenant); err != nil {
		t.Fatal(err)
	}
	client := w.Client(w.application, func(c *fusionauth.Config) {
		c.APIKey, c.Transport = w.backendKey(), w.watch(c.Transport)
	})
	w.app = w.Start(w.Config("shop", client), func(a *latchkeytest.App) http.Handler {
		var err error
		w.accounts, err = account.New(account.Config{Guard: a.Guard, Client: client, Origin: w.url, Registration: registration, Issuer: "Shop", Logger: log, Now: w.Clock.Now})
		if err != nil {
			t.Fatal(err)
		}
		return w.routes(a.Guard)
	})
	t.Cleanup(func() {
		w.app.Close()
		w.accounts.Close()
	})
	return w
}

// backendKey may make the calls that the package lists, and no others.
func (w *world) backendKey() latchkey.Secret {
	w.Helper()
	key := idp.APIKey{Key: strings.Repeat("k", 40), Endpoints: map[string][]string{"/api/login": {"POST"}, "/api/jwt/refresh": {"DELETE"}}}
	for path, methods := range account.Endpoints {
		key.Endpoints[path] = methods
	}
	if err := w.provider.EnsureAPIKey(w.Context(), key); err != nil {
		w.Fatal(err)
	}
	return latchkey.Secret(key.Key)
}

// watch records the backend's calls to the provider.
func (w *world) watch(next http.RoundTripper) http.RoundTripper {
	return roundTrip(func(r *http.Request) (*http.Response, error) {
		answer, err := next.RoundTrip(r)
		if hangUp := w.hangUp; hangUp != nil && strings.HasPrefix(r.URL.Path, "/api/user/change-password") && r.Method == "POST" {
			hangUp()
			err = errors.Join(err, r.Context().Err())
		}
		if r.Method == "DELETE" && strings.HasPrefix(r.URL.Path, "/api/jwt/refresh/") {
			w.revoked <- struct{}{}
		}
		return answer, err
	})
}

func (w *world) routes(guard *latchkey.Guard) http.Handler {
	mux := http.NewServeMux()
	login := guard.Handler()
	mux.HandleFunc("/api/", func(rw http.ResponseWriter, r *http.Request) {
		if w.accounts.Serves(r.URL.Path) {
			w.accounts.ServeHTTP(rw, r)
			return
		}
		login.ServeHTTP(rw, r)
	})
	mux.Handle("/api/private", guard.Protect(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) { io.WriteString(rw, "{}") })))
	return mux
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func (w *world) pass(d time.Duration) { w.Clock.Advance(d) }

// moveAda gives ada another address, and so gives up her old one.
func (w *world) moveAda(to string) {
	w.Helper()
	r := httptest.NewRequest("PATCH", "/api/user/"+w.user.ID, strings.NewReader(`{"user": {"email": "`+to+`"}}`))
	r.Header.Set("Authorization", w.provider.APIKey)
	r.Header.Set("Content-Type", "application/json")
	rec := httptest.NewRecorder()
	if w.provider.Server.ServeHTTP(rec, r); rec.Code != 200 {
		w.Fatalf("move ada: %d %s", rec.Code, rec.Body)
	}
}

// link returns the fragment of the link in the next mail.
func (w *world) link(to, what string) string {
	w.Helper()
	select {
	case m := <-w.letters:
		_, id, found := strings.Cut(m.Text, w.url+"/#"+what+"=")
		if !found || m.To != to {
			w.Fatalf("letter to %s: %s\nwant %s for %s", m.To, m.Text, what, to)
		}
		id, _, _ = strings.Cut(id, "\n")
		return id
	case <-time.After(10 * time.Second):
		w.Fatal("no letter")
		return ""
	}
}

type browser struct {
	*latchkeytest.Browser
	w *world
}

func (w *world) browser() *browser { return &browser{w.NewBrowser(), w} }

type object map[string]any

type reply struct {
	t      *testing.T
	status int
	header http.Header
	body   object
}

// send makes a request like the app's own page.
func (b *browser) send(method, path string, body object, change ...func(*http.Request)) reply {
	b.w.Helper()
	text := ""
	if body != nil {
		encoded, err := json.Marshal(body)
		if err != nil {
			b.w.Fatal(err)
		}
		text = string(encoded)
	}
	answer := b.Send(b.w.app, method, path, text, change...)
	got := reply{t: b.w.T, status: answer.Status, header: answer.Header}
	if answer.Body != "" && json.Unmarshal([]byte(answer.Body), &got.body) != nil {
		b.w.Fatalf("%s %s: %s", method, path, answer.Body)
	}
	return got
}

func (b *browser) post(path string, body object) reply {
	b.w.Helper()
	return b.send("POST", path, body)
}

func (b *browser) login(more object) reply {
	b.w.Helper()
	body := object{"email": ada, "password": idptest.Password}
	for k, v := range more {
		body[k] = v
	}
	return b.post("/api/login", body)
}

// want checks the status and the code of a problem.
func (r reply) want(status int, code string) reply {
	r.t.Helper()
	if got, _ := r.body["code"].(string); r.status != status || got != code {
		r.t.Fatalf("status %d %v, want %d %s", r.status, r.body, status, code)
	}
	return r
}

func (r reply) text(name string) string {
	r.t.Helper()
	s, _ := r.body[name].(string)
	return s
}

// refreshTokens counts ada's refresh tokens.
func (w *world) refreshTokens() int {
	w.Helper()
	r := httptest.NewRequest("GET", "/api/jwt/refresh?userId="+w.user.ID, nil)
	r.Header.Set("Authorization", w.provider.APIKey)
	rec := httptest.NewRecorder()
	w.provider.Server.ServeHTTP(rec, r)
	if rec.Code != 200 {
		w.Fatalf("list refresh tokens: %d %s", rec.Code, rec.Body)
	}
	return strings.Count(rec.Body.String(), `"startInstant"`)
}
