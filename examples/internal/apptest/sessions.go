package apptest

import "net/http"

// CheckSessions fails the test unless the app lets its users list and end their sessions. Protected
// is a path of the app that needs a login.
func (s *Site) CheckSessions(app http.Handler, protected string) {
	s.t.Helper()
	laptop := s.LoggedIn(app, "ada@example.com")
	phone, tablet := s.Another(app, "ada@example.com"), s.Another(app, "ada@example.com")
	if a := s.Anonymous(app).Do("GET", "/api/sessions", ""); a.Status != http.StatusUnauthorized || a.Code() != "login_required" {
		s.t.Errorf("list sessions without a login: %d %s", a.Status, a.Body)
	}

	current, others := s.sessions(phone)
	if current == "" || len(others) != 2 {
		s.t.Fatalf("the phone sees itself as %q, beside %q", current, others)
	}
	s.want(laptop, "DELETE", "/api/sessions/"+current, http.StatusNoContent, "")
	s.want(laptop, "DELETE", "/api/sessions/"+current, http.StatusNotFound, "not_found")
	s.want(phone, "GET", protected, http.StatusUnauthorized, "login_required")
	s.want(tablet, "GET", protected, http.StatusOK, "")

	s.want(laptop, "DELETE", "/api/sessions", http.StatusNoContent, "")
	s.want(tablet, "GET", protected, http.StatusUnauthorized, "login_required")
	if _, others := s.sessions(laptop); len(others) != 0 {
		s.t.Errorf("after all others were ended, there are %q", others)
	}
	s.want(laptop, "POST", "/api/sessions", http.StatusMethodNotAllowed, "method_not_allowed")
}

// sessions returns the ids that a browser sees: its own, and the others.
func (s *Site) sessions(b *Browser) (current string, others []string) {
	s.t.Helper()
	a := b.Do("GET", "/api/sessions", "")
	if a.Status != http.StatusOK {
		s.t.Fatalf("list sessions: %d %s", a.Status, a.Body)
	}
	var list struct {
		Sessions []struct {
			ID      string
			Current bool
		}
	}
	a.JSON(s.t, &list)
	for _, session := range list.Sessions {
		if session.Current {
			current = session.ID
		} else {
			others = append(others, session.ID)
		}
	}
	return current, others
}

func (s *Site) want(b *Browser, method, path string, status int, code string) {
	s.t.Helper()
	if a := b.Do(method, path, ""); a.Status != status || a.Code() != code {
		s.t.Errorf("%s %s: %d %s, want %d %q", method, path, a.Status, a.Body, status, code)
	}
}
