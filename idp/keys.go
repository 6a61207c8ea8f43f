package idp

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/latchkey-dev/latchkey/idp/internal/database"
)

// A keyring are the provider's own keys, the newest first, and those of an administration. Nodes that share a database ask it for new ones once in a while.
type keyring struct {
	mu    sync.Mutex
	keys  []*signingKey
	named []*signingKey
	asked time.Time

	audiences map[string][]string // applications by the id of a named key
}

const (
	keyReload = time.Minute
	// keyLead is for how long a new key is published before it signs: sets of keys are cached for five minutes, and nodes ask once a minute.
	keyLead = 10 * time.Minute
)

// signingKeys returns the provider's own keys, by which tokens are verified, and the one that signs.
func (s *Server) signingKeys() (all []*signingKey, signing *signingKey) {
	now := s.now()
	s.keys.mu.Lock()
	due := now.Sub(s.keys.asked).Abs() >= keyReload
	if due {
		s.keys.asked = now // one asks, the others go on with what there is
	}
	all = s.keys.keys
	s.keys.mu.Unlock()
	if due {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := s.refreshKeys(ctx, now); err != nil {
			s.log.WarnContext(ctx, "signing keys cannot be read: those that are known go on", "error", err)
		}
		s.keys.mu.Lock()
		all = s.keys.keys
		s.keys.mu.Unlock()
	}
	return all, signingAt(all, now)
}

// signingAt returns the newest key that has been published for long enough, or the oldest.
func signingAt(keys []*signingKey, now time.Time) *signingKey {
	for _, k := range keys {
		if !now.Before(k.made.Add(keyLead)) {
			return k
		}
	}
	return keys[len(keys)-1]
}

// refreshKeys reads the keys, and makes one where that is due.
func (s *Server) refreshKeys(ctx context.Context, now time.Time) error {
	keys, err := s.readKeys(ctx)
	if err == nil && s.keyRotation > 0 && now.Sub(keys[0].made) >= s.keyRotation {
		if err = s.addKey(ctx, keys[0].made); err == nil {
			keys, err = s.readKeys(ctx)
		}
	}
	if err != nil {
		return err
	}
	named, err := s.readNamedKeys(ctx)
	if err != nil {
		return err
	}
	audiences, err := s.readAudiences(ctx)
	if err != nil {
		return err
	}
	s.keys.mu.Lock()
	s.keys.keys, s.keys.named, s.keys.audiences, s.keys.asked = keys, named, audiences, now
	s.keys.mu.Unlock()
	return nil
}

// loadSigningKeys reads the keys, after making the first one where there is none.
func (s *Server) loadSigningKeys(ctx context.Context) error {
	err := s.refreshKeys(ctx, s.now())
	if !errors.Is(err, ErrNotFound) {
		return err
	}
	if err := s.addKey(ctx, time.Time{}); err != nil {
		return err
	}
	return s.refreshKeys(ctx, s.now()) // it may be that of another node that started at the same time
}

// readKeys returns the keys, the newest first, or ErrNotFound.
func (s *Server) readKeys(ctx context.Context) (keys []*signingKey, err error) {
	rows, err := s.db.QueryContext(ctx, `SELECT kid, sealed_private, insert_instant FROM signing_keys ORDER BY insert_instant DESC, kid`)
	if err != nil {
		return nil, fmt.Errorf("read signing keys: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var id string
		var sealed []byte
		var made int64
		if err := rows.Scan(&id, &sealed, &made); err != nil {
			return nil, fmt.Errorf("read signing key: %w", err)
		}
		der, err := s.secrets.unsealed(id, sealed)
		if err != nil {
			return nil, ErrOtherSecret
		}
		private, err := privateKey(jose.ES256, der)
		if err != nil {
			return nil, fmt.Errorf("signing key %s: %w", id, err)
		}
		keys = append(keys, &signingKey{kid: id, algorithm: jose.ES256, private: private, made: database.FromMillis(made)})
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read signing keys: %w", err)
	}
	if len(keys) == 0 {
		return nil, ErrNotFound
	}
	return keys, nil
}

// RotateSigningKey makes a new key for the JWTs. It is published at once, at /.well-known/jwks.json, and signs ten minutes later, when everybody who caches the keys has it; the key before
// verifies what it has signed as long as an access token may live. It returns the new key's id. Config.KeyRotation does this by itself.
func (s *Server) RotateSigningKey(ctx context.Context) (string, error) {
	keys, err := s.readKeys(ctx)
	if err != nil {
		return "", err
	}
	if err := s.addKey(ctx, keys[0].made); err != nil {
		return "", err
	}
	if err := s.refreshKeys(ctx, s.now()); err != nil {
		return "", err
	}
	all, _ := s.signingKeys()
	return all[0].kid, nil
}

// addKey makes a key, unless another node has made one since the newest that is known, and forgets those whose tokens have all expired. The row of the
// default tenant is the lock that nodes wait for.
func (s *Server) addKey(ctx context.Context, newest time.Time) error {
	private, err := generate(jose.ES256, 0)
	if err != nil {
		return err
	}
	der, err := (&signingKey{private: private}).bytes()
	if err != nil {
		return err
	}
	id, err := fingerprint(private)
	if err != nil {
		return err
	}
	now := database.Millis(s.now())
	return s.db.Write(ctx, func(tx *sql.Tx) error {
		if err := database.Changed(tx.Exec(`UPDATE tenants SET is_default = TRUE WHERE is_default`)); err != nil {
			return err
		}
		_, err := tx.Exec(`INSERT INTO signing_keys (kid, algorithm, sealed_private, insert_instant)
			SELECT $1, $2, $3, $4 WHERE NOT EXISTS (SELECT 1 FROM signing_keys WHERE insert_instant > $5)`, id, string(jose.ES256), s.secrets.sealed(id, der), now, database.Millis(newest))
		if err != nil {
			return err
		}
		var longest int64 // life of an access token, in seconds
		if err := tx.QueryRow(`SELECT coalesce(max(access_token_ttl), 0) FROM applications`).Scan(&longest); err != nil {
			return err
		}
		over := now - 1000*max(longest, int64(defaultAccessTokenTTL/time.Second)) - keyLead.Milliseconds()
		_, err = tx.Exec(`DELETE FROM signing_keys WHERE EXISTS (SELECT 1 FROM signing_keys newer WHERE newer.insert_instant > signing_keys.insert_instant AND newer.insert_instant <= $1)`, over)
		return err
	})
}
