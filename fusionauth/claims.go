package fusionauth

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/latchkey-dev/latchkey/internal/jws"
)

// claims are the claims of the access token that we use.
type claims struct {
	Subject           string   `json:"sub"`
	Audience          audience `json:"aud"`
	Issuer            string   `json:"iss"`
	TenantID          string   `json:"tid"`
	RefreshTokenID    string   `json:"sid"`
	ExpiresAt         int64    `json:"exp"` // seconds since 1970
	NotBefore         float64  `json:"nbf"` // likewise; 0: immediately
	Email             string   `json:"email"`
	EmailVerified     bool     `json:"email_verified"`
	PreferredUsername string   `json:"preferred_username"`
	Roles             []string `json:"roles"`
}

// audience is one string or a list (RFC 7519, section 4.1.3).
type audience []string

func (a *audience) UnmarshalJSON(b []byte) error {
	var one string
	if json.Unmarshal(b, &one) == nil {
		*a = audience{one}
		return nil
	}
	return json.Unmarshal(b, (*[]string)(a))
}

const (
	maxToken  = 8 << 10 // bytes
	clockSkew = time.Minute
)

// check reads the claims of a token that the server has just sent us, and refuses one that is not
// for us or has expired. It does not check the signature: the token came directly from the server
// over our own connection, which stands in for it (OpenID Connect Core, section 3.1.3.7, rule 6),
// and servers that sign with HS256 publish no key.
func (c *Client) check(token string) (claims, error) {
	claims, err := parseClaims(token)
	if err != nil {
		return claims, err
	}
	if c.now().After(time.Unix(claims.ExpiresAt, 0).Add(clockSkew)) {
		return claims, errors.New("access token: expired: check that the clocks agree")
	}
	if float64(c.now().Add(clockSkew).Unix()) < claims.NotBefore {
		return claims, errors.New("access token: not valid yet: check that the clocks agree")
	}
	if c.config.Issuer != "" && claims.Issuer != c.config.Issuer {
		return claims, fmt.Errorf("access token: not from issuer %s", c.config.Issuer)
	}
	if c.config.TenantID != "" && claims.TenantID != "" && claims.TenantID != c.config.TenantID {
		return claims, fmt.Errorf("access token: not from tenant %s", c.config.TenantID)
	}
	for _, to := range claims.Audience {
		if to == c.config.ApplicationID {
			return claims, nil
		}
	}
	return claims, fmt.Errorf("access token: not for application %s", c.config.ApplicationID)
}

// parseClaims reads the payload of a JWT in compact form. Its errors quote nothing.
func parseClaims(token string) (claims, error) {
	var c claims
	if len(token) > maxToken || !jws.Canonical(token) {
		return c, errors.New("access token: not a compact JWT")
	}
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	if err != nil || json.Unmarshal(payload, &c) != nil {
		return c, errors.New("access token: cannot read its claims")
	}
	if c.Subject == "" || c.ExpiresAt <= 0 || c.ExpiresAt > 1<<40 {
		return c, errors.New("access token: sub or exp is missing")
	}
	return c, nil
}
