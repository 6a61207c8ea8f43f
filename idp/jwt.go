package idp

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"

	"github.com/latchkey-dev/latchkey/idp/internal/signing"
)

// Values of the authenticationType claim.
const (
	authenticatedByPassword     = "PASSWORD"
	authenticatedByRefreshToken = "REFRESH_TOKEN"
)

// claims are those of FusionAuth's access tokens.
type claims struct {
	Issuer    string `json:"iss"`
	Subject   string `json:"sub"`
	Audience  string `json:"aud,omitempty"` // the application's id
	ExpiresAt int64  `json:"exp"`
	// in tokens that others sign with an application's key
	NotBefore          int64    `json:"nbf,omitzero"`
	IssuedAt           int64    `json:"iat"`
	ID                 string   `json:"jti"`
	AuthenticatedAt    int64    `json:"auth_time"` // of the login; refreshes leave it
	AuthenticationType string   `json:"authenticationType"`
	TenantID           string   `json:"tid"`
	RefreshTokenID     string   `json:"sid,omitempty"`
	ApplicationID      string   `json:"applicationId,omitempty"` // only if the user is registered
	Roles              []string `json:"roles,omitzero"`          // likewise
	Email              string   `json:"email,omitempty"`
	EmailVerified      bool     `json:"email_verified"`
	PreferredUsername  string   `json:"preferred_username,omitempty"`
	Scope              string   `json:"scope,omitempty"`
}

// accessTokens signs and verifies the JWTs of users.
type accessTokens struct {
	issuers issuers
	keys    *signing.Ring
	now     func() time.Time
}

// claims returns what a token of this user for this application says, but for the issuer, which
// sign adds. The application may be "". Roles are the registration's of this moment.
func (t accessTokens) claims(u *User, applicationID string, ttl time.Duration) claims {
	now := t.now()
	c := claims{
		Subject: u.ID, Audience: applicationID, TenantID: u.TenantID, ID: uuid.NewString(),
		IssuedAt: now.Unix(), ExpiresAt: now.Add(ttl).Unix(), AuthenticatedAt: now.Unix(), AuthenticationType: authenticatedByPassword,
		Email: u.Email, EmailVerified: u.Verified, PreferredUsername: u.Username,
	}
	if reg := u.registration(applicationID); reg != nil {
		c.ApplicationID, c.Roles = applicationID, reg.Roles
	}
	return c
}

// sign returns the JWT in the name of its tenant's issuer, by the application's key or, if it has
// none, by the provider's. The grants, of OAuth tokens only, go into its header.
func (t accessTokens) sign(ctx context.Context, app application, c claims, grants ...string) (_ string, err error) {
	if c.Issuer, err = t.issuers.of(ctx, c.TenantID); err != nil {
		return "", err
	}
	payload, err := json.Marshal(c)
	if err != nil {
		return "", fmt.Errorf("encode claims: %w", err)
	}
	return t.keys.Sign(ctx, app.AccessTokenKeyID, payload, grants...)
}

var errJWT = errors.New("idp: invalid JWT")

// verify returns the claims of a JWT that a key of the token's application has signed and that is
// valid now, or errJWT.
func (t accessTokens) verify(ctx context.Context, token string) (claims, error) {
	payload, key, err := t.keys.Verify(token)
	if err != nil {
		return claims{}, errJWT
	}
	var c claims
	now := t.now().Unix()
	if err := json.Unmarshal(payload, &c); err != nil || now >= c.ExpiresAt || now < c.NotBefore {
		return claims{}, errJWT
	}
	if known, err := t.issuers.accepts(ctx, c.TenantID, c.Issuer); err != nil || !known {
		return claims{}, cmp.Or(err, errJWT)
	}
	if ours, err := t.mayHaveSigned(ctx, key, c); err != nil || !ours {
		return claims{}, cmp.Or(err, errJWT)
	}
	return c, nil
}

// mayHaveSigned reports whether a key signs tokens with these claims. A holder of one application's
// key, such as a client that verifies with a shared secret, must not speak for another application.
func (t accessTokens) mayHaveSigned(ctx context.Context, key *signing.Key, c claims) (bool, error) {
	if c.Audience == "" {
		return key.ID == "", nil
	}
	if c.ApplicationID != "" && c.ApplicationID != c.Audience {
		return false, nil
	}
	return t.keys.SignsFor(ctx, key, c.Audience, c.TenantID)
}

// userOfJWT returns the user and the claims of a JWT, or errJWT. ErrNotFound: the user has been
// deleted. A user of another tenant than the token's is not its user.
func (s *Server) userOfJWT(ctx context.Context, token string) (User, claims, error) {
	c, err := s.tokens.verify(ctx, token)
	if err != nil {
		return User{}, claims{}, err
	}
	u, err := s.UserByID(ctx, c.Subject)
	if err != nil {
		return User{}, claims{}, err
	}
	if u.TenantID != c.TenantID {
		return User{}, claims{}, errJWT
	}
	return u, c, nil
}
