package idp

import (
	"errors"
	"net/http"

	"github.com/latchkey-dev/latchkey/idp/internal/fusion"
	"github.com/latchkey-dev/latchkey/idp/internal/password"
)

// answering answers the error that a handler returns.
func (s *Server) answering(handle func(http.ResponseWriter, *http.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := handle(w, r); err != nil {
			s.fail(w, r, err)
		}
	}
}

// answeringOAuth answers the error that a handler of /oauth2 returns, in OAuth's words.
func (s *Server) answeringOAuth(handle func(http.ResponseWriter, *http.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		err := handle(w, r)
		if wrong, ok := errors.AsType[*oauthError](err); ok {
			err = fusion.Reply(w, wrong.status(), wrong)
		}
		if err != nil {
			s.unavailable(w, r, err)
		}
	}
}

// fail is the one table from errors to the answers of /api.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, err error) {
	var bad ValidationError
	var locked *lockedError
	switch {
	case errors.As(err, &bad):
		fusion.Reply(w, http.StatusBadRequest, fusion.ErrorBody(bad))
	case errors.As(err, &locked):
		locked.reply(w)
	case errors.Is(err, errWrongCode):
		w.WriteHeader(statusWrongCode)
	case errors.Is(err, ErrNotFound):
		w.WriteHeader(http.StatusNotFound)
	case errors.Is(err, errUnauthorized), errors.Is(err, errJWT):
		w.WriteHeader(http.StatusUnauthorized)
	case errors.Is(err, fusion.ErrMediaType):
		w.WriteHeader(http.StatusUnsupportedMediaType)
	default:
		s.unavailable(w, r, err)
	}
}

// unavailable answers errors that are not the request's fault.
func (s *Server) unavailable(w http.ResponseWriter, r *http.Request, err error) {
	switch {
	case errors.Is(err, password.ErrBusy):
		s.log.WarnContext(r.Context(), "password hashing is busy", "path", r.Pattern)
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(http.StatusServiceUnavailable)
	case r.Context().Err() != nil:
		w.WriteHeader(http.StatusServiceUnavailable) // the client has gone
	default:
		s.log.ErrorContext(r.Context(), "internal error", "path", r.Pattern, "error", err)
		w.WriteHeader(http.StatusInternalServerError)
	}
}
