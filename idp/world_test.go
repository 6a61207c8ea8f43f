package idp_test

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey/idp"
	"github.com/latchkey-dev/latchkey/idp/idptest"
)

// world is a provider with a clock, one application and one user.
type world struct {
	*idptest.Provider
	t     *testing.T
	clock *clock
	app   idp.Application
	user  idp.User
}

// clock stands still until it is moved.
type clock struct{ ms atomic.Int64 }

func (c *clock) now() time.Time { return time.UnixMilli(c.ms.Load()) }

func (c *clock) advance(d time.Duration) { c.ms.Add(d.Milliseconds()) }

const clientSecret = "a client secret: 100%+&="

func newWorld(t *testing.T, options ...idptest.Option) *world {
	t.Helper()
	return newWorldOf(t, idp.Application{ClientSecret: clientSecret}, options...)
}

func newWorldOf(t *testing.T, app idp.Application, options ...idptest.Option) *world {
	t.Helper()
	c := new(clock)
	c.ms.Store(time.Date(2030, 1, 1, 12, 0, 0, 0, time.UTC).UnixMilli())
	options = append([]idptest.Option{idptest.WithoutSocket(), idptest.WithConfig(func(cfg *idp.Config) { cfg.Now, cfg.Postgres = c.now, emptyPostgres(t) })}, options...)
	w := &world{Provider: idptest.New(t, options...), t: t, clock: c}
	w.app = w.AddApplication(app)
	w.user = w.AddUser("ada@example.com", w.app.ID)
	return w
}

// answer is what came back.
type answer struct {
	t      *testing.T
	status int
	header http.Header
	body   string
}

// send makes one request. Header pairs are name, value.
func (w *world) send(method, path, contentType, body string, header ...string) answer {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), method, w.URL+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := w.Client.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	a := answer{w.t, resp.StatusCode, resp.Header, string(b)}
	documented(w.t, method, path, contentType, body, a)
	return a
}

// keyed is send with the API key and, if there is a body, as JSON.
func (w *world) keyed(method, path, body string, header ...string) answer {
	w.t.Helper()
	contentType := ""
	if body != "" {
		contentType = "application/json"
	}
	return w.send(method, path, contentType, body, append([]string{"Authorization", w.APIKey}, header...)...)
}

type object map[string]any

func (o object) String() string {
	b, err := json.Marshal(o)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// login posts the login of ada, changed by more.
func (w *world) login(more object, header ...string) answer {
	w.t.Helper()
	req := object{"loginId": "ada@example.com", "password": idptest.Password, "applicationId": w.app.ID}
	maps.Copy(req, more)
	return w.keyed("POST", "/api/login", req.String(), header...)
}

// loggedIn returns ada's refresh token and its id.
func (w *world) loggedIn() (token, id string) {
	w.t.Helper()
	a := w.login(nil).want(http.StatusOK)
	return a.text("refreshToken"), a.text("refreshTokenId")
}

func (w *world) refresh(token string, header ...string) answer {
	w.t.Helper()
	return w.send("POST", "/api/jwt/refresh", "application/json", object{"refreshToken": token}.String(), header...)
}

// exchange posts to /oauth2/token. Pairs are name, value, and come on top of a
// complete request; an empty value takes a parameter out.
func (w *world) exchange(token string, pairs ...string) answer {
	w.t.Helper()
	form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}, "client_id": {w.app.ID}, "client_secret": {clientSecret}}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	return w.send("POST", "/oauth2/token", "application/x-www-form-urlencoded", form.Encode())
}

// want checks the status, and what holds for every answer: nothing is stored
// on the way, no cookie, no CORS, and a failure is empty or JSON.
func (a answer) want(status int) answer {
	a.t.Helper()
	if a.status != status {
		a.t.Fatalf("status %d, want %d; body %q", a.status, status, a.body)
	}
	if cc := a.header.Get("Cache-Control"); cc != "no-store" {
		a.t.Errorf("Cache-Control %q", cc)
	}
	for _, name := range []string{"Set-Cookie", "Access-Control-Allow-Origin"} {
		if v := a.header.Get(name); v != "" {
			a.t.Errorf("%s: %s", name, v)
		}
	}
	if ct := a.header.Get("Content-Type"); a.body == "" && ct != "" || a.body != "" && (ct != "application/json;charset=UTF-8" || !json.Valid([]byte(a.body))) {
		a.t.Errorf("content type %q with body %q", ct, a.body)
	}
	return a
}

// wantEmpty is want for an answer without a body.
func (a answer) wantEmpty(status int) answer {
	a.t.Helper()
	a.want(status)
	if a.body != "" {
		a.t.Errorf("body %q, want none", a.body)
	}
	return a
}

// wantCode is want for a 400 whose body has this error and no other.
func (a answer) wantCode(code string) answer {
	a.t.Helper()
	a.want(http.StatusBadRequest)
	var body struct {
		FieldErrors   map[string][]struct{ Code, Message string }
		GeneralErrors []struct{ Code, Message string }
	}
	a.decode(&body)
	n := len(body.GeneralErrors)
	found := n == 1 && body.GeneralErrors[0].Code == code
	for field, errs := range body.FieldErrors {
		for _, e := range errs {
			n++
			found = found || e.Code == code && strings.HasSuffix(code, "]"+field) && e.Message != ""
		}
	}
	if !found || n != 1 {
		a.t.Errorf("errors %s, want just %s", a.body, code)
	}
	return a
}

func (a answer) decode(v any) {
	a.t.Helper()
	if err := json.Unmarshal([]byte(a.body), v); err != nil {
		a.t.Fatalf("%v in %q", err, a.body)
	}
}

// text returns a string member of the JSON body, or "".
func (a answer) text(name string) string {
	a.t.Helper()
	var body map[string]any
	a.decode(&body)
	s, _ := body[name].(string)
	return s
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
