package idp

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// signingKey is a key that signs JWTs, or did.
type signingKey struct {
	kid       string
	algorithm jose.SignatureAlgorithm
	private   any // *ecdsa.PrivateKey, *rsa.PrivateKey, ed25519.PrivateKey, or the secret of an HMAC key as []byte
	made      time.Time
	keyID     string // of a key that an administration made; "" for the provider's own
}

// algorithms are those that a JWT of ours may have.
var algorithms = []jose.SignatureAlgorithm{jose.ES256, jose.RS256, jose.EdDSA, jose.HS256}

// Bounds on keys. RFC 7518 §3.2 and §3.3 have the lower ones.
const (
	minSecret  = 32 // bytes
	maxSecret  = 1024
	minRSABits = 2048
	maxRSABits = 4096
)

// public is what verifies, or nil where that is the secret itself.
func (k *signingKey) public() crypto.PublicKey {
	if signer, ok := k.private.(crypto.Signer); ok {
		return signer.Public()
	}
	return nil
}

// verifies is what jose wants to verify with.
func (k *signingKey) verifies() any {
	if public := k.public(); public != nil {
		return public
	}
	return k.private
}

// publicPEM is "" where there is no public key.
func (k *signingKey) publicPEM() (string, error) {
	public := k.public()
	if public == nil {
		return "", nil
	}
	der, err := x509.MarshalPKIXPublicKey(public)
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})), err
}

// size is in bits.
func (k *signingKey) size() int {
	switch private := k.private.(type) {
	case *rsa.PrivateKey:
		return private.N.BitLen()
	case []byte:
		return 8 * len(private)
	}
	return 256
}

// bytes is the form that is kept, sealed.
func (k *signingKey) bytes() ([]byte, error) {
	if secret, ok := k.private.([]byte); ok {
		return secret, nil
	}
	return x509.MarshalPKCS8PrivateKey(k.private)
}

// generate makes a key. Bits are of an RSA key.
func generate(algorithm jose.SignatureAlgorithm, bits int) (private any, err error) {
	switch algorithm {
	case jose.ES256:
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case jose.RS256:
		return rsa.GenerateKey(rand.Reader, bits)
	case jose.EdDSA:
		_, key, err := ed25519.GenerateKey(rand.Reader)
		return key, err
	case jose.HS256:
		secret := make([]byte, minSecret)
		rand.Read(secret) // never fails
		return secret, nil
	}
	return nil, errKeyAlgorithm
}

var errKeyAlgorithm = errors.New("not a key of its algorithm")

// privateKey reads the kept form, and asks whether the key is one of its algorithm: a key must never serve two.
func privateKey(algorithm jose.SignatureAlgorithm, kept []byte) (any, error) {
	if algorithm == jose.HS256 {
		if len(kept) < minSecret || len(kept) > maxSecret {
			return nil, fmt.Errorf("the secret has %d bytes, want %d to %d", len(kept), minSecret, maxSecret)
		}
		return kept, nil
	}
	private, err := x509.ParsePKCS8PrivateKey(kept)
	if err != nil {
		return nil, err
	}
	return private, fits(algorithm, private)
}

func fits(algorithm jose.SignatureAlgorithm, private any) error {
	switch k := private.(type) {
	case *ecdsa.PrivateKey:
		if algorithm == jose.ES256 && k.Curve == elliptic.P256() {
			return nil
		}
	case *rsa.PrivateKey:
		if algorithm == jose.RS256 && k.N.BitLen() >= minRSABits && k.N.BitLen() <= maxRSABits {
			return k.Validate()
		}
	case ed25519.PrivateKey:
		if algorithm == jose.EdDSA {
			return nil
		}
	}
	return errKeyAlgorithm
}

// parsePEM reads a private key in PKCS #8, PKCS #1 or SEC 1.
func parsePEM(text string) (any, error) {
	block, rest := pem.Decode([]byte(text))
	if block == nil || len(rest) > 0 {
		return nil, errors.New("want one private key in PEM")
	}
	switch block.Type {
	case "PRIVATE KEY":
		return x509.ParsePKCS8PrivateKey(block.Bytes)
	case "RSA PRIVATE KEY":
		return x509.ParsePKCS1PrivateKey(block.Bytes)
	case "EC PRIVATE KEY":
		return x509.ParseECPrivateKey(block.Bytes)
	}
	return nil, errors.New("want a private key in PEM, not encrypted")
}

// fingerprint is a key id, as long as FusionAuth's. That of a secret is made up, for it must say nothing of it.
func fingerprint(private any) (string, error) {
	what := []byte(rand.Text())
	if signer, ok := private.(crypto.Signer); ok {
		der, err := x509.MarshalPKIXPublicKey(signer.Public())
		if err != nil {
			return "", err
		}
		what = der
	}
	sum := sha256.Sum256(what)
	return base64.RawURLEncoding.EncodeToString(sum[:20]), nil
}
