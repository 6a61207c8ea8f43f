package latchkey

import (
	"context"
	"slices"
	"sync/atomic"
	"time"

	"github.com/latchkey-dev/latchkey/internal/wire"
)

// A Session is what a handler learns of the login behind its request. It is only to be read.
type Session struct {
	ID        ID
	User      User      // as of the last refresh, at most Config.SessionCap ago
	CreatedAt time.Time // when the session started

	// AuthenticatedAt is when the user last proved who they are, and AuthMethods by which means;
	// see Grant.AuthMethods. They are zero if that is not known.
	AuthenticatedAt time.Time
	AuthMethods     []string

	// Persistent reports whether the login outlives the browser: what "remember" was at the login.
	Persistent bool

	record *Record
	tokens *sealer
	token  *openedToken                           // nil: open it each time
	fresh  func(context.Context) (*Record, error) // waits for the next JWT; nil: this one serves
}

// An openedToken keeps the JWT of a record that stays in memory, once it was asked for: opening
// takes longer than all else that a request costs.
type openedToken struct{ atomic.Pointer[Secret] }

// From returns the session on the context of a request that passed Protect or Identify, and whether
// there is one.
func From(ctx context.Context) (*Session, bool) {
	s, ok := ctx.Value(sessionKey{}).(*Session)
	return s, ok
}

// HasRole reports whether the user has a role in this app, as of the last refresh.
func (s *Session) HasRole(role string) bool { return slices.Contains(s.User.Roles, role) }

// Token returns the provider's JWT for calls to other services in the user's name, and when it
// expires; the zero time if that is unknown. With Config.RefreshAhead it waits for the refresh
// under way if the JWT has expired because nobody used the session for a while, no longer than
// Config.ProviderTimeout. If that refresh ends the session, the error is a *Problem with
// login_required, for WriteError.
//
// The JWT may have expired all the same: without RefreshAhead, or if the provider does not answer.
// It must never be sent to the browser.
func (s *Session) Token(ctx context.Context) (Secret, time.Time, error) {
	if s.fresh != nil {
		rec, err := s.fresh(ctx)
		if err != nil {
			return "", time.Time{}, err
		}
		token, err := s.tokens.open(rec.ID, rec.Token)
		return Secret(token), rec.TokenExpiresAt, err
	}
	if s.token != nil {
		if opened := s.token.Load(); opened != nil {
			return *opened, s.record.TokenExpiresAt, nil
		}
	}
	plain, err := s.tokens.open(s.ID, s.record.Token)
	token := Secret(plain)
	if s.token != nil && err == nil {
		s.token.Store(&token)
	}
	return token, s.record.TokenExpiresAt, err
}

func newSession(rec *Record, tokens *sealer, token *openedToken) Session {
	return Session{
		ID: rec.ID, User: rec.User, CreatedAt: rec.CreatedAt, AuthenticatedAt: rec.AuthenticatedAt, AuthMethods: rec.AuthMethods,
		Persistent: rec.Persistent, record: rec, tokens: tokens, token: token,
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

// Requirements are what a route asks of a login, beyond that there is one.
type Requirements struct {
	// AnyRole lists roles of which the user needs one. Empty: none is needed.
	AnyRole []string
	// LoggedInWithin is for routes that should not trust a login of last month, such as a change of
	// address: the user must have proved who they are so recently. 0: whenever it was;
	// negative: no login is recent enough.
	LoggedInWithin time.Duration
}

// unmet returns the first requirement that a session does not meet, or nil.
func (need *Requirements) unmet(rec *Record, now time.Time) *Problem {
	switch {
	case len(need.AnyRole) > 0 && !slices.ContainsFunc(need.AnyRole, func(role string) bool { return slices.Contains(rec.User.Roles, role) }):
		return &Problem{Code: wire.CodeRoleRequired}
	case need.LoggedInWithin != 0 && now.Sub(rec.AuthenticatedAt) > need.LoggedInWithin:
		return &Problem{Code: wire.CodeReauthenticationRequired}
	}
	return nil
}
