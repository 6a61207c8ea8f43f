package signing

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// A Key signs JWTs, or did.
type Key struct {
	KID       string
	Algorithm jose.SignatureAlgorithm
	// *ecdsa.PrivateKey, *rsa.PrivateKey, ed25519.PrivateKey, or the secret of an HMAC key as
	// []byte
	Private any
	ID      string // a UUID, of a key that an administrator created; "" for the provider's own
	Created time.Time
}

// Public returns the public key, or nil for an HMAC key.
func (k *Key) Public() crypto.PublicKey {
	if signer, ok := k.Private.(crypto.Signer); ok {
		return signer.Public()
	}
	return nil
}

// verifier is what jose verifies with.
func (k *Key) verifier() any {
	if public := k.Public(); public != nil {
		return public
	}
	return k.Private
}

// PublicPEM returns the public key in PEM, or "" for an HMAC key.
func (k *Key) PublicPEM() (string, error) {
	public := k.Public()
	if public == nil {
		return "", nil
	}
	der, err := x509.MarshalPKIXPublicKey(public)
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})), err
}

// Bits returns the size of the key.
func (k *Key) Bits() int {
	switch private := k.Private.(type) {
	case *rsa.PrivateKey:
		return private.N.BitLen()
	case []byte:
		return 8 * len(private)
	}
	return 256
}

// marshal returns the form that is stored, once it is sealed.
func (k *Key) marshal() ([]byte, error) {
	if secret, ok := k.Private.([]byte); ok {
		return secret, nil
	}
	return x509.MarshalPKCS8PrivateKey(k.Private)
}

// Fingerprint returns a KID for a private key, as long as FusionAuth's. That of a secret is random,
// because it must reveal nothing about the secret.
func Fingerprint(private any) (string, error) {
	hashed := []byte(rand.Text())
	if signer, ok := private.(crypto.Signer); ok {
		der, err := x509.MarshalPKIXPublicKey(signer.Public())
		if err != nil {
			return "", err
		}
		hashed = der
	}
	sum := sha256.Sum256(hashed)
	return base64.RawURLEncoding.EncodeToString(sum[:20]), nil
}
