package dbsc

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/big"
)

const (
	p256Size    = 64 // X and Y of a point of P-256
	minModulus  = 2048 / 8
	maxModulus  = 4096 / 8
	rsaExponent = 65537
)

// A Key is the public key that a session is bound to. Keys can be compared with ==, and be keys of
// a map. The zero value is no key, and verifies nothing.
type Key struct {
	// bytes are X and Y of an ES256 key, or the modulus of an RS256 key, whose exponent is always
	// 65537. The lengths tell them apart.
	bytes string
}

// ParseKey reads what [Key.Bytes] returns.
func ParseKey(b []byte) (Key, error) {
	k := Key{string(b)}
	_, err := k.public()
	if err != nil {
		return Key{}, err
	}
	return k, nil
}

// KeyOf returns a key of the standard library, an *ecdsa.PublicKey or an *rsa.PublicKey.
func KeyOf(public crypto.PublicKey) (Key, error) {
	switch p := public.(type) {
	case *ecdsa.PublicKey:
		if b, err := p.Bytes(); err == nil {
			return ParseKey(b[1:])
		}
	case *rsa.PublicKey:
		if p.E == rsaExponent {
			return rsaKey(p.N.Bytes())
		}
	}
	return Key{}, errors.New("dbsc: the key is neither of P-256 nor of RSA with the exponent 65537")
}

func rsaKey(modulus []byte) (Key, error) {
	if len(modulus) < minModulus {
		return Key{}, errors.New("dbsc: an RSA key needs 2048 bits")
	}
	return ParseKey(modulus)
}

// IsZero reports whether there is no key.
func (k Key) IsZero() bool { return k.bytes == "" }

// Algorithm is the one that the key signs with.
func (k Key) Algorithm() Algorithm {
	switch {
	case k.IsZero():
		return ""
	case len(k.bytes) == p256Size:
		return ES256
	default:
		return RS256
	}
}

// Bytes is the shortest form of the key, for storage: the 64 bytes of X and Y of an ES256 key, or
// the modulus of an RS256 key.
func (k Key) Bytes() []byte { return []byte(k.bytes) }

// Thumbprint identifies the key (RFC 7638, with SHA-256).
func (k Key) Thumbprint() [sha256.Size]byte { return sha256.Sum256(k.jwk()) }

// public returns the key for the standard library, or says what is wrong with it.
func (k Key) public() (crypto.PublicKey, error) {
	if len(k.bytes) == p256Size {
		p, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), append([]byte{4}, k.bytes...))
		if err != nil {
			return nil, errors.New("dbsc: the key is not a point of P-256")
		}
		return p, nil
	}
	n := new(big.Int).SetBytes([]byte(k.bytes))
	switch bits := n.BitLen(); {
	case len(k.bytes) < minModulus || len(k.bytes) > maxModulus || bits < 8*minModulus:
		return nil, fmt.Errorf("dbsc: a key of %d bytes is neither of P-256 nor of RSA with 2048 to 4096 bits", len(k.bytes))
	case bits <= 8*(len(k.bytes)-1) || n.Bit(0) == 0:
		return nil, errors.New("dbsc: the modulus is even or has leading zeros")
	}
	return &rsa.PublicKey{N: n, E: rsaExponent}, nil
}
