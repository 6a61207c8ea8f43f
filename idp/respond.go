package idp

import (
	"errors"
	"net/http"

	"github.com/go-json-experiment/json"

	"github.com/latchkey-dev/latchkey/idp/internal/password"
)

// reply sends v as JSON. A body and its content type come together or not at
// all: FusionAuth's clients parse whatever claims to be JSON.
func reply(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		// All bodies are our own structs of strings, numbers and checked JSON.
		panic(err)
	}
	w.Header().Set("Content-Type", "application/json;charset=UTF-8")
	w.WriteHeader(status)
	w.Write(body) // an error means that the client has gone
}

// fail is the one table from errors to answers of /api.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, err error) {
	var bad ValidationError
	var locked *lockedError
	switch {
	case errors.As(err, &bad):
		reply(w, http.StatusBadRequest, bad.body())
	case errors.As(err, &locked):
		locked.reply(w)
	case errors.Is(err, errWrongCode):
		w.WriteHeader(statusWrongCode)
	case errors.Is(err, ErrNotFound):
		w.WriteHeader(http.StatusNotFound)
	case errors.Is(err, errUnauthorized), errors.Is(err, errJWT):
		w.WriteHeader(http.StatusUnauthorized)
	case errors.Is(err, errMediaType):
		w.WriteHeader(http.StatusUnsupportedMediaType)
	default:
		s.unavailable(w, r, err)
	}
}

// unavailable answers what is our fault or nobody's, never the request's.
func (s *Server) unavailable(w http.ResponseWriter, r *http.Request, err error) {
	switch {
	case errors.Is(err, password.ErrBusy):
		s.log.WarnContext(r.Context(), "password hashing is busy", "path", r.Pattern)
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(http.StatusServiceUnavailable)
	case r.Context().Err() != nil:
		w.WriteHeader(http.StatusServiceUnavailable) // nobody is listening any more
	default:
		s.log.ErrorContext(r.Context(), "internal error", "path", r.Pattern, "error", err)
		w.WriteHeader(http.StatusInternalServerError)
	}
}
