package idp

import (
	"errors"
	"net/http"

	"github.com/latchkey-dev/latchkey/idp/internal/database"
)

// errUnauthorized is a missing, unknown or insufficient credential: 401, and
// nothing that tells which.
var errUnauthorized = errors.New("idp: unauthorized")

// keyed checks the API key before a handler runs, and tells the handler which tenant the request is
// confined to. The check comes before the body is read, so that strangers cost nothing.
func (s *Server) keyed(endpoint string, handle func(http.ResponseWriter, *http.Request, scope) error) http.HandlerFunc {
	return s.byKey(endpoint, func(w http.ResponseWriter, r *http.Request, k storedKey) error {
		return handle(w, r, scope(k.TenantID))
	})
}

// byKey is keyed for handlers that must know what the caller's key may do.
func (s *Server) byKey(endpoint string, handle func(http.ResponseWriter, *http.Request, storedKey) error) http.HandlerFunc {
	return s.answering(func(w http.ResponseWriter, r *http.Request) error {
		k, err := s.authorizedKey(r, endpoint)
		if err != nil {
			return err
		}
		return handle(w, r, k)
	})
}

// authorize checks the API key of a request to an endpoint.
func (s *Server) authorize(r *http.Request, endpoint string) (scope, error) {
	k, err := s.authorizedKey(r, endpoint)
	return scope(k.TenantID), err
}

// authorizedKey returns the key of a request, confined to the tenant that the request names, if
// any.
func (s *Server) authorizedKey(r *http.Request, endpoint string) (none storedKey, err error) {
	credential := r.Header.Get("Authorization")
	if credential == "" {
		return none, errUnauthorized
	}
	// The lookup is by keyed digest: its timing says nothing about the key.
	k, err := readAPIKey(r.Context(), s.db, "digest = $1", s.secrets.apiKeyDigest(credential))
	if errors.Is(err, ErrNotFound) {
		return none, errUnauthorized
	}
	if err != nil {
		return none, err
	}
	if k.expired(database.Millis(s.now())) {
		return none, errUnauthorized
	}
	method := r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	if !k.may(endpoint, method) {
		return none, errUnauthorized
	}
	named, err := headerScope(s.db, r)
	if err != nil {
		return none, err
	}
	if k.TenantID != "" && !named.covers(k.TenantID) {
		return none, errUnauthorized // the key does not reach into that tenant
	}
	if k.TenantID == "" {
		k.TenantID = string(named)
	}
	return k, nil
}
