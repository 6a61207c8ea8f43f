package signing

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/latchkey-dev/latchkey/idp/internal/database"
)

// A NamedKey is one that an administrator created.
type NamedKey struct {
	Key
	Name    string
	Updated int64 // milliseconds since 1970
}

// A TakenError says which properties of a key another one has.
type TakenError struct{ ID, Name, KID bool }

func (*TakenError) Error() string { return "the id, the name or the kid of the key is taken" }

// ErrInUse means that an application signs with the key.
var ErrInUse = errors.New("an application signs with the key")

const selectNamed = `SELECT id, kid, name, algorithm, sealed_private, insert_instant, last_update_instant FROM keys`

// Named returns the named keys, by name.
func (r *Ring) Named(ctx context.Context) ([]NamedKey, error) {
	return r.namedWhere(ctx, "")
}

// NamedByID returns the named key with this id, or [database.ErrNotFound].
func (r *Ring) NamedByID(ctx context.Context, id string) (NamedKey, error) {
	all, err := r.namedWhere(ctx, ` WHERE id = $1`, id)
	if err != nil {
		return NamedKey{}, err
	}
	if len(all) == 0 {
		return NamedKey{}, database.ErrNotFound
	}
	return all[0], nil
}

func (r *Ring) namedWhere(ctx context.Context, where string, args ...any) ([]NamedKey, error) {
	rows, err := r.DB.QueryContext(ctx, selectNamed+where+` ORDER BY name`, args...)
	if err != nil {
		return nil, fmt.Errorf("read keys: %w", err)
	}
	defer rows.Close()
	var all []NamedKey
	for rows.Next() {
		var k NamedKey
		var sealed []byte
		var created int64
		if err := rows.Scan(&k.ID, &k.KID, &k.Name, (*string)(&k.Algorithm), &sealed, &created, &k.Updated); err != nil {
			return nil, fmt.Errorf("read key: %w", err)
		}
		k.Created = database.FromMillis(created)
		if k.Private, err = r.unseal(k.ID, k.Algorithm, sealed); err != nil {
			return nil, fmt.Errorf("key %s: %w", k.ID, err)
		}
		all = append(all, k)
	}
	return all, rows.Err()
}

// Insert stores a new named key, or returns a [TakenError].
func (r *Ring) Insert(ctx context.Context, k NamedKey) error {
	sealed, err := r.seal(k.ID, &k.Key)
	if err != nil {
		return err
	}
	err = r.DB.Write(ctx, func(tx *sql.Tx) error {
		var taken TakenError
		err := tx.QueryRow(`SELECT EXISTS (SELECT 1 FROM keys WHERE id = $1), EXISTS (SELECT 1 FROM keys WHERE name = $2),
			EXISTS (SELECT 1 FROM keys WHERE kid = $3 UNION SELECT 1 FROM signing_keys WHERE kid = $3)`, k.ID, k.Name, k.KID).
			Scan(&taken.ID, &taken.Name, &taken.KID)
		if err != nil {
			return err
		}
		if taken != (TakenError{}) {
			return &taken
		}
		_, err = tx.Exec(`INSERT INTO keys (id, kid, name, algorithm, sealed_private, insert_instant, last_update_instant) VALUES ($1, $2, $3, $4, $5, $6, $6)`,
			k.ID, k.KID, k.Name, string(k.Algorithm), sealed, database.Millis(k.Created))
		return err
	})
	if err != nil {
		return err
	}
	return r.Reload(ctx)
}

// Rename stores another name of a key, or returns a [TakenError].
func (r *Ring) Rename(ctx context.Context, k NamedKey) error {
	return r.DB.Write(ctx, func(tx *sql.Tx) error {
		var taken TakenError
		if err := tx.QueryRow(`SELECT EXISTS (SELECT 1 FROM keys WHERE name = $1 AND id <> $2)`, k.Name, k.ID).Scan(&taken.Name); err != nil {
			return err
		}
		if taken.Name {
			return &taken
		}
		return database.Changed(tx.Exec(`UPDATE keys SET name = $1, last_update_instant = $2 WHERE id = $3`, k.Name, k.Updated, k.ID))
	})
}

// Delete deletes a named key, or returns [ErrInUse]. Tokens that it has signed become invalid.
func (r *Ring) Delete(ctx context.Context, id string) error {
	err := r.DB.Write(ctx, func(tx *sql.Tx) error {
		var used bool
		if err := tx.QueryRow(`SELECT EXISTS (SELECT 1 FROM applications WHERE access_token_key_id = $1)`, id).Scan(&used); err != nil {
			return err
		}
		if used {
			return ErrInUse
		}
		// else the next one with this id would inherit its grace
		if _, err := tx.Exec(`DELETE FROM former_keys WHERE key_id = $1`, id); err != nil {
			return err
		}
		return database.Changed(tx.Exec(`DELETE FROM keys WHERE id = $1`, id))
	})
	if err != nil {
		return err
	}
	return r.Reload(ctx)
}
