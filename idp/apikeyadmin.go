package idp

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"

	"github.com/latchkey-dev/latchkey/idp/internal/database"
	"github.com/latchkey-dev/latchkey/idp/internal/fusion"
)

// KnownAPIKey is an API key as it is stored: the key itself is no longer known.
type KnownAPIKey struct {
	ID          string
	Description string
	TenantID    string              // empty: it is for all tenants
	Endpoints   map[string][]string // as in APIKey
	Expiry      time.Time           // zero: never

	InsertInstant time.Time
}

func (k storedKey) known() KnownAPIKey {
	known := KnownAPIKey{ID: k.ID, Description: k.Description, TenantID: k.TenantID, Endpoints: k.Endpoints, InsertInstant: database.FromMillis(k.Inserted)}
	if k.Name != "" && known.Description == "" { // one that was created over HTTP
		known.Description = k.Name
	}
	if k.Expiry != 0 {
		known.Expiry = database.FromMillis(k.Expiry)
	}
	return known
}

// NewAPIKey creates a key and returns it, here and never again. The ID and the
// InsertInstant are the server's to choose.
func (s *Server) NewAPIKey(ctx context.Context, wanted KnownAPIKey) (key string, made KnownAPIKey, err error) {
	j := apiKeyJSON{TenantID: wanted.TenantID}
	j.MetaData.Attributes.Description, j.Permissions.Endpoints = wanted.Description, wanted.Endpoints
	if !wanted.Expiry.IsZero() {
		j.ExpirationInstant = database.Millis(wanted.Expiry)
	}
	k, err := j.stored(ctx, s.db)
	if err != nil {
		return "", made, err
	}
	key = freshSecret()
	k.ID, k.digest, k.Inserted = uuid.NewString(), s.secrets.apiKeyDigest(key), database.Millis(s.now())
	k.Updated = k.Inserted
	if err := s.db.Write(ctx, k.insert); err != nil {
		return "", made, err
	}
	return key, k.known(), nil
}

// APIKeys returns the keys of all tenants, the oldest first.
func (s *Server) APIKeys(ctx context.Context) ([]KnownAPIKey, error) {
	ids, err := database.Strings(ctx, s.db, `SELECT id FROM api_keys ORDER BY insert_instant, id`)
	if err != nil {
		return nil, err
	}
	var all []KnownAPIKey
	for _, id := range ids {
		k, err := readAPIKey(ctx, s.db, "id = $1", id)
		if errors.Is(err, ErrNotFound) {
			continue // deleted meanwhile
		}
		if err != nil {
			return nil, err
		}
		all = append(all, k.known())
	}
	return all, nil
}

// DeleteAPIKey deletes a key by its id: the next call with it is refused. Unknown: ErrNotFound.
func (s *Server) DeleteAPIKey(ctx context.Context, id string) error {
	return s.db.Write(ctx, func(tx *sql.Tx) error {
		return database.Changed(tx.Exec(`DELETE FROM api_keys WHERE id = $1`, strings.ToLower(id)))
	})
}

// EnsureAPIKey stores a key, or updates what it may do.
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
		return fmt.Errorf("idp: encode endpoints of API key: %w", err)
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

// RemoveAPIKey deletes a key: the next call with it is refused. Unknown: ErrNotFound.
func (s *Server) RemoveAPIKey(ctx context.Context, key string) error {
	return s.db.Write(ctx, func(tx *sql.Tx) error {
		return database.Changed(tx.Exec(`DELETE FROM api_keys WHERE digest = $1`, s.secrets.apiKeyDigest(key)))
	})
}

// HasAPIKeys reports whether any key exists, which means that the server has been set up.
func (s *Server) HasAPIKeys(ctx context.Context) (has bool, err error) {
	if err := s.db.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM api_keys)`).Scan(&has); err != nil {
		return false, fmt.Errorf("read API keys: %w", err)
	}
	return has, nil
}
