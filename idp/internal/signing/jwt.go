package signing

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/go-jose/go-jose/v4"

	"github.com/latchkey-dev/latchkey/internal/jws"
)

// ErrInvalid means that a token is not signed by a key of the ring, or is not in its canonical
// form.
var ErrInvalid = errors.New("not signed by a known key")

// maxToken is longer than any token of ours, in bytes, and checked before a token is parsed.
const maxToken = 8 << 10

// Sign returns a JWT by the key with this id, or by the provider's own if the id is empty. The
// grants, of OAuth tokens only, go into its header.
func (r *Ring) Sign(ctx context.Context, keyID string, payload []byte, grants ...string) (string, error) {
	k, err := r.Signer(ctx, keyID)
	if err != nil {
		return "", err
	}
	options := (&jose.SignerOptions{}).WithType("JWT").WithHeader("kid", k.KID)
	if len(grants) > 0 {
		options.WithHeader("gty", grants)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: k.Algorithm, Key: k.Private}, options)
	if err != nil {
		return "", fmt.Errorf("signer: %w", err)
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		return "", fmt.Errorf("sign: %w", err)
	}
	return signed.CompactSerialize()
}

// Verify returns the payload of a JWT and the key that signed it, or ErrInvalid. It does not look
// at the claims; see [Ring.SignsFor]. The key decides the algorithm, not the header (RFC 8725
// §3.1).
func (r *Ring) Verify(token string) (payload []byte, k *Key, err error) {
	if len(token) > maxToken || !jws.Canonical(token) {
		return nil, nil, ErrInvalid
	}
	parsed, err := jose.ParseSignedCompact(token, Algorithms)
	if err != nil {
		return nil, nil, ErrInvalid
	}
	all, header := r.known().all(), parsed.Signatures[0].Header
	i := slices.IndexFunc(all, func(k *Key) bool { return k.KID == header.KeyID })
	if i < 0 || string(all[i].Algorithm) != header.Algorithm {
		return nil, nil, ErrInvalid
	}
	if payload, err = parsed.Verify(all[i].verifier()); err != nil {
		return nil, nil, ErrInvalid
	}
	return payload, all[i], nil
}
