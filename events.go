package latchkey

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/latchkey-dev/latchkey/internal/crash"
	"github.com/latchkey-dev/latchkey/internal/wire"
)

// An EventKind is what happened.
type EventKind string

// The kinds of events.
const (
	EventLogin               EventKind = "login"
	EventLoginFailed         EventKind = "login_failed"
	EventRefreshed           EventKind = "refreshed"
	EventEnded               EventKind = "ended"
	EventProviderUnavailable EventKind = "provider_unavailable"

	// EventConfirmed: the browser has proved that it has cookies of the newest generation.
	EventConfirmed EventKind = "confirmed"
	// EventRebuilt: the store had lost the session, and a cookie brought it back.
	EventRebuilt EventKind = "rebuilt"
	// EventStale: a request had stale cookies. It was refused if it had a session cookie alone,
	// else challenged for newer ones; nothing ended. At most once a minute for a session.
	EventStale EventKind = "stale"
	// EventTheft: a refresh cookie was replayed that only a thief can have. EventEnded follows.
	EventTheft EventKind = "theft"
	// EventUnknownKey: a record is sealed with a key that this node does not have. At most once a
	// minute.
	EventUnknownKey EventKind = "unknown_key"

	// EventBound: the session is bound to a key of its browser.
	EventBound EventKind = "bound"
	// EventUnbound: a new session is used without being bound. Event.Expected says whether the
	// browser could bind before. Then a proxy, a policy or malware keeps it from that now.
	EventUnbound EventKind = "unbound"
	// EventBindingContested: a registration came for a session that has a key. Somebody was first,
	// or is too late. At most once a minute for a session.
	EventBindingContested EventKind = "binding_contested"
	// EventProofMissing: a bound session was used without a proof of its key. That is a thief, or a
	// browser that could not sign (Event.Skipped). At most once a minute for a session.
	EventProofMissing EventKind = "proof_missing"
	// EventProofFailed: a proof was not signed with the session's key. Nothing ended. At most once
	// a minute for a session.
	EventProofFailed EventKind = "proof_failed"
)

// An Event is for audit logs, metrics and alerts. It holds no secret. Fields that do not apply are
// zero.
type Event struct {
	Kind    EventKind
	Time    time.Time
	App     string
	Session ID
	UserID  string
	Device  Device // of the request
	Reason  EndReason
	Code    Code // with EventLoginFailed

	// With EventTheft, EventStale and EventProofMissing: the generation of the cookies, the newest
	// one, and, with EventBindingContested and EventProofFailed too, the device at login. Either
	// Device or AtLogin may be the thief's.
	Generation, Newest uint32
	AtLogin            Device

	Expected    bool   // with EventUnbound: the browser has bound a session before
	Skipped     string // with EventProofMissing: why the browser did not sign, as it says
	WithRefresh bool   // with EventProofMissing: the refresh cookie came

	Err error // with EventProviderUnavailable and EventUnknownKey, for the operator
}

func (e Event) attrs() []slog.Attr {
	attrs := []slog.Attr{slog.String("app", e.App)}
	add := func(name, value string) {
		if value != "" {
			attrs = append(attrs, slog.String(name, value))
		}
	}
	if e.Session != (ID{}) {
		add("session", e.Session.String())
	}
	add("user", e.UserID)
	add("ip", e.Device.IP)
	add("reason", string(e.Reason))
	add("code", string(e.Code))
	if e.Generation != 0 {
		attrs = append(attrs, slog.Uint64("generation", uint64(e.Generation)))
	}
	if e.Newest != 0 {
		attrs = append(attrs, slog.Uint64("newest", uint64(e.Newest)))
	}
	add("login_ip", e.AtLogin.IP)
	add("skipped", e.Skipped)
	for name, is := range map[string]bool{"expected": e.Expected, "with_refresh": e.WithRefresh} {
		if is {
			attrs = append(attrs, slog.Bool(name, true))
		}
	}
	if e.Err != nil {
		add("error", e.Err.Error())
	}
	return attrs
}

// A reporter tells the operator what happens, in the log and through Config.OnEvent.
type reporter struct {
	app     string
	log     *slog.Logger
	now     func() time.Time
	onEvent func(context.Context, Event) // may be nil
	alarms  *logLimiter[string]
	stale   *logLimiter[ID]

	shortLived sync.Once
}

// emit logs the event and passes it to Config.OnEvent.
func (r *reporter) emit(ctx context.Context, e Event) {
	e.Time, e.App = r.now(), r.app
	level := slog.LevelInfo
	switch e.Kind {
	case EventTheft, EventStale, EventBindingContested, EventProofMissing, EventProofFailed:
		level = slog.LevelWarn
	case EventProviderUnavailable, EventUnknownKey:
		level = slog.LevelError
	case EventConfirmed, EventUnbound:
		level = slog.LevelDebug
	}
	if e.Expected {
		level = slog.LevelWarn
	}
	if r.log.Enabled(ctx, level) {
		r.log.LogAttrs(ctx, level, string(e.Kind), e.attrs()...)
	}
	if r.onEvent != nil {
		r.onEvent(ctx, e)
	}
}

// once reports whether nothing was reported under this key for a minute.
func (r *reporter) once(key string) bool { return r.alarms.allow(key, r.now()) }

// staleCookies reports cookies of the past, once a minute for a session.
func (r *reporter) staleCookies(ctx context.Context, rec *Record, p candidate) {
	if r.stale.allow(rec.ID, r.now()) {
		r.emit(ctx, suspicion(EventStale, rec, p))
	}
}

// suspicion says what was seen of both sides.
func suspicion(kind EventKind, rec *Record, p candidate) Event {
	return Event{Kind: kind, Session: rec.ID, UserID: rec.User.ID, Device: p.from, Generation: p.Generation, Newest: rec.Generation, AtLogin: rec.Device}
}

// unknownCookieKey logs once a minute that a cookie names a key that this node does not have.
// Anyone can send such a cookie, so it is not an alert.
func (r *reporter) unknownCookieKey(ctx context.Context, key uint32) {
	if r.once("unknown key of a cookie") {
		r.log.WarnContext(ctx, "cookie ignored: this node does not have its key", "app", r.app, "key", fmt.Sprintf("%08x", key))
	}
}

// loginFailed reports why a login failed, unless the browser disconnected.
func (r *reporter) loginFailed(ctx context.Context, device Device, err error) {
	var e *ProviderError
	var own *Problem
	switch {
	case errors.As(err, &e) && wire.Known(string(e.Code)):
		r.emit(ctx, Event{Kind: EventLoginFailed, Device: device, Code: e.Code})
	case errors.As(err, &own):
		r.log.ErrorContext(ctx, "login refused", "app", r.app, "error", err)
	case ctx.Err() == nil:
		r.emit(ctx, Event{Kind: EventProviderUnavailable, Device: device, Err: err})
	}
}

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

// errPanic stands for a panic that was logged.
var errPanic = errors.New("a panic, which is in the log with its stack")

// contain runs background work, in which a panic would end the process. It turns a panic into an
// error.
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

// A logLimiter passes one report for each key in logEvery, so that clients that can cause a report
// cannot fill the log.
type logLimiter[K comparable] struct {
	mu sync.Mutex
	at map[K]time.Time
}

// allow reports whether the key had no report within logEvery.
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
