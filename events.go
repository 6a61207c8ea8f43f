package latchkey

import (
	"log/slog"
	"time"
)

// An EventKind says what happened.
type EventKind string

// The kinds of events.
const (
	EventLogin               EventKind = "login"
	EventLoginFailed         EventKind = "login_failed"
	EventRefreshed           EventKind = "refreshed"
	EventConfirmed           EventKind = "confirmed" // the browser has the cookies of the newest generation
	EventRebuilt             EventKind = "rebuilt"   // the store had lost the session
	EventEnded               EventKind = "ended"
	EventStale               EventKind = "stale" // cookies of the past came, and nothing ended: a session cookie alone, or the browser is asked whether it has no others. Once a minute for a session
	EventTheft               EventKind = "theft" // the session was ended for it; EventEnded follows
	EventProviderUnavailable EventKind = "provider_unavailable"
	EventUnknownKey          EventKind = "unknown_key" // a record is sealed with a key that this node does not have. Once a minute
)

// An Event is for audit logs, metrics and alarms. It holds no secret. What a kind does not have is zero.
type Event struct {
	Kind    EventKind
	Time    time.Time
	App     string
	Session ID
	UserID  string
	Device  Device // of the request
	Reason  EndReason
	Code    Code // with EventLoginFailed

	// With EventTheft and EventStale: the generation that came, the newest one, and the device at login.
	// Which of the two is the thief cannot be told from here.
	Generation, Newest uint32
	AtLogin            Device

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
		add("login_ip", e.AtLogin.IP)
	}
	if e.Err != nil {
		add("error", e.Err.Error())
	}
	return attrs
}
