package idp

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"

	"github.com/go-jose/go-jose/v4"
)

// signingKey is the key pair that signs the JWTs.
type signingKey struct {
	id      string
	private *ecdsa.PrivateKey
}

// loadSigningKey returns the newest key, after making one where there is none.
func (s *Server) loadSigningKey(ctx context.Context) (*signingKey, error) {
	var id string
	var sealed []byte
	err := s.db.QueryRowContext(ctx, `SELECT kid, sealed_private FROM signing_keys ORDER BY insert_instant DESC, kid LIMIT 1`).Scan(&id, &sealed)
	if errors.Is(err, sql.ErrNoRows) {
		if err := s.makeSigningKey(ctx); err != nil {
			return nil, err
		}
		return s.loadSigningKey(ctx) // it may be that of another node that started at the same time
	}
	if err != nil {
		return nil, fmt.Errorf("read signing key: %w", err)
	}
	der, err := s.secrets.unsealed(id, sealed)
	if err != nil {
		return nil, errors.New("the Secret is not the one that this database was made with")
	}
	private, err := parseECKey(der)
	if err != nil {
		return nil, fmt.Errorf("signing key %s: %w", id, err)
	}
	return &signingKey{id, private}, nil
}

func parseECKey(der []byte) (*ecdsa.PrivateKey, error) {
	k, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, err
	}
	private, ok := k.(*ecdsa.PrivateKey)
	if !ok || private.Curve != elliptic.P256() {
		return nil, errors.New("not a P-256 key")
	}
	return private, nil
}

// makeSigningKey makes the first key, unless another node has. The row of the
// default tenant is the lock that nodes wait for that start at the same time.
func (s *Server) makeSigningKey(ctx context.Context) error {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	public, err := private.PublicKey.Bytes()
	if err != nil {
		return err
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return err
	}
	fingerprint := sha256.Sum256(public)
	id := base64.RawURLEncoding.EncodeToString(fingerprint[:20]) // as long as FusionAuth's
	return s.db.Write(ctx, func(tx *sql.Tx) error {
		if err := changed(tx.Exec(`UPDATE tenants SET is_default = TRUE WHERE is_default`)); err != nil {
			return err
		}
		_, err := tx.Exec(`INSERT INTO signing_keys (kid, algorithm, sealed_private, insert_instant)
			SELECT $1, $2, $3, $4 WHERE NOT EXISTS (SELECT 1 FROM signing_keys)`, id, string(jose.ES256), s.secrets.sealed(id, der), millis(s.now()))
		return err
	})
}

// jwks answers GET /.well-known/jwks.json.
func (s *Server) jwks(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Cache-Control", "public, max-age=300")
	reply(w, http.StatusOK, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{
		Key: s.signing.private.Public(), KeyID: s.signing.id, Algorithm: string(jose.ES256), Use: "sig",
	}}})
}
