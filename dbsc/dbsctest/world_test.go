package dbsctest_test

import (
	"encoding/json"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey/dbsc"
	"github.com/latchkey-dev/latchkey/dbsc/dbsctest"
)

const (
	home      = "https://app.example.com/"
	offerC1   = `(ES256);path="/register";challenge="c1"`
	boundName = "__Host-bound"
)

// A world is a browser and a server that answers as the test says. Its time is that of a bubble of
// testing/synctest.
type world struct {
	*testing.T
	*dbsctest.Browser
	events []dbsctest.Event

	mu       sync.Mutex
	requests []*http.Request  // that came, in order
	register http.HandlerFunc // nil: a good answer for session s1
	refresh  http.HandlerFunc // nil: as for register
	page     http.HandlerFunc // nil: 200
}

func newWorld(t *testing.T) *world {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{T: t}
	w.Browser = &dbsctest.Browser{Jar: jar, Transport: w, Report: func(e dbsctest.Event) { w.events = append(w.events, e) }}
	w.register, w.refresh = good("s1"), good("s1")
	w.page = func(http.ResponseWriter, *http.Request) {}
	return w
}

// RoundTrip is the server.
func (w *world) RoundTrip(r *http.Request) (*http.Response, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.requests = append(w.requests, r)
	handler := w.page
	switch r.URL.Path {
	case "/register":
		handler = w.register
	case "/refresh":
		handler = w.refresh
	}
	if handler == nil {
		return nil, http.ErrServerClosed
	}
	recorder := httptest.NewRecorder()
	handler(recorder, r)
	resp := recorder.Result()
	resp.Request = r
	return resp, nil
}

// bind logs in: the session s1 is registered.
func (w *world) bind() {
	w.Helper()
	w.page = func(rw http.ResponseWriter, _ *http.Request) { rw.Header().Set(dbsc.HeaderRegistration, offerC1) }
	w.get(home)
	w.page = func(http.ResponseWriter, *http.Request) {}
	w.RunDue(w.Context())
	w.wantEvents(dbsctest.Event{Kind: dbsctest.Registered, SessionID: "s1"})
	w.requests = nil
}

// get makes a request of a page, and returns what arrived at the server.
func (w *world) get(url string, change ...func(*http.Request)) *http.Request {
	w.Helper()
	r, err := http.NewRequestWithContext(w.Context(), "GET", url, nil)
	if err != nil {
		w.Fatal(err)
	}
	for _, f := range change {
		f(r)
	}
	resp, err := w.Browser.RoundTrip(r)
	if err != nil {
		w.Fatal(err)
	}
	resp.Body.Close()
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.requests[len(w.requests)-1]
}

// posts returns the refreshes that came since, and forgets all requests.
func (w *world) posts() []*http.Request {
	w.mu.Lock()
	defer w.mu.Unlock()
	var posts []*http.Request
	for _, r := range w.requests {
		if r.URL.Path == "/refresh" {
			posts = append(posts, r)
		}
	}
	w.requests = nil
	return posts
}

// wantEvents compares the events since.
func (w *world) wantEvents(want ...dbsctest.Event) {
	w.Helper()
	same := len(w.events) == len(want)
	for i := 0; same && i < len(want); i++ {
		got := w.events[i]
		same = got.Kind == want[i].Kind && got.SessionID == want[i].SessionID && strings.Contains(got.Reason, want[i].Reason)
	}
	if !same {
		w.Errorf("events %+v, want %+v", w.events, want)
	}
	w.events = nil
}

// deleteBound deletes the bound cookie, which forces a refresh.
func (w *world) deleteBound() {
	u, _ := url.Parse(home)
	w.Jar.SetCookies(u, []*http.Cookie{{Name: boundName, Path: "/", Secure: true, MaxAge: -1}})
}

func boundCookie() *http.Cookie {
	return &http.Cookie{Name: boundName, Value: "v", Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteStrictMode, MaxAge: 600}
}

func instructions(id string) dbsc.Instructions {
	credential, err := dbsc.CredentialOf(boundCookie())
	if err != nil {
		panic(err)
	}
	return dbsc.Instructions{
		SessionID: id, RefreshURL: "/refresh",
		Scope: dbsc.Scope{Rules: []dbsc.ScopeRule{
			{Type: dbsc.Exclude, Domain: "*", Path: "/static"}, {Type: dbsc.Include, Domain: "app.example.com", Path: "/static/in"},
		}},
		Credentials: []dbsc.Credential{credential},
	}
}

// good sets a bound cookie, and gives whole instructions.
func good(id string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, boundCookie())
		json.NewEncoder(w).Encode(instructions(id))
	}
}

// challenge adds a challenge to an answer, or is a 403 with one.
func challenge(value string, then http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := (dbsc.Challenge{Value: value, SessionID: "s1"}).AddTo(w.Header()); err != nil {
			panic(err)
		}
		then(w, r)
	}
}

func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

func text(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte(body)) }
}

// challenging wants a proof of the challenge, as servers do.
func challenging(value string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if jti(r) == value {
			good("s1")(w, r)
		} else {
			challenge(value, status(http.StatusForbidden))(w, r)
		}
	}
}

// jti is the challenge that a request proves, or "".
func jti(r *http.Request) string {
	text, _ := dbsc.Response(r.Header)
	if p, err := dbsc.ParseProof(text); err == nil {
		return p.Challenge
	}
	return ""
}

func hasBound(r *http.Request) bool {
	_, err := r.Cookie(boundName)
	return err == nil
}

const boundLife = 600 * time.Second
