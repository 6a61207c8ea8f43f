package latchkey_test

import (
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"testing"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/dbsc"
	"github.com/latchkey-dev/latchkey/dbsc/dbsctest"
)

// BenchmarkDeviceRefresh is the route where browsers prove their keys: a proof costs a signature to
// verify, a post without one gets a challenge, and a forged one gets no further than the MAC of the
// session's id.
func BenchmarkDeviceRefresh(b *testing.B) {
	guard, _ := loggedIn(b)
	keys := boundBrowser(b, guard)
	session := keys.Sessions()[0]
	proof, err := dbsctest.SignProof(session.Key, dbsc.Claims{Challenge: challengeOf(b, guard, session.ID)})
	must(b, err)
	for _, c := range []struct {
		name, id, proof string
		status          int
	}{
		{"proof", session.ID, proof, 200},
		{"challenge", session.ID, "", 403},
		{"forged", forgedID(session.ID), proof, 503},
	} {
		b.Run(c.name, func(b *testing.B) {
			request := cookiesOf(keys, "POST", deviceRefreshRoute)
			request.Header.Set(dbsc.HeaderSessionID, c.id)
			request.Header.Set(dbsc.HeaderResponse, c.proof)
			b.ReportAllocs()
			for b.Loop() {
				answer := httptest.NewRecorder()
				guard.ServeDeviceRefresh(answer, request)
				if answer.Code != c.status {
					b.Fatalf("%d %s", answer.Code, answer.Body)
				}
			}
		})
	}
}

// boundBrowser returns a browser whose session is bound.
func boundBrowser(b *testing.B, guard *latchkey.Guard) *dbsctest.Browser {
	b.Helper()
	jar, err := cookiejar.New(nil)
	must(b, err)
	handler := guard.Handler()
	keys := &dbsctest.Browser{Jar: jar, Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		answer := httptest.NewRecorder()
		handler.ServeHTTP(answer, r)
		resp := answer.Result()
		resp.Request = r
		return resp, nil
	})}
	for _, r := range []*http.Request{loginRequest(), httptest.NewRequest("GET", "https://store.example.com/api/user", nil)} {
		resp, err := keys.RoundTrip(r)
		must(b, err)
		keys.RunDue(b.Context()) // it registers a key, then proves it
		if resp.StatusCode != 200 || len(keys.Sessions()) != 1 {
			b.Fatalf("%s: %d, %d keys", r.URL, resp.StatusCode, len(keys.Sessions()))
		}
	}
	return keys
}

// cookiesOf returns a request with a browser's cookies.
func cookiesOf(keys *dbsctest.Browser, method, path string) *http.Request {
	r := httptest.NewRequest(method, "https://store.example.com"+path, nil)
	for _, c := range keys.Jar.Cookies(r.URL) {
		r.AddCookie(c)
	}
	return r
}
