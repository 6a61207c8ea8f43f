package gateway

import (
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/latchkey-dev/latchkey"
)

// userLife is how long a Latchkey-User header is valid: it is for one request.
const userLife = time.Minute

// userClaims are the claims in a Latchkey-User header, a JWT whose signature, issuer, audience and
// expiry any library can check.
type userClaims struct {
	Issuer   string   `json:"iss"` // "latchkey"
	Audience string   `json:"aud"` // the app's origin
	Subject  string   `json:"sub"` // the user's id at the provider
	Session  string   `json:"sid"`
	Bound    bool     `json:"bound"` // the session is of use in its browser only
	Issued   int64    `json:"iat"`
	Expires  int64    `json:"exp"`
	Email    string   `json:"email,omitempty"`
	Verified bool     `json:"email_verified,omitempty"`
	Name     string   `json:"name,omitempty"`
	Username string   `json:"preferred_username,omitempty"`
	Roles    []string `json:"roles"`
}

// userSigner makes Latchkey-User headers for one app.
type userSigner struct {
	signer jose.Signer
	origin string
}

func newUserSigner(key latchkey.Secret, origin string) (*userSigner, error) {
	if len(key) < 32 {
		return nil, errors.New("UserKey: shorter than 32 bytes: generate a longer one")
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.HS256, Key: []byte(key)}, (&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		return nil, err
	}
	return &userSigner{signer, origin}, nil
}

func (s *userSigner) sign(session *latchkey.Session, now time.Time) (string, error) {
	user := session.User
	name := user.FullName
	if name == "" {
		name = strings.TrimSpace(user.FirstName + " " + user.LastName)
	}
	roles := user.Roles
	if roles == nil {
		roles = []string{}
	}
	claims, err := json.Marshal(userClaims{
		Issuer: "latchkey", Audience: s.origin, Subject: user.ID, Session: session.ID.String(), Bound: session.DeviceBound, Issued: now.Unix(), Expires: now.Add(userLife).Unix(),
		Email: user.Email, Verified: user.EmailVerified, Name: name, Username: user.Username, Roles: roles,
	})
	if err != nil {
		return "", err
	}
	signed, err := s.signer.Sign(claims)
	if err != nil {
		return "", err
	}
	return signed.CompactSerialize()
}
