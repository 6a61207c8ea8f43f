package latchkey_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/dbsc"
	"github.com/latchkey-dev/latchkey/dbsc/dbsctest"
	"github.com/latchkey-dev/latchkey/internal/formattest"
	"github.com/latchkey-dev/latchkey/internal/onetime"
	"github.com/latchkey-dev/latchkey/memstore"
)

// FuzzDeviceRoutes: whatever comes to the routes of device binding, a browser gets one of the few
// answers that it knows. The sessions are those of samples, so that what is genuine in the corpus
// is so in each process.
func FuzzDeviceRoutes(f *testing.F) {
	s := formattest.Load(f, "testdata/formats/v2bound")
	keys, err := latchkey.ParseKeys(s.Keys)
	must(f, err)
	store := memstore.New()
	s.Fill(f, store)
	guard, err := latchkey.New(latchkey.Config{
		Origin: s.Origin, App: s.App, Keys: keys, Store: store, Provider: onetime.New(), Logger: discard, Now: func() time.Time { return s.Now },
	})
	must(f, err)
	f.Cleanup(func() { guard.Close(f.Context()) })
	for _, name := range []string{formattest.Bound, formattest.Registered} {
		session, jar := s.Session(f, name), s.Cookies[name]
		cookies := "__Host-session=" + jar.Session + "; __Host-refresh=" + jar.Refresh
		for _, challenge := range []string{session.Challenge, challengeOf(f, guard, session.ID)} {
			proof, err := dbsctest.SignProof(session.Key, dbsc.Claims{Challenge: challenge})
			must(f, err)
			registration, err := dbsctest.SignRegistration(session.Key, dbsc.Claims{Challenge: challenge})
			must(f, err)
			f.Add("POST", session.ID, proof, cookies, "no-cors", s.Origin)
			f.Add("POST", session.ID, registration, cookies, "", "")
			f.Add("POST", session.ID, proof[1:], "", "cors", "null")
		}
	}
	f.Add("HEAD", "x", "a.b.c", "__Host-refresh=x; __Host-refresh=y", "navigate", "https://evil.example")
	f.Fuzz(func(t *testing.T, method, id, response, cookie, mode, origin string) {
		r := httptest.NewRequest("POST", s.Origin, nil)
		r.Method = method
		for name, value := range map[string]string{dbsc.HeaderSessionID: id, dbsc.HeaderResponse: response, "Cookie": cookie, "Sec-Fetch-Mode": mode, "Origin": origin} {
			if value != "" {
				r.Header[name] = []string{value}
			}
		}
		refresh, register := httptest.NewRecorder(), httptest.NewRecorder()
		guard.ServeDeviceRefresh(refresh, r)
		switch challenged := refresh.Header().Get(dbsc.HeaderChallenge) != ""; refresh.Code {
		case http.StatusOK, http.StatusServiceUnavailable:
		case http.StatusForbidden:
			if !challenged {
				t.Error("refresh: 403 without a challenge")
			}
		default:
			t.Errorf("refresh: %d %s", refresh.Code, refresh.Body)
		}
		guard.ServeDeviceRegistration(register, r)
		switch register.Code {
		case http.StatusOK, http.StatusForbidden, http.StatusServiceUnavailable:
		default:
			t.Errorf("registration: %d %s", register.Code, register.Body)
		}
	})
}

// challengeOf returns a challenge of now for a session.
func challengeOf(t testing.TB, guard *latchkey.Guard, id string) string {
	t.Helper()
	r := httptest.NewRequest("POST", deviceRefreshRoute, nil)
	r.Header.Set(dbsc.HeaderSessionID, id)
	answer := httptest.NewRecorder()
	guard.ServeDeviceRefresh(answer, r)
	challenges, err := dbsc.ParseChallenges(answer.Header())
	if err != nil || len(challenges) != 1 {
		t.Fatalf("%d %s, challenges %v: %v", answer.Code, answer.Body, challenges, err)
	}
	return challenges[0].Value
}
