package dbsc

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
)

// base64url has one text for each value. The decoder skips line breaks all the same.
var base64url = base64.RawURLEncoding.Strict()

func decode(text string) ([]byte, error) {
	if strings.ContainsAny(text, "\r\n") {
		return nil, errors.New("dbsc: line break in base64url")
	}
	b, err := base64url.DecodeString(text)
	if err != nil || len(b) == 0 {
		return nil, errors.New("dbsc: not base64url without padding")
	}
	return b, nil
}

// jwk is the key with its required members only, in the order of RFC 7638.
func (k Key) jwk() []byte {
	if k.Algorithm() == ES256 {
		x, y := k.bytes[:p256Size/2], k.bytes[p256Size/2:]
		return fmt.Appendf(nil, `{"crv":"P-256","kty":"EC","x":%q,"y":%q}`,
			base64url.EncodeToString([]byte(x)), base64url.EncodeToString([]byte(y)))
	}
	return fmt.Appendf(nil, `{"e":"AQAB","kty":"RSA","n":%q}`, base64url.EncodeToString([]byte(k.bytes)))
}

// MarshalJSON writes the key as a JWK (RFC 7517).
func (k Key) MarshalJSON() ([]byte, error) {
	if k.IsZero() {
		return nil, errors.New("dbsc: there is no key")
	}
	return k.jwk(), nil
}

// UnmarshalJSON reads a JWK. It refuses private keys, and JWKs that name a certificate too.
func (k *Key) UnmarshalJSON(text []byte) (err error) {
	members, err := parseObject(text)
	if err != nil {
		return err
	}
	if err := members.refuse("d", "p", "q", "dp", "dq", "qi", "oth", "k", "x5c", "x5t", "x5t#S256", "x5u"); err != nil {
		return err
	}
	kty, err := members.text("kty")
	if err != nil {
		return err
	}
	switch kty {
	case "EC":
		*k, err = members.p256()
	case "RSA":
		*k, err = members.rsa()
	default:
		err = errors.New("dbsc: kty is neither EC nor RSA")
	}
	return err
}

func (o object) p256() (Key, error) {
	if crv, err := o.text("crv"); err != nil || crv != "P-256" {
		return Key{}, errors.New("dbsc: crv is not P-256")
	}
	x, err := o.bytes("x")
	if err != nil {
		return Key{}, err
	}
	y, err := o.bytes("y")
	if err != nil {
		return Key{}, err
	}
	if len(x) != p256Size/2 || len(y) != p256Size/2 {
		return Key{}, errors.New("dbsc: a coordinate of P-256 is 32 bytes")
	}
	return ParseKey(append(x, y...))
}

func (o object) rsa() (Key, error) {
	if e, err := o.text("e"); err != nil || e != "AQAB" {
		return Key{}, errors.New("dbsc: e is not 65537")
	}
	n, err := o.bytes("n")
	if err != nil {
		return Key{}, err
	}
	return rsaKey(n)
}

func (o object) bytes(name string) ([]byte, error) {
	text, err := o.text(name)
	if err != nil {
		return nil, err
	}
	return decode(text)
}
