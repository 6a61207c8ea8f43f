package e2e_test

import (
	"bytes"
	"maps"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// TestUnbound: where binding fails, the session goes on as in a browser that cannot bind.
func TestUnbound(t *testing.T) {
	for _, c := range []struct {
		name, app string
		told      string // by the browser
		way       func(*site) http.HandlerFunc
	}{
		{"answer lost", "store", "creation NetError", loseRegistration},
		{"instructions refused", "forums", "creation InvalidCredentialsCookieUnpermittedAttribute", spoilInstructions},
		{"offer dropped", "store", "", dropOffer},
		{"key dropped", "forums", "creation RegistrationAttemptedChallenge", dropKey},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s, b := newWorldAt(t, secure).site(c.app), newBinder(t)
			s.front.answer(c.way(s))
			p := s.enterAndLogIn(b.browser)
			if c.told != "" {
				b.awaitTold(c.told)
			}
			s.wantUnbound(p)
		})
	}
}

// TestUnbound_browserCannot is a browser that knows nothing of device-bound sessions.
func TestUnbound_browserCannot(t *testing.T) {
	t.Parallel()
	w, b := newWorldAt(t, secure), newBrowser(t)
	for _, s := range w.sites() {
		p := s.enterAndLogIn(b)
		s.wantUnbound(p)
		s.act(p)
		s.seeActed(p, 1)
		if n := len(s.wire.to(s, "/api/dbsc/")); n != 0 {
			t.Errorf("%s: %d requests to bind the session", s.name, n)
		}
	}
}

// wantUnbound fails the test unless the session is served for longer than two of its caps, without
// a proof.
func (s *site) wantUnbound(p *tab) {
	s.Helper()
	if s.deviceBound(p) {
		s.Error("the list of sessions says that this one is bound")
	}
	for at := 20 * time.Minute; at <= 2*sessionCap+20*time.Minute; at += 20 * time.Minute {
		s.clock.advance(20 * time.Minute)
		s.wantServed("after "+at.String(), s.asPage(p))
	}
	if n := s.proofs(); n != 0 {
		s.Errorf("%d proofs", n)
	}
}

// loseRegistration breaks the connection when the key is registered.
func loseRegistration(s *site) http.HandlerFunc {
	return s.altered(registerRoute, func(rec *httptest.ResponseRecorder) { panic(http.ErrAbortHandler) })
}

// spoilInstructions adds an attribute that Chromium does not want there.
func spoilInstructions(s *site) http.HandlerFunc {
	return s.altered(registerRoute, func(rec *httptest.ResponseRecorder) {
		spoilt := bytes.Replace(rec.Body.Bytes(), []byte("Path=/;"), []byte("Path=/; Max-Age=720;"), 1)
		rec.Body = bytes.NewBuffer(spoilt)
		rec.Header().Del("Content-Length")
	})
}

// dropOffer is a proxy that passes no header on which it does not know.
func dropOffer(s *site) http.HandlerFunc {
	return s.altered("/api/login", func(rec *httptest.ResponseRecorder) {
		if rec.Header().Get("Secure-Session-Registration") == "" {
			s.Error("the login makes no offer to bind the session")
		}
		rec.Header().Del("Secure-Session-Registration")
	})
}

// dropKey is one that does the same with requests.
func dropKey(s *site) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		r.Header.Del("Secure-Session-Response")
		s.app.ServeHTTP(w, r)
	}
}

// altered is the app, behind a proxy that changes its answers at one path.
func (s *site) altered(path string, change func(*httptest.ResponseRecorder)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != path {
			s.app.ServeHTTP(w, r)
			return
		}
		rec := httptest.NewRecorder()
		s.app.ServeHTTP(rec, r)
		change(rec)
		maps.Copy(w.Header(), rec.Header())
		w.WriteHeader(rec.Code)
		w.Write(rec.Body.Bytes())
	}
}
