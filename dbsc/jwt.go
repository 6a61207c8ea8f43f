package dbsc

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha256"
	"errors"
	"math/big"
	"slices"
	"strings"
)

// MaxSize bounds the text of a registration or proof. With the largest RSA key they have about 2.5
// KiB.
const MaxSize = 4 << 10

// A jwt is a token that has been parsed and not verified.
type jwt struct {
	algorithm       Algorithm
	header, payload object
	signed          string
	signature       []byte
}

func parseJWT(text string, allowed []Algorithm) (*jwt, error) {
	if len(text) > MaxSize {
		return nil, errors.New("dbsc: the JWT is too long")
	}
	segments := strings.Split(text, ".")
	if len(segments) != 3 {
		return nil, errors.New("dbsc: a JWT has three segments")
	}
	header, err := parseSegment(segments[0])
	if err != nil {
		return nil, err
	}
	algorithm, err := checkHeader(header, allowed)
	if err != nil {
		return nil, err
	}
	payload, err := parseSegment(segments[1])
	if err != nil {
		return nil, err
	}
	signature, err := decode(segments[2])
	if err != nil {
		return nil, err
	}
	return &jwt{algorithm, header, payload, segments[0] + "." + segments[1], signature}, nil
}

func parseSegment(text string) (object, error) {
	b, err := decode(text)
	if err != nil {
		return nil, err
	}
	return parseObject(b)
}

// checkHeader refuses every way to name a key but jwk. Unknown members are ignored, unless they are
// critical (RFC 7515 §4.1.11).
func checkHeader(header object, allowed []Algorithm) (Algorithm, error) {
	if err := header.refuse("crit", "kid", "jku", "x5u", "x5c", "x5t", "x5t#S256"); err != nil {
		return "", err
	}
	if typ, err := header.text("typ"); err != nil || typ != "dbsc+jwt" {
		return "", errors.New("dbsc: typ is not dbsc+jwt")
	}
	algorithm, err := header.text("alg")
	if err != nil || !slices.Contains(allowed, Algorithm(algorithm)) {
		return "", errors.New("dbsc: alg is not one that the caller allows")
	}
	return Algorithm(algorithm), nil
}

// verify checks the signature. The key decides the algorithm.
func (j *jwt) verify(k Key) error {
	if k.IsZero() || k.Algorithm() != j.algorithm {
		return errors.New("dbsc: alg is not that of the key")
	}
	public, err := k.public()
	if err != nil {
		return err
	}
	digest := sha256.Sum256([]byte(j.signed))
	good := false
	switch p := public.(type) {
	case *ecdsa.PublicKey:
		good = verifyES256(p, digest, j.signature)
	case *rsa.PublicKey:
		good = rsa.VerifyPKCS1v15(p, crypto.SHA256, digest[:], j.signature) == nil
	}
	if !good {
		return errors.New("dbsc: the signature is not that of the key")
	}
	return nil
}

// verifyES256 takes r and s, of 32 bytes each (RFC 7518 §3.4).
func verifyES256(p *ecdsa.PublicKey, digest [sha256.Size]byte, signature []byte) bool {
	if len(signature) != 64 {
		return false
	}
	r, s := new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])
	return ecdsa.Verify(p, digest[:], r, s)
}
