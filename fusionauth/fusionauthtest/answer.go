package fusionauthtest

import (
	"encoding/json"
	"net/http"
	"strings"
)

type object = map[string]any

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json;charset=UTF-8")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(body)
}

// refuse is a 400 of /api/*: about a field if there is one, else general.
func refuse(w http.ResponseWriter, field, code string) {
	errors := []object{{"code": code, "message": "Words that nobody should rely on."}}
	if field == "" {
		answer(w, http.StatusBadRequest, object{"fieldErrors": object{}, "generalErrors": errors})
		return
	}
	answer(w, http.StatusBadRequest, object{"fieldErrors": object{field: errors}, "generalErrors": []object{}})
}

// refuseOAuth is an error of /oauth2/*.
func refuseOAuth(w http.ResponseWriter, status int, kind, reason string) {
	answer(w, status, object{"error": kind, "error_description": "Words that nobody should rely on.", "error_reason": reason})
}

func (s *Server) status(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	body := object{"status": "ok"}
	if s.permitted(r) {
		body["version"] = s.state.Version
	}
	answer(w, http.StatusOK, body)
}

func (s *Server) application(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.permitted(r) {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	if !s.sees(w, r) {
		return
	}
	a := s.state.app(strings.ToLower(r.PathValue("id")))
	if a == nil {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	answer(w, http.StatusOK, object{"application": a})
}

func (s *Server) applications(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.permitted(r) {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	answer(w, http.StatusOK, object{"applications": s.state.Applications})
}

func (s *Server) tenant(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case !s.permitted(r):
		w.WriteHeader(http.StatusUnauthorized)
	case r.PathValue("id") != s.state.Tenant.ID:
		w.WriteHeader(http.StatusNotFound)
	default:
		answer(w, http.StatusOK, object{"tenant": s.state.Tenant})
	}
}

func (s *Server) webhooks(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.permitted(r) {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	answer(w, http.StatusOK, object{"webhooks": s.state.Webhooks})
}

// jwks has no keys: those of HMAC are never published.
func (s *Server) jwks(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, object{"keys": []object{}})
}
