package formattest

import (
	"crypto"
	"crypto/x509"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/latchkey-dev/latchkey/dbsc"
	"github.com/latchkey-dev/latchkey/dbsc/dbsctest"
)

// Cookies are the cookies of one browser, which has no other app. They do not expire.
type Cookies struct {
	Session, Refresh, Device string
	Bound                    string `json:",omitempty"`
}

func (c *Cookies) named() map[string]*string {
	return map[string]*string{"__Host-session": &c.Session, "__Host-refresh": &c.Refresh, "__Host-device": &c.Device, "__Host-bound": &c.Bound}
}

// Cookies makes them an [http.CookieJar].
func (c *Cookies) Cookies(*url.URL) (list []*http.Cookie) {
	for name, value := range c.named() {
		if *value != "" {
			list = append(list, &http.Cookie{Name: name, Value: *value})
		}
	}
	return list
}

// SetCookies keeps those of a response.
func (c *Cookies) SetCookies(_ *url.URL, set []*http.Cookie) {
	for _, cookie := range set {
		if value := c.named()[cookie.Name]; value != nil {
			*value = cookie.Value
		}
	}
}

// A Device is what a browser has beside the cookies of a session with a key.
type Device struct {
	Key          []byte // private, PKCS #8
	Challenge    string // for the next proof
	Instructions dbsc.Instructions
}

// deviceOf returns what a browser has of its only session.
func deviceOf(t *testing.T, b *dbsctest.Browser) Device {
	t.Helper()
	s := b.Sessions()[0]
	key, err := x509.MarshalPKCS8PrivateKey(s.Key)
	if err != nil {
		t.Fatal(err)
	}
	return Device{key, s.Challenge, s.Instructions}
}

// Session is what the browser of a session with a key knows of it.
func (s *Samples) Session(t testing.TB, name string) dbsctest.Session {
	t.Helper()
	d := s.Devices[name]
	key, err := x509.ParsePKCS8PrivateKey(d.Key)
	if err != nil {
		t.Fatal(err)
	}
	refresh, err := url.Parse(s.Origin + d.Instructions.RefreshURL)
	if err != nil {
		t.Fatal(err)
	}
	return dbsctest.Session{
		ID: d.Instructions.SessionID, Origin: s.Origin, RefreshURL: refresh, Instructions: d.Instructions,
		Key: key.(crypto.Signer), Challenge: d.Challenge,
	}
}

// browser returns a browser with these cookies. It registers keys with RunDue only.
func (w *world) browser(jar *Cookies) *dbsctest.Browser {
	return &dbsctest.Browser{Jar: jar, Now: w.now, Transport: server{w}}
}

// A server is the guard, without a network.
type server struct{ *world }

// RoundTrip is an [http.RoundTripper].
func (s server) RoundTrip(r *http.Request) (*http.Response, error) {
	mux := http.NewServeMux()
	mux.Handle("/api/", s.guard.Handler())
	mux.Handle("/private", s.guard.Protect(http.HandlerFunc(private)))
	answer := httptest.NewRecorder()
	mux.ServeHTTP(answer, r)
	resp := answer.Result()
	resp.Request = r
	return resp, nil
}

// request sends a request of a page, and follows redirections to the same place.
func (w *world) request(b *dbsctest.Browser, method, path, body string) (status int, answer string) {
	w.t.Helper()
	for range 3 {
		r := httptest.NewRequest(method, w.config.Origin+path, strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Origin", w.config.Origin)
		r.Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0")
		resp, err := b.RoundTrip(r)
		if err != nil {
			w.t.Fatal(err)
		}
		text, err := io.ReadAll(resp.Body)
		if err != nil {
			w.t.Fatal(err)
		}
		if status, answer = resp.StatusCode, string(text); status != http.StatusTemporaryRedirect {
			break
		}
	}
	return status, answer
}
