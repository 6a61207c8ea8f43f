package signing

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/latchkey-dev/latchkey/idp/internal/database"
)

// spread is how long nodes that share a database may go on signing with the previous key.
const spread = time.Minute

// SignsFor reports whether a key signs the tokens of an application in a tenant: the application
// has it, or had it within the life of a token. The provider's own keys sign for applications
// without one. A key that another node has deleted signs for none.
func (r *Ring) SignsFor(ctx context.Context, k *Key, applicationID, tenantID string) (bool, error) {
	var ofTenant, keyID string
	var former, exists bool
	err := r.DB.QueryRowContext(ctx, `SELECT tenant_id, coalesce(access_token_key_id, ''),
		EXISTS (SELECT 1 FROM former_keys WHERE application_id = $1 AND key_id = $2 AND until > $3),
		$2 = '' OR EXISTS (SELECT 1 FROM keys WHERE id = $2 AND kid = $4) FROM applications WHERE id = $1`,
		applicationID, k.ID, database.Millis(r.Now()), k.KID).Scan(&ofTenant, &keyID, &former, &exists)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read the key of an application: %w", err)
	}
	return exists && ofTenant == tenantID && (keyID == k.ID || former), nil
}

// KeepFormer records the key of an application that is about to get another one, so that tokens
// that it has signed stay valid. [Ring.Reload] after the transaction.
func KeepFormer(tx *sql.Tx, applicationID, nextKeyID string, now time.Time) error {
	if _, err := tx.Exec(`DELETE FROM former_keys WHERE until <= $1`, database.Millis(now)); err != nil {
		return err
	}
	_, err := tx.Exec(`INSERT INTO former_keys (application_id, key_id, until)
		SELECT id, coalesce(access_token_key_id, ''), $1 + 1000 * access_token_ttl FROM applications WHERE id = $2 AND coalesce(access_token_key_id, '') <> $3
		ON CONFLICT (application_id, key_id) DO UPDATE SET until = CASE WHEN excluded.until > former_keys.until THEN excluded.until ELSE former_keys.until END`,
		database.Millis(now.Add(spread)), applicationID, nextKeyID)
	return err
}

// readAudiences returns the applications whose tokens each named key may have signed.
func readAudiences(ctx context.Context, q database.Queries, now time.Time) (map[string][]string, error) {
	rows, err := q.QueryContext(ctx, `SELECT access_token_key_id, id FROM applications WHERE access_token_key_id IS NOT NULL
		UNION SELECT key_id, application_id FROM former_keys WHERE until > $1 ORDER BY 1, 2`, database.Millis(now))
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
