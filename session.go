package latchkey

import (
	"context"
	"sync"
	"time"
)

// A Session is what a handler learns of the login behind its request. It is only to be read.
type Session struct {
	ID        ID
	User      User
	CreatedAt time.Time // when the user logged in

	record *Record
	tokens *sealer
	token  *openedToken // nil: open it each time
}

// An openedToken keeps the JWT of a record that stays in memory: opening takes longer than all else that a request costs.
type openedToken struct {
	once  sync.Once
	token Secret
	err   error
}

// From returns the session on the context of a request that passed Protect or Identify, and whether there is one.
func From(ctx context.Context) (*Session, bool) {
	s, ok := ctx.Value(sessionKey{}).(*Session)
	return s, ok
}

// Token returns the provider's JWT for calls to other services in the user's name, and when it expires.
// It may have expired, unless Config.RefreshAhead is set. It must never be sent to the browser.
func (s *Session) Token() (Secret, time.Time, error) {
	if s.token == nil {
		plain, err := s.tokens.open(s.ID, s.record.Token)
		return Secret(plain), s.record.TokenExpiresAt, err
	}
	s.token.once.Do(func() {
		plain, err := s.tokens.open(s.ID, s.record.Token)
		s.token.token, s.token.err = Secret(plain), err
	})
	return s.token.token, s.record.TokenExpiresAt, s.token.err
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
