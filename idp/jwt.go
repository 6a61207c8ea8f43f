package idp

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-json-experiment/json"
	"github.com/google/uuid"

	"github.com/latchkey-dev/latchkey/internal/jws"
)

// Values of the authenticationType claim.
const (
	authenticatedByPassword     = "PASSWORD"
	authenticatedByRefreshToken = "REFRESH_TOKEN"
)

// claims are those of FusionAuth's access tokens.
type claims struct {
	Issuer             string   `json:"iss"`
	Subject            string   `json:"sub"`
	Audience           string   `json:"aud,omitempty"` // the application's id
	ExpiresAt          int64    `json:"exp"`
	NotBefore          int64    `json:"nbf,omitzero"` // in tokens that others sign with an application's key
	IssuedAt           int64    `json:"iat"`
	ID                 string   `json:"jti"`
	AuthenticatedAt    int64    `json:"auth_time"` // of the login; refreshes leave it
	AuthenticationType string   `json:"authenticationType"`
	TenantID           string   `json:"tid"`
	RefreshTokenID     string   `json:"sid,omitempty"`
	ApplicationID      string   `json:"applicationId,omitempty"` // only where the user is registered
	Roles              []string `json:"roles,omitzero"`          // likewise
	Email              string   `json:"email,omitempty"`
	EmailVerified      bool     `json:"email_verified"`
	PreferredUsername  string   `json:"preferred_username,omitempty"`
	Scope              string   `json:"scope,omitempty"`
}

// newClaims returns what a token of this user for this application says. The
// application may be "". Roles are the registration's of this moment.
func (s *Server) newClaims(u *User, applicationID string, ttl time.Duration) claims {
	now := s.now()
	c := claims{
		Issuer: s.issuer, Subject: u.ID, Audience: applicationID, TenantID: u.TenantID, ID: uuid.NewString(),
		IssuedAt: now.Unix(), ExpiresAt: now.Add(ttl).Unix(), AuthenticatedAt: now.Unix(), AuthenticationType: authenticatedByPassword,
		Email: u.Email, EmailVerified: u.Verified, PreferredUsername: u.Username,
	}
	if reg := u.registration(applicationID); reg != nil {
		c.ApplicationID, c.Roles = applicationID, reg.Roles
	}
	return c
}

// sign returns the JWT, by the application's key or, where it has none, by the
// provider's. The grants, of OAuth tokens only, go into its header.
func (s *Server) sign(ctx context.Context, app application, c claims, grants ...string) (string, error) {
	signing, err := s.keyOf(ctx, app)
	if err != nil {
		return "", err
	}
	options := (&jose.SignerOptions{}).WithType("JWT").WithHeader("kid", signing.kid)
	if len(grants) > 0 {
		options.WithHeader("gty", grants)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: signing.algorithm, Key: signing.private}, options)
	if err != nil {
		return "", fmt.Errorf("signer: %w", err)
	}
	payload, err := json.Marshal(c)
	if err != nil {
		return "", fmt.Errorf("claims: %w", err)
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		return "", fmt.Errorf("sign: %w", err)
	}
	return signed.CompactSerialize()
}

// maxJWT is longer than any JWT of ours, and checked before it is parsed.
const maxJWT = 8 << 10

var errJWT = errors.New("idp: not a valid JWT of ours")

// verify returns the claims of a JWT that a key of the token's application has
// signed and whose time it is, or errJWT. The algorithm is the key's and not the
// header's to choose (RFC 8725 §3.1). It is read in its one spelling only.
func (s *Server) verify(ctx context.Context, token string) (claims, error) {
	if len(token) > maxJWT || !jws.Canonical(token) {
		return claims{}, errJWT
	}
	parsed, err := jose.ParseSignedCompact(token, algorithms)
	if err != nil {
		return claims{}, errJWT
	}
	all, header := s.verifyingKeys(), parsed.Signatures[0].Header
	i := slices.IndexFunc(all, func(k *signingKey) bool { return k.kid == header.KeyID })
	if i < 0 || string(all[i].algorithm) != header.Algorithm {
		return claims{}, errJWT
	}
	payload, err := parsed.Verify(all[i].verifies())
	if err != nil {
		return claims{}, errJWT
	}
	var c claims
	now := s.now().Unix()
	if err := json.Unmarshal(payload, &c); err != nil || c.Issuer != s.issuer || now >= c.ExpiresAt || now < c.NotBefore {
		return claims{}, errJWT
	}
	if ours, err := s.mayHaveSigned(ctx, all[i], c); err != nil || !ours {
		return claims{}, cmp.Or(err, errJWT)
	}
	return c, nil
}

// holderOf returns the user and the claims of a JWT, or errJWT. ErrNotFound: the
// user is gone. Somebody of another tenant than the token's is not its user.
func (s *Server) holderOf(ctx context.Context, token string) (User, claims, error) {
	c, err := s.verify(ctx, token)
	if err != nil {
		return User{}, c, err
	}
	u, err := s.UserByID(ctx, c.Subject)
	if err == nil && u.TenantID != c.TenantID {
		err = errJWT
	}
	return u, c, err
}
