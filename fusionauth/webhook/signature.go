package webhook

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-json-experiment/json"

	"github.com/latchkey-dev/latchkey/internal/jws"
)

const (
	maxSignature = 8 << 10 // bytes of the header
	clockSkew    = time.Minute
)

// A digest is the SHA-256 that was signed.
type digest [sha256.Size]byte

func (d digest) of(body []byte) bool {
	sum := sha256.Sum256(body)
	return subtle.ConstantTimeCompare(d[:], sum[:]) == 1
}

var errSignature = errors.New("invalid signature")

// verify verifies the signature in the header, and returns the digest that the body must have.
// errNoKeys: it cannot be verified at the moment.
func (k keys) verify(ctx context.Context, header []string, now time.Time) (digest, error) {
	if len(header) != 1 || header[0] == "" {
		return digest{}, errors.New("no signature: enable Sign events for the webhook")
	}
	if len(header[0]) > maxSignature {
		return digest{}, errors.New("the signature is too long")
	}
	parsed, err := jose.ParseSignedCompact(header[0], k.algorithms)
	if err != nil || !jws.Canonical(header[0]) {
		return digest{}, errors.New("the signature is not a JWT, or its algorithm is not our keys'")
	}
	candidates, err := k.find(ctx, parsed.Signatures[0].Header.KeyID, now)
	if err != nil {
		return digest{}, err
	}
	err = errSignature
	for _, key := range candidates {
		if !key.signs(parsed.Signatures[0].Header.Algorithm) {
			continue
		}
		var payload []byte
		if payload, err = parsed.Verify(key.key); err == nil {
			return signed(payload, now)
		}
		if errors.Is(err, jose.ErrInvalidKeySize) {
			return digest{}, errors.New("the secret is too short for the signature's algorithm (RFC 7518, section 3.2)")
		}
		err = errSignature
	}
	return digest{}, err
}

// signed reads what was signed. FusionAuth documents no times in it; they are checked if they are
// there.
func signed(payload []byte, now time.Time) (d digest, err error) {
	var claims struct {
		Digest    string   `json:"request_body_sha256"`
		ExpiresAt *float64 `json:"exp"` // seconds since 1970
		NotBefore *float64 `json:"nbf"`
		IssuedAt  *float64 `json:"iat"`
	}
	if json.Unmarshal(payload, &claims) != nil {
		return d, errors.New("cannot read what was signed")
	}
	seconds := func(t time.Time) float64 { return float64(t.Unix()) }
	if claims.ExpiresAt != nil && seconds(now.Add(-clockSkew)) >= *claims.ExpiresAt || claims.NotBefore != nil && seconds(now.Add(clockSkew)) < *claims.NotBefore ||
		claims.IssuedAt != nil && (seconds(now.Add(-maxAge)) > *claims.IssuedAt || seconds(now.Add(maxSkew)) < *claims.IssuedAt) {
		return d, errors.New("the signature is more than an hour old or new: a replay, or the clocks differ")
	}
	raw, err := base64.StdEncoding.Strict().DecodeString(claims.Digest)
	if err != nil || len(raw) != len(d) {
		return d, errors.New("what was signed is not the digest of an event")
	}
	return digest(raw), nil
}
