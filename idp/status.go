package idp

import (
	"net/http"

	"github.com/latchkey-dev/latchkey/idp/internal/fusion"
)

// statusDatabaseDown is FusionAuth's own.
const statusDatabaseDown = 452

// status answers GET /api/status: whether the provider can do its work.
func (s *Server) status(w http.ResponseWriter, r *http.Request) error {
	if _, err := s.DefaultTenant(r.Context()); err != nil {
		s.log.ErrorContext(r.Context(), "database is down", "error", err)
		w.WriteHeader(statusDatabaseDown)
		return nil
	}
	return fusion.Reply(w, http.StatusOK, struct {
		Status string `json:"status"`
	}{"ok"})
}

// health answers GET /api/health with 200 or 500.
func (s *Server) health(_ http.ResponseWriter, r *http.Request) error {
	_, err := s.DefaultTenant(r.Context())
	return err
}
