package signing

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/latchkey-dev/latchkey/idp/internal/database"
)

// Rotate creates a new key of the provider's own and returns its KID. It signs ten minutes later.
func (r *Ring) Rotate(ctx context.Context) (string, error) {
	own, err := r.readOwn(ctx)
	if err != nil {
		return "", err
	}
	if err := r.create(ctx, own[0].Created); err != nil {
		return "", err
	}
	if err := r.Reload(ctx); err != nil {
		return "", err
	}
	return r.known().own[0].KID, nil
}

// readOwn returns the provider's own keys, the newest first, or [database.ErrNotFound].
func (r *Ring) readOwn(ctx context.Context) (own []*Key, err error) {
	rows, err := r.DB.QueryContext(ctx, `SELECT kid, sealed_private, insert_instant FROM signing_keys ORDER BY insert_instant DESC, kid`)
	if err != nil {
		return nil, fmt.Errorf("read signing keys: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		k := &Key{Algorithm: jose.ES256}
		var sealed []byte
		var created int64
		if err := rows.Scan(&k.KID, &sealed, &created); err != nil {
			return nil, fmt.Errorf("read signing key: %w", err)
		}
		k.Created = database.FromMillis(created)
		k.Private, err = r.unseal(k.KID, k.Algorithm, sealed)
		if errors.Is(err, ErrOtherSecret) {
			return nil, err // as it is with every key then
		}
		if err != nil {
			return nil, fmt.Errorf("signing key %s: %w", k.KID, err)
		}
		own = append(own, k)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read signing keys: %w", err)
	}
	if len(own) == 0 {
		return nil, database.ErrNotFound
	}
	return own, nil
}

// create stores a new key, unless another node has stored one since the newest that is known, and
// deletes those whose tokens have all expired. The row of the default tenant is the lock that nodes
// wait for.
func (r *Ring) create(ctx context.Context, newest time.Time) error {
	private, err := Generate(jose.ES256, 0)
	if err != nil {
		return err
	}
	kid, err := Fingerprint(private)
	if err != nil {
		return err
	}
	sealed, err := r.seal(kid, &Key{Private: private})
	if err != nil {
		return err
	}
	now := r.Now()
	return r.DB.Write(ctx, func(tx *sql.Tx) error {
		if err := database.Changed(tx.Exec(`UPDATE tenants SET is_default = TRUE WHERE is_default`)); err != nil {
			return err
		}
		_, err := tx.Exec(`INSERT INTO signing_keys (kid, algorithm, sealed_private, insert_instant)
			SELECT $1, $2, $3, $4 WHERE NOT EXISTS (SELECT 1 FROM signing_keys WHERE insert_instant > $5)`,
			kid, string(jose.ES256), sealed, database.Millis(now), database.Millis(newest))
		if err != nil {
			return err
		}
		return r.deleteExpired(tx, now)
	})
}

// deleteExpired deletes the keys that stopped signing longer ago than a token lives.
func (r *Ring) deleteExpired(tx *sql.Tx, now time.Time) error {
	var longest int64 // life of a token of an application, in seconds
	if err := tx.QueryRow(`SELECT coalesce(max(access_token_ttl), 0) FROM applications`).Scan(&longest); err != nil {
		return err
	}
	life := max(time.Duration(longest)*time.Second, r.TokenTTL)
	_, err := tx.Exec(`DELETE FROM signing_keys WHERE EXISTS (SELECT 1 FROM signing_keys newer
		WHERE newer.insert_instant > signing_keys.insert_instant AND newer.insert_instant <= $1)`, database.Millis(now.Add(-life-lead)))
	return err
}

// seal encrypts a key under the name that it is stored by.
func (r *Ring) seal(name string, k *Key) ([]byte, error) {
	text, err := k.marshal()
	if err != nil {
		return nil, err
	}
	return r.Seal.Seal(nil, nil, text, []byte(name)), nil
}

func (r *Ring) unseal(name string, algorithm jose.SignatureAlgorithm, sealed []byte) (private any, err error) {
	text, err := r.Seal.Open(nil, nil, sealed, []byte(name))
	if err != nil {
		return nil, ErrOtherSecret
	}
	return unmarshal(algorithm, text)
}
