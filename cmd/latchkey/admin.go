package main

import (
	"encoding/json"
	"net/http"
	"time"
)

// adminServer serves health checks, and nothing else, at an address that browsers do not reach.
func (s *serving) adminServer() *http.Server {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		answerHealth(w, http.StatusOK, map[string]bool{"healthy": true})
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		found := s.health.look()
		status := http.StatusOK
		if !found.Ready {
			status = http.StatusServiceUnavailable
		}
		answerHealth(w, status, found)
	})
	server := s.server(mux)
	server.ReadTimeout, server.WriteTimeout = 10*time.Second, 10*time.Second
	return server
}

// answerHealth writes JSON. A write error means that the client has gone, and is ignored.
func answerHealth(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(body)
}
