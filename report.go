package latchkey

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/latchkey-dev/latchkey/internal/crash"
)

// A reporter tells the operator what happens, in the log and through Config.OnEvent.
type reporter struct {
	app     string
	log     *slog.Logger
	now     func() time.Time
	onEvent func(context.Context, Event) // may be nil
	limiter *logLimiter[string]

	shortLived sync.Once
}

// emit logs the event and passes it to Config.OnEvent.
func (r *reporter) emit(ctx context.Context, e Event) {
	e.Time, e.App = r.now(), r.app
	level := slog.LevelInfo
	switch e.Kind {
	case EventTheft, EventStale:
		level = slog.LevelWarn
	case EventProviderUnavailable, EventUnknownKey:
		level = slog.LevelError
	case EventConfirmed:
		level = slog.LevelDebug
	}
	if r.log.Enabled(ctx, level) {
		r.log.LogAttrs(ctx, level, string(e.Kind), e.attrs()...)
	}
	if r.onEvent != nil {
		r.onEvent(ctx, e)
	}
}

// once reports whether nothing was reported under this key for a minute.
func (r *reporter) once(key string) bool { return r.limiter.allow(key, r.now()) }

// checkLifetime warns once if a JWT does not live long enough for Config.RefreshAhead.
func (r *reporter) checkLifetime(life, ahead time.Duration) {
	if ahead <= life/2 {
		return
	}
	r.shortLived.Do(func() {
		r.log.Warn("refresh ahead is more than half of a JWT's lifetime: JWTs are refreshed after half of it; lower it, or raise the lifetime",
			"app", r.app, "refresh_ahead", ahead, "lifetime", life)
	})
}

// errPanic stands in for a panic that is in the log.
var errPanic = errors.New("a panic, which is in the log with its stack")

// contain runs what no request stands behind, where a panic would end the process. A panic becomes
// an error.
func (r *reporter) contain(ctx context.Context, what string, run func() error) error {
	err := crash.Contain(run)
	if p, ok := err.(*crash.Error); ok { // not one that the store has contained, and wrapped
		r.log.ErrorContext(ctx, "panic", "app", r.app, "in", what, "error", p)
		return errPanic
	}
	return err
}

const (
	logEvery     = time.Minute
	maxLogLimits = 10_000 // keys that are remembered
)

// A logLimiter lets one report for each key pass in logEvery, so that those who can cause a report
// cannot fill the log with it.
type logLimiter[K comparable] struct {
	mu sync.Mutex
	at map[K]time.Time
}

// allow reports whether the key had no report for a while.
func (l *logLimiter[K]) allow(key K, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if at, known := l.at[key]; known && now.Sub(at).Abs() < logEvery {
		return false
	}
	if l.at == nil || len(l.at) >= maxLogLimits {
		l.at = make(map[K]time.Time)
	}
	l.at[key] = now
	return true
}
