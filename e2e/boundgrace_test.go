package e2e_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// TestBound_requestsUnderWay: requests that left before the browser had a bound cookie arrive when
// the session is bound, and are served.
func TestBound_requestsUnderWay(t *testing.T) {
	t.Parallel()
	s, b := newWorldAt(t, secure).store, newBinder(t)
	registered, arrived := make(chan struct{}), make(chan struct{})
	s.front.answer(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == registerRoute:
			<-registered
		case strings.HasPrefix(r.URL.RawQuery, "early"):
			<-arrived
		}
		s.app.ServeHTTP(w, r)
	})
	p := s.enterAndLogIn(b.browser)
	s.forget()
	read[bool](p, fmt.Sprintf(`(window.early = Promise.all([1, 2, 3, 4].map(i => fetch(%q + i).then(r => r.text()))), true)`, s.protected+"?early"))
	s.awaitUnderWay(1 + 4)
	close(registered)
	s.awaitBound(b, p)
	close(arrived)
	read[[]string](p, "window.early")
	early := 0
	for _, e := range s.wire.to(s, s.protected) {
		if e.status != http.StatusOK {
			t.Errorf("%d %s", e.status, e.body)
		}
		if e.cookies()[boundCookie] == "" {
			early++
		}
	}
	if early != 4 {
		t.Errorf("%d requests came without a bound cookie, want 4", early)
	}
}
