package account_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/account"
	"github.com/latchkey-dev/latchkey/fusionauth"
	"github.com/latchkey-dev/latchkey/idp"
	"github.com/latchkey-dev/latchkey/idp/idptest"
	"github.com/latchkey-dev/latchkey/memstore"
)

const (
	ada   = "ada@example.com"
	fresh = "a new password for a new day"
)

// world is an app with accounts: a guard and the routes of this package over the real provider, with TLS and a clock.
type world struct {
	*testing.T
	provider *idptest.Provider
	app      idp.Application
	user     idp.User // ada
	url      string
	server   *httptest.Server
	letters  chan idp.Mail
	hangUp   func()        // what a browser does while its new password is being set; nil: it waits
	revoked  chan struct{} // once for each refresh token that the guard revokes
	accounts *account.Handler
	moved    atomic.Int64
	log      bytes.Buffer // what the operator is told, of errors alone; read it when the handlers are done
}

func newWorld(t *testing.T, registration account.Registration) *world {
	t.Helper()
	w := &world{T: t, letters: make(chan idp.Mail, 20), revoked: make(chan struct{}, 20)}
	w.provider = idptest.New(t, idptest.WithConfig(func(c *idp.Config) {
		c.Now = w.now
		c.SendMail = func(_ context.Context, m idp.Mail) error { w.letters <- m; return nil }
	}))
	mux := http.NewServeMux()
	w.server = httptest.NewUnstartedServer(mux)
	w.url = "https://shop.example.com" // which the server's client finds
	w.app = w.provider.AddApplication(idp.Application{Name: "Shop", PageURL: w.url})
	w.user = w.provider.AddUser(ada, w.app.ID)
	tenant := idp.Tenant{Name: "Default"}
	if registration == account.RegistrationVerified {
		tenant.VerifyEmail, tenant.UnverifiedBehavior = true, idp.UnverifiedGated
	}
	if err := w.provider.EnsureTenant(t.Context(), tenant); err != nil {
		t.Fatal(err)
	}
	// The backend's key may call what the package says, and nothing else.
	key := idp.APIKey{Key: strings.Repeat("k", 40), Endpoints: map[string][]string{"/api/login": {"POST"}, "/api/jwt/refresh": {"DELETE"}}}
	for path, methods := range account.Endpoints {
		key.Endpoints[path] = methods
	}
	if err := w.provider.EnsureAPIKey(t.Context(), key); err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(&w.log, &slog.HandlerOptions{Level: slog.LevelError}))
	client, err := fusionauth.New(fusionauth.Config{URL: w.provider.URL, APIKey: latchkey.Secret(key.Key), ApplicationID: w.app.ID, PasswordCheckedFirst: true, Now: w.now,
		Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			answer, err := http.DefaultTransport.RoundTrip(r)
			if hangUp := w.hangUp; hangUp != nil && strings.HasPrefix(r.URL.Path, "/api/user/change-password") && r.Method == "POST" {
				hangUp()
				err = errors.Join(err, r.Context().Err())
			}
			if r.Method == "DELETE" && strings.HasPrefix(r.URL.Path, "/api/jwt/refresh/") {
				w.revoked <- struct{}{}
			}
			return answer, err
		})})
	if err != nil {
		t.Fatal(err)
	}
	guard, err := latchkey.New(latchkey.Config{Origin: w.url, App: "shop", Provider: client, Store: memstore.New(), Keys: latchkey.KeyRing{latchkey.NewKey()}, Now: w.now, Logger: log})
	if err != nil {
		t.Fatal(err)
	}
	w.accounts, err = account.New(account.Config{Guard: guard, Client: client, Origin: w.url, Registration: registration, Issuer: "Shop", Logger: log, Now: w.now})
	if err != nil {
		t.Fatal(err)
	}
	login := guard.Handler()
	mux.HandleFunc("/api/", func(rw http.ResponseWriter, r *http.Request) {
		if w.accounts.Serves(r.URL.Path) {
			w.accounts.ServeHTTP(rw, r)
			return
		}
		login.ServeHTTP(rw, r)
	})
	mux.Handle("/api/private", guard.Protect(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) { io.WriteString(rw, "{}") })))
	w.server.StartTLS()
	t.Cleanup(func() {
		w.server.Close()
		w.accounts.Close()
		guard.Close(context.WithoutCancel(t.Context()))
	})
	return w
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func (w *world) now() time.Time { return time.Now().Add(time.Duration(w.moved.Load())) }

func (w *world) pass(d time.Duration) { w.moved.Add(int64(d)) }

// moveAda gives ada another address, and so her old one away.
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

// link returns what stands behind the # of the link in the next letter.
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

// A browser keeps cookies.
type browser struct {
	w      *world
	client http.Client
}

func (w *world) browser() *browser {
	jar, _ := cookiejar.New(nil)
	b := &browser{w, *w.server.Client()}
	b.client.Jar = jar
	return b
}

type object map[string]any

type reply struct {
	t      *testing.T
	status int
	header http.Header
	body   object
}

// send makes a request as the app's own page does.
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
	r, err := http.NewRequestWithContext(b.w.Context(), method, b.w.url+path, strings.NewReader(text))
	if err != nil {
		b.w.Fatal(err)
	}
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.Header.Set("Origin", b.w.url)
	r.Header.Set("Content-Type", "application/json")
	for _, f := range change {
		f(r)
	}
	resp, err := b.client.Do(r)
	if err != nil {
		b.w.Fatal(err)
	}
	defer resp.Body.Close()
	content, err := io.ReadAll(resp.Body)
	if err != nil {
		b.w.Fatal(err)
	}
	got := reply{t: b.w.T, status: resp.StatusCode, header: resp.Header}
	if len(content) > 0 && json.Unmarshal(content, &got.body) != nil {
		b.w.Fatalf("%s %s: %s", method, path, content)
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

// refreshTokens counts those of ada.
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
