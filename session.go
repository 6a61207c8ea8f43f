package latchkey

import (
	"context"
	"sync/atomic"
	"time"
)

// A Session is what a handler learns of the login behind its request. It is only to be read.
type Session struct {
	ID        ID
	User      User
	CreatedAt time.Time // when the user logged in

	// Persistent tells whether the login outlives the browser: what "remember" was at the login.
	Persistent bool

	record *Record
	tokens *sealer
	token  *openedToken // nil: open it each time
}

// An openedToken keeps the JWT of a record that stays in memory, once it was asked for: opening takes longer than all else that a request costs.
type openedToken struct{ atomic.Pointer[Secret] }

// From returns the session on the context of a request that passed Protect or Identify, and whether there is one.
func From(ctx context.Context) (*Session, bool) {
	s, ok := ctx.Value(sessionKey{}).(*Session)
	return s, ok
}

// Token returns the provider's JWT for calls to other services in the user's name, and when it expires.
// It may have expired, unless Config.RefreshAhead is set. It must never be sent to the browser.
func (s *Session) Token() (Secret, time.Time, error) {
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
		ID: rec.ID, User: rec.User, CreatedAt: rec.CreatedAt, Persistent: rec.Persistent, record: rec, tokens: tokens, token: token,
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
