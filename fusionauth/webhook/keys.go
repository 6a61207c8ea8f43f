package webhook

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// keys verify signatures: the keys of the configuration, or those that FusionAuth publishes.
type keys struct {
	algorithms []jose.SignatureAlgorithm // of all keys: the signer cannot choose another
	fixed      []key
	published  *keySet
}

// A key verifies its own algorithms only (RFC 8725, section 3.1).
type key struct {
	key        any
	algorithms []jose.SignatureAlgorithm
}

func (k key) signs(algorithm string) bool {
	return slices.Contains(k.algorithms, jose.SignatureAlgorithm(algorithm))
}

var (
	byHMAC      = []jose.SignatureAlgorithm{jose.HS256, jose.HS384, jose.HS512}
	byRSA       = []jose.SignatureAlgorithm{jose.RS256, jose.RS384, jose.RS512, jose.PS256, jose.PS384, jose.PS512}
	byPublicKey = slices.Concat(byRSA, []jose.SignatureAlgorithm{jose.ES256, jose.ES384, jose.ES512, jose.EdDSA})
)

func newKeys(c Config) (k keys, err error) {
	given := 0
	for _, is := range []bool{len(c.Secrets) > 0, c.PublicKey != "", c.KeySetURL != ""} {
		if is {
			given++
		}
	}
	if given != 1 {
		return k, errors.New("webhook: Config: one of Secrets, PublicKey and KeySetURL is required, because unsigned events could come from anyone")
	}
	switch {
	case len(c.Secrets) > 0:
		k.algorithms = byHMAC
		for i, secret := range c.Secrets {
			if len(secret) < 32 {
				return k, fmt.Errorf("webhook: Config.Secrets[%d]: shorter than 32 bytes: it could be guessed", i)
			}
			k.fixed = append(k.fixed, key{[]byte(secret), byHMAC})
		}
	case c.PublicKey != "":
		k.algorithms = byPublicKey
		k.fixed, err = parsePEM([]byte(c.PublicKey))
	default:
		u, parseErr := url.Parse(c.KeySetURL)
		if parseErr != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.User != nil {
			return k, errors.New("webhook: Config.KeySetURL: want https://host/.well-known/jwks.json")
		}
		k.algorithms, k.published = byPublicKey, newKeySet(c.KeySetURL, c.Transport)
	}
	return k, err
}

// find returns the keys that may have made a signature.
func (k keys) find(ctx context.Context, id string, now time.Time) ([]key, error) {
	if k.published != nil {
		return k.published.find(ctx, id, now)
	}
	return k.fixed, nil
}

// parsePEM reads public keys and certificates, whose key alone counts.
func parsePEM(text []byte) (all []key, err error) {
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		var public any
		switch block.Type {
		case "PUBLIC KEY":
			public, err = x509.ParsePKIXPublicKey(block.Bytes)
		case "CERTIFICATE":
			var certificate *x509.Certificate
			if certificate, err = x509.ParseCertificate(block.Bytes); err == nil {
				public = certificate.PublicKey
			}
		default: // never its content: it may be a private key
			err = fmt.Errorf("%q is not a public key", block.Type)
		}
		if err != nil {
			return nil, fmt.Errorf("webhook: Config.PublicKey: key %d: %w", len(all), err)
		}
		k, err := publicKey(public)
		if err != nil {
			return nil, fmt.Errorf("webhook: Config.PublicKey: key %d: %w", len(all), err)
		}
		all = append(all, k)
	}
	if all == nil {
		return nil, errors.New("webhook: Config.PublicKey: no key found: want PEM, which begins with -----BEGIN PUBLIC KEY-----")
	}
	return all, nil
}

// publicKey returns the algorithms of a key, and refuses a weak one.
func publicKey(public any) (key, error) {
	switch p := public.(type) {
	case *rsa.PublicKey:
		if p.N.BitLen() < 2048 || p.E < 3 {
			return key{}, errors.New("the RSA key is shorter than 2048 bits")
		}
		return key{p, byRSA}, nil
	case *ecdsa.PublicKey:
		of := map[string]jose.SignatureAlgorithm{"P-256": jose.ES256, "P-384": jose.ES384, "P-521": jose.ES512}[p.Curve.Params().Name]
		if of != "" {
			return key{p, []jose.SignatureAlgorithm{of}}, nil
		}
	case ed25519.PublicKey:
		return key{p, []jose.SignatureAlgorithm{jose.EdDSA}}, nil
	}
	return key{}, fmt.Errorf("FusionAuth cannot sign with a %T", public)
}
