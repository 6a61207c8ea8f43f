package latchkey

import (
	"log/slog"
	"time"
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

	// With EventTheft and EventStale: the generation of the cookies, the newest one, and the device
	// at login. Either Device or AtLogin may be the thief's.
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
