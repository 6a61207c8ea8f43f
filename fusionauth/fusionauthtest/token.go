package fusionauthtest

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/uuid"
)

// A token is a refresh token: its id stays, its value may change.
type token struct {
	id, value, previous   string
	user                  *User
	applicationID         string
	start, used, replaced time.Time
}

func (s *Server) newToken(u *User, a *Application) *token {
	t := &token{id: uuid.NewString(), value: newValue(), user: u, applicationID: a.ID, start: s.now(), used: s.now()}
	s.tokens = append(s.tokens, t)
	return t
}

func (t *token) json() object {
	return object{"id": t.id, "applicationId": t.applicationID, "userId": t.user.ID, "tenantId": TenantID, "startInstant": t.start.UnixMilli(), "token": t.value}
}

// newValue contains characters that must be escaped in a URL.
func newValue() string {
	raw := make([]byte, 29)
	rand.Read(raw)
	return "+/" + base64.StdEncoding.EncodeToString(raw)
}

// alive returns the token with that value, the newest or the one before, unless it has expired;
// else nil.
func (s *Server) alive(value string) *token {
	for _, t := range s.tokens {
		if value == "" || t.value != value && t.previous != value {
			continue
		}
		c := s.state.jwt(s.state.app(t.applicationID))
		life := time.Duration(c.RefreshTokenTimeToLiveInMinutes) * time.Minute
		end := t.start.Add(life)
		if c.RefreshTokenExpirationPolicy != "Fixed" {
			end = t.used.Add(life)
		}
		most := t.start.Add(time.Duration(c.RefreshTokenSlidingWindowConfiguration.MaximumTimeToLiveInMinutes) * time.Minute)
		if c.RefreshTokenExpirationPolicy == "SlidingWindowWithMaximumLifetime" && most.Before(end) {
			end = most
		}
		grace := time.Duration(c.RefreshTokenOneTimeUseConfiguration.GracePeriodInSeconds) * time.Second
		if !s.now().Before(end) || value != t.value && s.now().Sub(t.replaced) >= grace {
			return nil
		}
		return t
	}
	return nil
}

// redeem trades the value in. It returns nil for an invalid one, whatever the reason.
func (s *Server) redeem(value, applicationID string) *token {
	t := s.alive(value)
	if t == nil || applicationID != "" && t.applicationID != applicationID || t.user.Inactive || t.user.Expired || t.user.Prevented {
		return nil
	}
	t.used = s.now()
	if s.state.jwt(s.state.app(t.applicationID)).RefreshTokenUsagePolicy == "OneTimeUse" && value == t.value {
		t.previous, t.value, t.replaced = value, newValue(), s.now()
	}
	return t
}

func (s *Server) claims(u *User, a *Application, refreshTokenID, how string) object {
	now := s.now().Unix()
	c := object{
		"iss": s.state.Tenant.Issuer, "sub": u.ID, "iat": now, "auth_time": now, "exp": now + int64(s.state.jwt(a).TimeToLiveInSeconds),
		"jti": uuid.NewString(), "tid": s.state.Tenant.ID, "authenticationType": how, "email": u.Email, "email_verified": !u.Unverified,
	}
	if refreshTokenID != "" {
		c["sid"] = refreshTokenID
	}
	if a != nil {
		c["aud"] = a.ID
		if r := u.registration(a.ID); r != nil {
			c["applicationId"], c["roles"] = a.ID, r.Roles
		}
	}
	return c
}

// sign signs with HS256, the default of older installations: only the server can verify it.
func (s *Server) sign(claims object) string {
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.HS256, Key: jose.JSONWebKey{Key: []byte("the default signing key of the test"), KeyID: "a1b2c3d4e"}},
		(&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		panic(err)
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		panic(err)
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		panic(err)
	}
	compact, err := signed.CompactSerialize()
	if err != nil {
		panic(err)
	}
	return compact
}
