package idp

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"github.com/go-jose/go-jose/v4"

	"github.com/latchkey-dev/latchkey/idp/internal/database"
	"github.com/latchkey-dev/latchkey/idp/internal/fusion"
)

// namedKey is a key of an administration, as it is stored.
type namedKey struct {
	signingKey
	name    string
	updated int64
}

const selectNamedKey = `SELECT id, kid, name, algorithm, sealed_private, insert_instant, last_update_instant FROM keys`

// namedKeysWhere returns those that a condition of ours selects, by name.
func (s *Server) namedKeysWhere(ctx context.Context, where string, args ...any) ([]namedKey, error) {
	rows, err := s.db.QueryContext(ctx, selectNamedKey+where+` ORDER BY name`, args...)
	if err != nil {
		return nil, fmt.Errorf("read keys: %w", err)
	}
	defer rows.Close()
	var all []namedKey
	for rows.Next() {
		var k namedKey
		var sealed []byte
		var made int64
		if err := rows.Scan(&k.keyID, &k.kid, &k.name, (*string)(&k.algorithm), &sealed, &made, &k.updated); err != nil {
			return nil, fmt.Errorf("read key: %w", err)
		}
		kept, err := s.secrets.unsealed(k.keyID, sealed)
		if err != nil {
			return nil, fmt.Errorf("key %s: %w", k.keyID, ErrOtherSecret)
		}
		k.made = database.FromMillis(made)
		if k.private, err = privateKey(k.algorithm, kept); err != nil {
			return nil, fmt.Errorf("key %s: %w", k.keyID, err)
		}
		all = append(all, k)
	}
	return all, rows.Err()
}

func (s *Server) namedKey(ctx context.Context, id string) (namedKey, error) {
	all, err := s.namedKeysWhere(ctx, ` WHERE id = $1`, id)
	if err == nil && len(all) == 0 {
		err = ErrNotFound
	}
	if err != nil {
		return namedKey{}, err
	}
	return all[0], nil
}

func (s *Server) readNamedKeys(ctx context.Context) (keys []*signingKey, err error) {
	all, err := s.namedKeysWhere(ctx, "")
	for i := range all {
		keys = append(keys, &all[i].signingKey)
	}
	return keys, err
}

// verifyingKeys are all by which a token may be signed: the provider's own, the newest first, and those of an administration.
func (s *Server) verifyingKeys() []*signingKey {
	own, _ := s.signingKeys()
	s.keys.mu.Lock()
	defer s.keys.mu.Unlock()
	return slices.Concat(own, s.keys.named)
}

// keyOf returns the key that signs for an application.
func (s *Server) keyOf(ctx context.Context, app application) (*signingKey, error) {
	_, own := s.signingKeys()
	if app.AccessTokenKeyID == "" {
		return own, nil
	}
	if k := s.rememberedKey(app.AccessTokenKeyID); k != nil {
		return k, nil
	}
	// Another node has just made it.
	if err := s.refreshKeys(ctx, s.now()); err != nil {
		return nil, err
	}
	if k := s.rememberedKey(app.AccessTokenKeyID); k != nil {
		return k, nil
	}
	return nil, fmt.Errorf("application %s: its key %s is not there", app.ID, app.AccessTokenKeyID)
}

func (s *Server) rememberedKey(id string) *signingKey {
	s.keys.mu.Lock()
	defer s.keys.mu.Unlock()
	i := slices.IndexFunc(s.keys.named, func(k *signingKey) bool { return k.keyID == id })
	if i < 0 {
		return nil
	}
	return s.keys.named[i]
}

// knownKeyID checks an id that a request names.
func (s *Server) knownKeyID(ctx context.Context, field, id string) (string, error) {
	id, err := fusion.ParseID(field, id)
	if err != nil || id == "" {
		return id, err
	}
	_, err = s.namedKey(ctx, id)
	if errors.Is(err, ErrNotFound) {
		return "", fusion.Invalid(field, "invalid", "There is no such key.")
	}
	return id, err
}

// insertKey stores a key, and remembers it at this node.
func (s *Server) insertKey(ctx context.Context, k namedKey) error {
	kept, err := k.bytes()
	if err != nil {
		return err
	}
	err = s.db.Write(ctx, func(tx *sql.Tx) error {
		var wrong ValidationError
		for _, c := range []struct{ field, query, value string }{
			{"keyId", `SELECT EXISTS (SELECT 1 FROM keys WHERE id = $1)`, k.keyID},
			{"key.name", `SELECT EXISTS (SELECT 1 FROM keys WHERE name = $1)`, k.name},
			{"key.kid", `SELECT EXISTS (SELECT 1 FROM keys WHERE kid = $1 UNION SELECT 1 FROM signing_keys WHERE kid = $1)`, k.kid},
		} {
			var taken bool
			if err := tx.QueryRow(c.query, c.value).Scan(&taken); err != nil {
				return err
			}
			if taken {
				wrong = append(wrong, fusion.Invalid(c.field, "duplicate", "This one is taken.")...)
			}
		}
		if wrong != nil {
			return wrong
		}
		_, err := tx.Exec(`INSERT INTO keys (id, kid, name, algorithm, sealed_private, insert_instant, last_update_instant) VALUES ($1, $2, $3, $4, $5, $6, $6)`,
			k.keyID, k.kid, k.name, string(k.algorithm), s.secrets.sealed(k.keyID, kept), database.Millis(k.made))
		return err
	})
	if err != nil {
		return err
	}
	return s.refreshKeys(ctx, s.now())
}

// keyType is FusionAuth's word for the kind of a key.
func keyType(algorithm jose.SignatureAlgorithm) string {
	switch algorithm {
	case jose.ES256:
		return "EC"
	case jose.RS256:
		return "RSA"
	case jose.EdDSA:
		return "OKP"
	}
	return "HMAC"
}
