package idp

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/latchkey-dev/latchkey/idp/internal/database"
)

// keySpread is how long nodes that share a database may go on signing with the key before.
const keySpread = time.Minute

// mayHaveSigned reports whether a key signs what the claims are: the tokens of the applications
// that have it, or had it within the life of a token, in their tenant. Whoever has the key of one
// application, as those who verify with a secret do, speaks for no other, under whatever claim. The
// provider's own signs where an application has none. This node may know a key that somebody has
// removed at another one.
func (s *Server) mayHaveSigned(ctx context.Context, k *signingKey, c claims) (bool, error) {
	if c.Audience == "" {
		return k.keyID == "", nil
	}
	if c.ApplicationID != "" && c.ApplicationID != c.Audience {
		return false, nil
	}
	var tenantID, keyID string
	var former, there bool
	err := s.db.QueryRowContext(ctx, `SELECT tenant_id, coalesce(access_token_key_id, ''),
		EXISTS (SELECT 1 FROM former_keys WHERE application_id = $1 AND key_id = $2 AND until > $3),
		$2 = '' OR EXISTS (SELECT 1 FROM keys WHERE id = $2 AND kid = $4) FROM applications WHERE id = $1`,
		c.Audience, k.keyID, database.Millis(s.now()), k.kid).Scan(&tenantID, &keyID, &former, &there)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read the key of an application: %w", err)
	}
	return there && tenantID == c.TenantID && (keyID == k.keyID || former), nil
}

// keepFormerKey writes down the key that an application has, where it gets another.
func keepFormerKey(tx *sql.Tx, applicationID, nextKeyID string, now time.Time) error {
	if _, err := tx.Exec(`DELETE FROM former_keys WHERE until <= $1`, database.Millis(now)); err != nil {
		return err
	}
	_, err := tx.Exec(`INSERT INTO former_keys (application_id, key_id, until)
		SELECT id, coalesce(access_token_key_id, ''), $1 + 1000 * access_token_ttl FROM applications WHERE id = $2 AND coalesce(access_token_key_id, '') <> $3
		ON CONFLICT (application_id, key_id) DO UPDATE SET until = CASE WHEN excluded.until > former_keys.until THEN excluded.until ELSE former_keys.until END`,
		database.Millis(now.Add(keySpread)), applicationID, nextKeyID)
	return err
}

// readAudiences returns the applications whose tokens each key of an administration may have
// signed.
func (s *Server) readAudiences(ctx context.Context) (map[string][]string, error) {
	rows, err := s.db.QueryContext(ctx, `SELECT access_token_key_id, id FROM applications WHERE access_token_key_id IS NOT NULL
		UNION SELECT key_id, application_id FROM former_keys WHERE until > $1 ORDER BY 1, 2`, database.Millis(s.now()))
	if err != nil {
		return nil, fmt.Errorf("read the keys of applications: %w", err)
	}
	defer rows.Close()
	all := make(map[string][]string)
	for rows.Next() {
		var keyID, applicationID string
		if err := rows.Scan(&keyID, &applicationID); err != nil {
			return nil, fmt.Errorf("read the keys of applications: %w", err)
		}
		all[keyID] = append(all[keyID], applicationID)
	}
	return all, rows.Err()
}
