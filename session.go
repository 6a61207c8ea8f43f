package latchkey

import (
	"context"
	"slices"
	"sync/atomic"
	"time"

	"github.com/latchkey-dev/latchkey/internal/cookie"
	"github.com/latchkey-dev/latchkey/internal/wire"
)

// A Session is the login behind a request. It is read-only.
type Session struct {
	ID        ID
	User      User      // as of the last refresh, at most Config.SessionCap ago
	CreatedAt time.Time // when the session started

	// AuthenticatedAt is when the user last authenticated, and AuthMethods is how; see
	// Grant.AuthMethods. They are zero if unknown.
	AuthenticatedAt time.Time
	AuthMethods     []string

	// Persistent reports whether the login outlives the browser ("remember" at login).
	Persistent bool
	// DeviceBound reports whether the session is of use in this browser only: it is bound to a key,
	// and Config.DeviceBinding asks for proofs of it.
	DeviceBound bool

	record *Record
	tokens *cookie.Sealer
	token  *openedToken                           // nil: open the JWT each time
	fresh  func(context.Context) (*Record, error) // waits for the next JWT; nil: this one will do
}

// An openedToken caches the opened JWT of a cached record: opening takes longer than the rest of a
// request.
type openedToken struct{ atomic.Pointer[Secret] }

// From returns the session of a request that passed Protect, Require or Identify, if it has one.
func From(ctx context.Context) (*Session, bool) {
	s, ok := ctx.Value(sessionKey{}).(*Session)
	return s, ok
}

// HasRole reports whether the user has a role in this app, as of the last refresh.
func (s *Session) HasRole(role string) bool { return slices.Contains(s.User.Roles, role) }

// Token returns the provider's JWT, for calls to other services on the user's behalf, and its
// expiry, which is zero if unknown. With Config.RefreshAhead, if the JWT has expired because the
// session was not used for a while, Token waits for the refresh in progress, at most
// Config.ProviderTimeout. If that refresh ends the session, the error is a *Problem with
// login_required, for WriteError.
//
// The JWT may be expired, without RefreshAhead or if the provider does not respond. Never send it
// to the browser.
func (s *Session) Token(ctx context.Context) (Secret, time.Time, error) {
	if s.fresh != nil {
		rec, err := s.fresh(ctx)
		if err != nil {
			return "", time.Time{}, err
		}
		token, err := s.tokens.Open(rec.ID, rec.Token)
		return Secret(token), rec.TokenExpiresAt, err
	}
	if s.token != nil {
		if opened := s.token.Load(); opened != nil {
			return *opened, s.record.TokenExpiresAt, nil
		}
	}
	plain, err := s.tokens.Open(s.ID, s.record.Token)
	token := Secret(plain)
	if s.token != nil && err == nil {
		s.token.Store(&token)
	}
	return token, s.record.TokenExpiresAt, err
}

func newSession(rec *Record, deviceBound bool, tokens *cookie.Sealer, token *openedToken) Session {
	return Session{
		ID: rec.ID, User: rec.User, CreatedAt: rec.CreatedAt, AuthenticatedAt: rec.AuthenticatedAt, AuthMethods: rec.AuthMethods,
		Persistent: rec.Persistent, DeviceBound: deviceBound, record: rec, tokens: tokens, token: token,
	}
}

type sessionKey struct{}

// sessionContext carries the session in the same allocation as the context itself.
type sessionContext struct {
	context.Context
	session Session
}

func (c *sessionContext) Value(key any) any {
	if _, ok := key.(sessionKey); ok {
		return &c.session
	}
	return c.Context.Value(key)
}

// Requirements are what a route demands of a login.
type Requirements struct {
	// AnyRole lists roles of which the user must have one. If nil, no role is needed; an empty list
	// that is not nil, such as one read from an empty configuration, lets nobody in.
	AnyRole []string
	// LoggedInWithin is how recently the user must have authenticated. It is for routes that should
	// not trust a login of last month, such as a change of address. 0: at any time.
	LoggedInWithin time.Duration
}

// unmet returns the first requirement that a session does not meet, or nil. It reads the clock only
// if it must: every request of Protect comes here.
func (need *Requirements) unmet(rec *Record, now func() time.Time) *Problem {
	switch {
	case need.AnyRole != nil && !slices.ContainsFunc(need.AnyRole, func(role string) bool { return slices.Contains(rec.User.Roles, role) }):
		return &Problem{Code: wire.CodeRoleRequired}
	case need.LoggedInWithin != 0 && now().Sub(rec.AuthenticatedAt) > need.LoggedInWithin:
		return &Problem{Code: wire.CodeReauthenticationRequired}
	}
	return nil
}
