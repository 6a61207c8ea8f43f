package fusionauthtest

import (
	"net/http"
	"slices"
	"strings"
)

// revokeTokens answers DELETE /api/jwt/refresh in all its forms: an empty 200.
func (s *Server) revokeTokens(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	if !s.permitted(r) {
		s.mu.Unlock()
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	q := r.URL.Query()
	id, value, userID, applicationID := r.PathValue("id"), q.Get("token"), q.Get("userId"), q.Get("applicationId")
	revoked := s.drop(func(t *token) bool {
		return id != "" && t.id == id || value != "" && t.value == value ||
			id+value == "" && userID+applicationID != "" && (userID == "" || t.user.ID == userID) && (applicationID == "" || t.applicationID == applicationID)
	})
	var events []object
	switch {
	case id != "" || value != "":
		events = eachRevoked(revoked)
	case len(revoked) > 0:
		events = []object{manyRevoked(userID, applicationID)}
	}
	s.mu.Unlock()
	if id != "" && len(revoked) == 0 {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	for _, event := range events {
		s.raise(event)
	}
}

// listTokens answers with a user's refresh tokens, the oldest first.
func (s *Server) listTokens(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.permitted(r) {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	list := []object{}
	for _, t := range s.tokens {
		if t.user.ID == r.URL.Query().Get("userId") {
			list = append(list, t.json())
		}
	}
	answer(w, http.StatusOK, object{"refreshTokens": list})
}

// logout always answers 200. The parameter takes precedence over the cookie here.
func (s *Server) logout(w http.ResponseWriter, r *http.Request) {
	value := r.URL.Query().Get("refreshToken")
	if cookie, err := r.Cookie("refresh_token"); err == nil && value == "" {
		value = cookie.Value
	}
	s.mu.Lock()
	of := s.alive(value)
	all := r.URL.Query().Get("global") == "true"
	events := eachRevoked(s.drop(func(t *token) bool { return of != nil && (t == of || all && t.user == of.user) }))
	s.mu.Unlock()
	for _, event := range events {
		s.raise(event)
	}
}

// drop removes the matching tokens, and returns them.
func (s *Server) drop(meant func(*token) bool) (dropped []*token) {
	s.tokens = slices.DeleteFunc(s.tokens, func(t *token) bool {
		if !meant(t) {
			return false
		}
		dropped = append(dropped, t)
		return true
	})
	return dropped
}

// RefreshTokens returns the number of a user's refresh tokens.
func (s *Server) RefreshTokens(userID string) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.tokens {
		if strings.EqualFold(t.user.ID, userID) {
			n++
		}
	}
	return n
}
