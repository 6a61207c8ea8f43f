package idp

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-json-experiment/json"
)

// signatureHeader is FusionAuth's.
const signatureHeader = "X-FusionAuth-Signature-JWT"

// signBody returns a JWT over the digest of a body, by the provider's own key that signs the access tokens. It has no time in it, as FusionAuth's: the event has.
func (s *Server) signBody(body []byte) (string, error) {
	digest := sha256.Sum256(body)
	payload, err := json.Marshal(struct {
		Digest string `json:"request_body_sha256"`
	}{base64.StdEncoding.EncodeToString(digest[:])})
	if err != nil {
		return "", fmt.Errorf("sign event: %w", err)
	}
	_, signing := s.signingKeys()
	options := (&jose.SignerOptions{}).WithType("JWT").WithHeader("kid", signing.kid)
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: signing.algorithm, Key: signing.private}, options)
	if err != nil {
		return "", fmt.Errorf("sign event: %w", err)
	}
	jws, err := signer.Sign(payload)
	if err != nil {
		return "", fmt.Errorf("sign event: %w", err)
	}
	return jws.CompactSerialize()
}
