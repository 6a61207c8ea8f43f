package idp

import (
	"context"
	"errors"
	"log/slog"
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

// failedLogins raises the events of failed logins in the background.
type failedLogins struct {
	outbox *outbox.Dispatcher
	log    *slog.Logger

	waiting atomic.Int64
	writes  sync.WaitGroup
}

// raise raises the event of a wrong password for a user who exists. It writes in the background so
// that response time does not reveal whether the user exists.
func (f *failedLogins) raise(ctx context.Context, userID string, req *loginRequest) {
	if f.waiting.Add(1) > maxFailedLogins {
		f.waiting.Add(-1)
		f.log.ErrorContext(ctx, "event of a failed login dropped: too many are waiting", "user", userID)
		return
	}
	attempt := *req
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), failedLoginWithin)
	f.writes.Go(func() {
		defer cancel()
		defer f.waiting.Add(-1)
		err := crash.Contain(func() error { return f.write(ctx, userID, &attempt) })
		if err != nil && !errors.Is(err, ErrNotFound) {
			f.log.ErrorContext(ctx, "cannot store the event of a failed login", "user", userID, "error", err)
		}
	})
}

func (f *failedLogins) write(ctx context.Context, userID string, req *loginRequest) error {
	if wanted, err := outbox.Wanted(ctx, f.outbox.DB, "user.login.failed"); err == nil && !wanted {
		return nil
	}
	return f.outbox.Write(ctx, req.MetaData.Device.address, func(tx *outbox.Tx) error {
		return raise(ctx, tx, "user.login.failed", func(ctx context.Context, e *event) error {
			e.Reason = &eventReason{"credentials"}
			return e.login(ctx, tx, userID, req)
		})
	})
}
