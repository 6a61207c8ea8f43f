package dbsc

import (
	"encoding/json"
	"errors"
	"net/url"
	"strings"
)

// Claims are what a browser signs.
type Claims struct {
	Challenge     string   // jti: the caller must check that it is one of its own, and still valid
	Authorization string   // that of the Offer
	Audience      []string // of newer browsers: the URL of the request; see CheckAudience
}

// A Registration is a browser's new key, and its proof that it holds it.
type Registration struct {
	Claims
	Key Key

	jwt *jwt
}

// A Proof shows that a browser still has the key of its session.
type Proof struct {
	Claims
	Algorithm Algorithm

	jwt *jwt
}

// ParseRegistration parses what a browser posts to the path of an [Offer]. The algorithms are those
// of the offer, so none stands for ES256. Nothing is to be believed before [Registration.Verify].
func ParseRegistration(text string, offered ...Algorithm) (*Registration, error) {
	j, err := parseJWT(text, Offer{Algorithms: offered}.algorithms())
	if err != nil {
		return nil, err
	}
	raw, found := j.header["jwk"]
	if !found {
		return nil, errors.New("dbsc: a registration needs its jwk")
	}
	r := &Registration{jwt: j}
	if err = r.Key.UnmarshalJSON(raw); err != nil {
		return nil, err
	}
	r.Claims, err = parseClaims(j.payload)
	if err != nil {
		return nil, err
	}
	return r, nil
}

// Verify checks the signature. It is the expensive part.
func (r *Registration) Verify() error { return r.jwt.verify(r.Key) }

// ParseProof parses what a browser posts to refresh a session. Nothing is to be believed before
// [Proof.Verify].
func ParseProof(text string) (*Proof, error) {
	j, err := parseJWT(text, []Algorithm{ES256, RS256})
	if err != nil {
		return nil, err
	}
	if err := j.header.refuse("jwk"); err != nil {
		return nil, err
	}
	claims, err := parseClaims(j.payload)
	if err != nil {
		return nil, err
	}
	return &Proof{claims, j.algorithm, j}, nil
}

// Verify checks the signature with the key that the session is bound to, and with no algorithm but
// that of the key. It is the expensive part.
func (p *Proof) Verify(k Key) error { return p.jwt.verify(k) }

// parseClaims ignores claims that it does not know.
func parseClaims(payload object) (c Claims, err error) {
	if c.Challenge, err = payload.text("jti"); err != nil {
		return c, err
	}
	if c.Challenge == "" {
		return c, errors.New("dbsc: jti is empty")
	}
	if _, found := payload["authorization"]; found {
		if c.Authorization, err = payload.text("authorization"); err != nil {
			return c, err
		}
	}
	c.Audience, err = parseAudience(payload)
	return c, err
}

// parseAudience reads one string or a list of strings (RFC 7519 §4.1.3).
func parseAudience(payload object) ([]string, error) {
	raw, found := payload["aud"]
	if !found {
		return nil, nil
	}
	if one, err := payload.text("aud"); err == nil {
		return []string{one}, nil
	}
	var list []*string
	if err := json.Unmarshal(raw, &list); err != nil || len(list) == 0 {
		return nil, errors.New("dbsc: aud is neither a string nor a list of strings")
	}
	all := make([]string, len(list))
	for i, one := range list {
		if one == nil {
			return nil, errors.New("dbsc: aud has a null")
		}
		all[i] = *one
	}
	return all, nil
}

// CheckAudience returns nil if the claims are meant for a URL: the public one of the route that was
// posted to, as browsers know it. It returns nil for claims without an audience, too.
func (c Claims) CheckAudience(target string) error {
	if c.Audience == nil {
		return nil
	}
	want, err := serialize(target)
	if err != nil {
		return err
	}
	for _, one := range c.Audience {
		if got, err := serialize(one); err == nil && got == want {
			return nil
		}
	}
	return errors.New("dbsc: the audience is another URL")
}

// serialize writes a URL as browsers do: the host in lower case, without the default port.
func serialize(text string) (string, error) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" {
		return "", errors.New("dbsc: an audience is a URL with a host")
	}
	u.Host = strings.ToLower(strings.TrimSuffix(u.Host, ":443"))
	if u.Path == "" {
		u.Path = "/"
	}
	return u.String(), nil
}
