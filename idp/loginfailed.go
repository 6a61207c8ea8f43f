package idp

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/latchkey-dev/latchkey/idp/internal/outbox"
	"github.com/latchkey-dev/latchkey/internal/crash"
)

const (
	maxFailedLogins   = 256 // that wait to be stored
	failedLoginWithin = 10 * time.Second
)

// failedLogins counts the writes of events about failed logins.
type failedLogins struct {
	waiting atomic.Int64
	writes  sync.WaitGroup
}

// loginFailed raises the event of a wrong password for a user who exists. It writes in the background
// so that response time does not reveal whether the user exists.
func (s *Server) loginFailed(ctx context.Context, userID string, req *loginRequest) {
	if userID == "" {
		return
	}
	if s.failedLogins.waiting.Add(1) > maxFailedLogins {
		s.failedLogins.waiting.Add(-1)
		s.log.ErrorContext(ctx, "event of a failed login dropped: too many are waiting", "user", userID)
		return
	}
	attempt := *req
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), failedLoginWithin)
	s.failedLogins.writes.Go(func() {
		defer cancel()
		defer s.failedLogins.waiting.Add(-1)
		err := crash.Contain(func() error { return s.raiseLoginFailed(ctx, userID, &attempt) })
		if err != nil && !errors.Is(err, ErrNotFound) {
			s.log.ErrorContext(ctx, "cannot store the event of a failed login", "user", userID, "error", err)
		}
	})
}

func (s *Server) raiseLoginFailed(ctx context.Context, userID string, req *loginRequest) error {
	if wanted, err := outbox.Wanted(ctx, s.db, "user.login.failed"); err == nil && !wanted {
		return nil
	}
	return s.outbox.Write(ctx, func(tx *outbox.Tx) error {
		return raise(ctx, tx, "user.login.failed", func(ctx context.Context, e *event) error {
			e.Reason = &eventReason{"credentials"}
			return e.login(ctx, tx, userID, req)
		})
	})
}
