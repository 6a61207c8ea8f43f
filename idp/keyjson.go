package idp

import (
	"errors"

	"github.com/go-jose/go-jose/v4"

	"github.com/latchkey-dev/latchkey/idp/internal/database"
	"github.com/latchkey-dev/latchkey/idp/internal/fusion"
	"github.com/latchkey-dev/latchkey/idp/internal/signing"
)

// keyJSON is a key as FusionAuth writes it. What signs is never shown.
type keyJSON struct {
	ID                string                  `json:"id,omitempty"`
	KID               string                  `json:"kid,omitempty"`
	Name              string                  `json:"name,omitempty"`
	Algorithm         jose.SignatureAlgorithm `json:"algorithm,omitempty"`
	Type              string                  `json:"type,omitempty"`
	Length            int                     `json:"length,omitzero"` // bits
	PublicKey         string                  `json:"publicKey,omitempty"`
	PrivateKey        string                  `json:"privateKey,omitempty"` // only read
	Secret            string                  `json:"secret,omitempty"`     // only read
	Certificate       string                  `json:"certificate,omitempty"`
	HasPrivateKey     bool                    `json:"hasPrivateKey"`
	InsertInstant     int64                   `json:"insertInstant,omitzero"`
	LastUpdateInstant int64                   `json:"lastUpdateInstant,omitzero"`
}

type keyBody struct {
	Key keyJSON `json:"key"`
}

func newKeyJSON(k signing.NamedKey) (keyJSON, error) {
	public, err := k.PublicPEM()
	return keyJSON{
		ID: k.ID, KID: k.KID, Name: k.Name, Algorithm: k.Algorithm, Type: keyType(k.Algorithm), Length: k.Bits(), PublicKey: public,
		HasPrivateKey: k.Public() != nil, InsertInstant: database.Millis(k.Created), LastUpdateInstant: k.Updated,
	}, err
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

// keyError says in a request's terms what keeps a key from being stored or deleted.
func keyError(err error) error {
	if errors.Is(err, signing.ErrInUse) {
		return fusion.Invalid("keyId", "inUse", "An application signs with this key: give it another first.")
	}
	taken, ok := errors.AsType[*signing.TakenError](err)
	if !ok {
		return err
	}
	var wrong ValidationError
	for _, c := range []struct {
		field string
		taken bool
	}{{"keyId", taken.ID}, {"key.name", taken.Name}, {"key.kid", taken.KID}} {
		if c.taken {
			wrong = append(wrong, fusion.Invalid(c.field, "duplicate", "This one is taken.")...)
		}
	}
	return wrong
}
