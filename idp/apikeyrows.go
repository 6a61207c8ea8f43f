package idp

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"github.com/go-json-experiment/json"

	"github.com/latchkey-dev/latchkey/idp/internal/database"
	"github.com/latchkey-dev/latchkey/idp/internal/fusion"
)

// A storedKey is an API key as it is stored: without the key.
type storedKey struct {
	ID, Name, Description string
	TenantID              string // "" is all of them
	Endpoints             map[string][]string
	Expiry                int64 // 0: never
	Inserted, Updated     int64
	digest                []byte
}

func (k storedKey) expired(now int64) bool { return k.Expiry != 0 && k.Expiry <= now }

// may reports whether the key allows a call.
func (k storedKey) may(endpoint, method string) bool {
	return len(k.Endpoints) == 0 || slices.Contains(k.Endpoints[endpoint], method)
}

// covers reports whether the key may do all that another may, and for as long.
func (k storedKey) covers(other storedKey) bool {
	if !scope(k.TenantID).covers(other.TenantID) || k.Expiry != 0 && (other.Expiry == 0 || other.Expiry > k.Expiry) {
		return false
	}
	if len(other.Endpoints) == 0 {
		return len(k.Endpoints) == 0
	}
	for endpoint, methods := range other.Endpoints {
		for _, m := range methods {
			if !k.may(endpoint, m) {
				return false
			}
		}
	}
	return true
}

// apiKeyWhere returns the one key that a constant condition selects.
func readAPIKey(ctx context.Context, q database.Queries, where string, args ...any) (k storedKey, err error) {
	var tenantID sql.NullString
	var endpoints []byte
	err = q.QueryRowContext(ctx, `SELECT id, name, description, tenant_id, endpoints, expiry, insert_instant, last_update_instant, digest FROM api_keys WHERE `+where, args...).
		Scan(&k.ID, &k.Name, &k.Description, &tenantID, &endpoints, &k.Expiry, &k.Inserted, &k.Updated, &k.digest)
	if errors.Is(err, sql.ErrNoRows) {
		return storedKey{}, ErrNotFound
	}
	if err != nil {
		return storedKey{}, fmt.Errorf("read API key: %w", err)
	}
	k.TenantID = tenantID.String
	if err := json.Unmarshal(endpoints, &k.Endpoints); err != nil {
		return storedKey{}, fmt.Errorf("decode endpoints of API key: %w", err)
	}
	return k, nil
}

func (k storedKey) insert(tx *sql.Tx) error {
	endpoints, err := json.Marshal(k.Endpoints)
	if err != nil {
		return fmt.Errorf("encode endpoints of API key: %w", err)
	}
	var taken bool
	if err := tx.QueryRow(`SELECT EXISTS (SELECT 1 FROM api_keys WHERE id = $1)`, k.ID).Scan(&taken); err != nil {
		return err
	}
	if taken {
		return fusion.Invalid("apiKey.id", "duplicate", "This one is taken.")
	}
	err = database.Changed(tx.Exec(`INSERT INTO api_keys (digest, description, tenant_id, endpoints, insert_instant, last_update_instant, id, name, expiry)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (digest) DO NOTHING`,
		k.digest, k.Description, sql.NullString{String: k.TenantID, Valid: k.TenantID != ""}, string(endpoints), k.Inserted, k.Updated, k.ID, k.Name, k.Expiry))
	if errors.Is(err, ErrNotFound) {
		return fusion.Invalid("apiKey.key", "duplicate", "There is this key already.")
	}
	return err
}

// replace stores a changed key in place of the one that was read. ErrNotFound: it was
// changed meanwhile.
func (k storedKey) replace(tx *sql.Tx, old storedKey) error {
	endpoints, err := json.Marshal(k.Endpoints)
	if err != nil {
		return fmt.Errorf("encode endpoints of API key: %w", err)
	}
	return database.Changed(tx.Exec(`UPDATE api_keys SET description = $1, tenant_id = $2, endpoints = $3, last_update_instant = $4, name = $5, expiry = $6 WHERE id = $7 AND last_update_instant = $8`,
		k.Description, sql.NullString{String: k.TenantID, Valid: k.TenantID != ""}, string(endpoints), k.Updated, k.Name, k.Expiry, k.ID, old.Updated))
}
