// Package fusionauthtest runs a server that behaves as FusionAuth's documentation describes, for
// tests of programs that call one. It is written from the documents alone and shares nothing with
// package idp, so that the two do not share mistakes: its tokens are reusable and signed with
// HS256, its dead tokens are a 400, its cookies take precedence over the body.
//
//	s := fusionauthtest.New(t)
//	// log in at s.URL with s.APIKey and fusionauthtest.ApplicationID, Email and Password
//	s.Change(func(state *fusionauthtest.State) { state.Applications[0].Active = false })
//	s.Answer("POST /api/login", someHandler) // a proxy's page, a limit, silence
package fusionauthtest

import (
	"crypto/rand"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// The content of a new server: one tenant, one application set up for Latchkey, and one user
// registered for it.
const (
	TenantID      = "30663132-6464-6665-3032-326466613934"
	ApplicationID = "85a03867-dccf-4882-adde-1a79aeec50df"
	UserID        = "00000000-0000-0001-0000-000000000001"
	Email         = "ada@example.com"
	Password      = "correct horse battery"
	ClientSecret  = "a client secret of the test, as long as one should be"
)

// A Server is closed at the end of its test.
type Server struct {
	URL    string // without a slash at the end
	APIKey string // may call everything

	mux *http.ServeMux

	mu      sync.Mutex
	state   State
	tokens  []*token
	answers map[string]http.Handler // by pattern
	calls   map[string]int          // likewise
	moved   time.Duration           // of the clock
}

// New starts a server.
func New(t testing.TB) *Server {
	s := &Server{
		APIKey: rand.Text() + rand.Text(), mux: http.NewServeMux(), answers: make(map[string]http.Handler), calls: make(map[string]int),
	}
	s.state = newState(s.APIKey)
	s.routes()
	listener := httptest.NewServer(s)
	t.Cleanup(listener.Close)
	s.URL = listener.URL
	return s
}

func (s *Server) routes() {
	for pattern, handler := range map[string]http.HandlerFunc{
		"POST /api/login":                s.login,
		"POST /api/two-factor/login":     s.twoFactorLogin,
		"POST /api/user/change-password": s.changePassword,
		"POST /api/jwt/refresh":          s.jwtRefresh,
		"GET /api/jwt/refresh":           s.listTokens,
		"DELETE /api/jwt/refresh":        s.revokeTokens,
		"DELETE /api/jwt/refresh/{id}":   s.revokeTokens,
		"POST /api/logout":               s.logout,
		"POST /oauth2/token":             s.oauthToken,
		"GET /api/status":                s.status,
		"GET /api/application":           s.applications,
		"GET /api/application/{id}":      s.application,
		"GET /api/tenant/{id}":           s.tenant,
		"GET /api/webhook":               s.webhooks,
		"GET /.well-known/jwks.json":     s.jwks,
	} {
		s.mux.HandleFunc(pattern, handler)
	}
}

// ServeHTTP counts the call and answers it. An unknown call gets an empty 404.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, pattern := s.mux.Handler(r)
	s.mu.Lock()
	s.calls[pattern]++
	answer := s.answers[pattern]
	w.Header().Set("Date", s.now().UTC().Format(http.TimeFormat))
	s.mu.Unlock()
	switch {
	case answer != nil:
		answer.ServeHTTP(w, r)
	case pattern == "":
		w.WriteHeader(http.StatusNotFound)
	default:
		s.mux.ServeHTTP(w, r)
	}
}

// Answer replaces the handler of a call, such as "DELETE /api/jwt/refresh/{id}". Nil restores the
// server's own.
func (s *Server) Answer(pattern string, handler http.Handler) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers[pattern] = handler
}

// Calls returns how often a pattern was called.
func (s *Server) Calls(pattern string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls[pattern]
}

// Change changes the server's state, between two calls.
func (s *Server) Change(change func(*State)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.state)
}

// MoveClock moves the server's clock, forward or back.
func (s *Server) MoveClock(by time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.moved += by
}

func (s *Server) now() time.Time { return time.Now().Add(s.moved) }

// permitted reports whether the request has a key that may make the call.
func (s *Server) permitted(r *http.Request) bool {
	may, known := s.state.Keys[r.Header.Get("Authorization")]
	if !known {
		return false
	}
	path := r.URL.Path
	if id := r.PathValue("id"); id != "" {
		path = strings.TrimSuffix(path, "/"+id)
	}
	return len(may) == 0 || slices.Contains(may, r.Method+" "+path)
}

// sees reports whether the request may see what belongs to our tenant. If not, it writes the
// response.
func (s *Server) sees(w http.ResponseWriter, r *http.Request) bool {
	switch r.Header.Get("X-FusionAuth-TenantId") {
	case "", s.state.Tenant.ID:
		return true
	case s.state.OtherTenantID:
		w.WriteHeader(http.StatusNotFound) // another tenant's objects do not exist here
	default:
		refuse(w, "", "[invalid]X-FusionAuth-TenantId")
	}
	return false
}

func readAll(r *http.Request) []byte {
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil {
		return nil
	}
	return body
}
