package outbox

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"

	"github.com/go-json-experiment/json"
)

// signatureHeader is FusionAuth's.
const signatureHeader = "X-FusionAuth-Signature-JWT"

// sign adds a JWT over the digest of a body. Like FusionAuth's it has no time in it: the event has.
func (d *Dispatcher) sign(ctx context.Context, header http.Header, body []byte) error {
	digest := sha256.Sum256(body)
	payload, err := json.Marshal(struct {
		Digest string `json:"request_body_sha256"`
	}{base64.StdEncoding.EncodeToString(digest[:])})
	if err != nil {
		return fmt.Errorf("sign event: %w", err)
	}
	signature, err := d.Sign(ctx, payload)
	if err != nil {
		return fmt.Errorf("sign event: %w", err)
	}
	header.Set(signatureHeader, signature)
	return nil
}
