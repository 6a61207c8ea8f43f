package signing

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"

	"github.com/go-jose/go-jose/v4"
)

// Algorithms are those that a key may have.
var Algorithms = []jose.SignatureAlgorithm{jose.ES256, jose.RS256, jose.EdDSA, jose.HS256}

// Bounds on keys. RFC 7518 §3.2 and §3.3 have the lower ones.
const (
	MinRSABits = 2048
	MaxRSABits = 4096
	minSecret  = 32 // bytes
	maxSecret  = 1024
)

var errAlgorithm = errors.New("the key does not fit its algorithm")

// Generate creates a private key. The bits are those of an RSA key.
func Generate(algorithm jose.SignatureAlgorithm, bits int) (private any, err error) {
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
	return nil, errAlgorithm
}

// ParseSecret returns the key of an HMAC algorithm.
func ParseSecret(secret string) (private any, err error) {
	return unmarshal(jose.HS256, []byte(secret))
}

// ParsePEM returns a private key in PKCS #8, PKCS #1 or SEC 1, not encrypted. It must fit the
// algorithm: a key must never serve two.
func ParsePEM(algorithm jose.SignatureAlgorithm, text string) (private any, err error) {
	block, rest := pem.Decode([]byte(text))
	if block == nil || len(rest) > 0 {
		return nil, errors.New("want one private key in PEM")
	}
	switch block.Type {
	case "PRIVATE KEY":
		private, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	case "RSA PRIVATE KEY":
		private, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	case "EC PRIVATE KEY":
		private, err = x509.ParseECPrivateKey(block.Bytes)
	default:
		err = errors.New("want a private key in PEM, not encrypted")
	}
	if err != nil {
		return nil, err
	}
	return private, fits(algorithm, private)
}

// unmarshal reads what [Key.marshal] wrote.
func unmarshal(algorithm jose.SignatureAlgorithm, text []byte) (private any, err error) {
	if algorithm == jose.HS256 {
		if len(text) < minSecret || len(text) > maxSecret {
			return nil, fmt.Errorf("the secret has %d bytes, want %d to %d", len(text), minSecret, maxSecret)
		}
		return text, nil
	}
	if private, err = x509.ParsePKCS8PrivateKey(text); err != nil {
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
		if algorithm == jose.RS256 && k.N.BitLen() >= MinRSABits && k.N.BitLen() <= MaxRSABits {
			return k.Validate()
		}
	case ed25519.PrivateKey:
		if algorithm == jose.EdDSA {
			return nil
		}
	}
	return errAlgorithm
}
