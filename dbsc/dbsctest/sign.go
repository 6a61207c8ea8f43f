package dbsctest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math/big"

	"github.com/latchkey-dev/latchkey/dbsc"
)

var errAlgorithm = errors.New("dbsctest: neither ES256 nor RS256")

// GenerateKey makes a key for an algorithm.
func GenerateKey(a dbsc.Algorithm) (crypto.Signer, error) {
	switch a {
	case dbsc.ES256:
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case dbsc.RS256:
		return rsa.GenerateKey(rand.Reader, 2048)
	default:
		return nil, errAlgorithm
	}
}

// SignRegistration writes a registration of a key.
func SignRegistration(key crypto.Signer, c dbsc.Claims) (string, error) {
	public, err := dbsc.KeyOf(key.Public())
	if err != nil {
		return "", err
	}
	return SignJWT(key, map[string]any{"alg": public.Algorithm(), "jwk": public, "typ": "dbsc+jwt"}, payload(c))
}

// SignProof writes a proof that the key is still there.
func SignProof(key crypto.Signer, c dbsc.Claims) (string, error) {
	public, err := dbsc.KeyOf(key.Public())
	if err != nil {
		return "", err
	}
	return SignJWT(key, map[string]any{"alg": public.Algorithm(), "typ": "dbsc+jwt"}, payload(c))
}

func payload(c dbsc.Claims) map[string]any {
	members := map[string]any{"jti": c.Challenge}
	if c.Authorization != "" {
		members["authorization"] = c.Authorization
	}
	switch len(c.Audience) {
	case 0:
	case 1:
		members["aud"] = c.Audience[0]
	default:
		members["aud"] = c.Audience
	}
	return members
}

// SignJWT signs anything: a header and a payload that become JSON.
func SignJWT(key crypto.Signer, header, payload any) (string, error) {
	signed := ""
	for i, part := range []any{header, payload} {
		text, err := json.Marshal(part)
		if err != nil {
			return "", err
		}
		if i > 0 {
			signed += "."
		}
		signed += base64.RawURLEncoding.EncodeToString(text)
	}
	digest := sha256.Sum256([]byte(signed))
	signature, err := key.Sign(rand.Reader, digest[:], crypto.SHA256)
	if err != nil {
		return "", err
	}
	if _, isEC := key.Public().(*ecdsa.PublicKey); isEC {
		if signature, err = fromDER(signature); err != nil {
			return "", err
		}
	}
	return signed + "." + base64.RawURLEncoding.EncodeToString(signature), nil
}

// fromDER writes r and s with 32 bytes each.
func fromDER(signature []byte) ([]byte, error) {
	var v struct{ R, S *big.Int }
	if _, err := asn1.Unmarshal(signature, &v); err != nil {
		return nil, err
	}
	raw := make([]byte, 64)
	v.R.FillBytes(raw[:32])
	v.S.FillBytes(raw[32:])
	return raw, nil
}
