package idp

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/http"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"

	"github.com/latchkey-dev/latchkey/idp/internal/database"
	"github.com/latchkey-dev/latchkey/idp/internal/fusion"
)

// APIKey lets a backend call the provider.
type APIKey struct {
	// Key is what the backend sends in the Authorization header, with no scheme
	// before it. Only a digest is kept.
	Key         string
	Description string

	// TenantID confines the key to one tenant. Empty: all of them.
	TenantID string

	// Endpoints lists what the key may call, such as {"/api/login": {"POST"}}.
	// Empty: everything.
	Endpoints map[string][]string
}

// minAPIKey is the length of FusionAuth's shortest generated key, less a
// little. A shorter one could be guessed.
const minAPIKey = 32

// EnsureAPIKey makes a key known, or updates what it may do.
func (s *Server) EnsureAPIKey(ctx context.Context, k APIKey) error {
	if len(k.Key) < minAPIKey {
		return fusion.Invalid("apiKey.key", "tooShort", fmt.Sprintf("An API key has at least %d characters.", minAPIKey))
	}
	tenantID, err := fusion.ParseID("apiKey.tenantId", k.TenantID)
	if err != nil {
		return err
	}
	if tenantID != "" {
		if _, err := tenantOrDefault(ctx, s.db, "apiKey.tenantId", tenantID); err != nil {
			return err
		}
	}
	endpoints, err := json.Marshal(k.Endpoints)
	if err != nil {
		return fmt.Errorf("idp: endpoints of API key: %w", err)
	}
	id := uuid.NewString()
	return s.db.Write(ctx, func(tx *sql.Tx) error {
		_, err := tx.Exec(`INSERT INTO api_keys (digest, description, tenant_id, endpoints, insert_instant, last_update_instant, id)
			VALUES ($1, $2, $3, $4, $5, $5, $6)
			ON CONFLICT (digest) DO UPDATE SET description = $2, tenant_id = $3, endpoints = $4,
				last_update_instant = CASE WHEN api_keys.last_update_instant >= $5 THEN api_keys.last_update_instant + 1 ELSE $5 END`,
			s.secrets.apiKeyDigest(k.Key), k.Description,
			sql.NullString{String: tenantID, Valid: tenantID != ""}, string(endpoints), database.Millis(s.now()), id)
		return err
	})
}

// RemoveAPIKey takes a key back: from the next call on it is unknown. One that
// is not known: ErrNotFound.
func (s *Server) RemoveAPIKey(ctx context.Context, key string) error {
	return s.db.Write(ctx, func(tx *sql.Tx) error {
		return database.Changed(tx.Exec(`DELETE FROM api_keys WHERE digest = $1`, s.secrets.apiKeyDigest(key)))
	})
}

// HasAPIKeys reports whether any key is known: whether somebody has set the
// server up.
func (s *Server) HasAPIKeys(ctx context.Context) (has bool, err error) {
	if err := s.db.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM api_keys)`).Scan(&has); err != nil {
		return false, fmt.Errorf("read API keys: %w", err)
	}
	return has, nil
}

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
