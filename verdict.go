package latchkey

import (
	"time"

	"github.com/latchkey-dev/latchkey/internal/rotation"
)

// reasonOf is the end reason of a cause that the rules found.
func reasonOf(c rotation.Cause) EndReason {
	switch c {
	case rotation.AbsoluteTimeout:
		return EndAbsoluteTimeout
	case rotation.RefreshExpired:
		return EndRefreshExpired
	case rotation.ReuseDetected:
		return EndReuseDetected
	}
	return ""
}

// A verdict is what the cookies of a request may do.
type verdict struct {
	rotation.Verdict
	state  rotation.State
	reason EndReason // with End and AlreadyEnded
}

// rules are those of package rotation, and before them notBefore.
type rules struct {
	rotation.Limits
	ledger *ledger
}

// judge applies the rules to a record and the cookies of a request.
func (l *rules) judge(rec *Record, p *rotation.Proof, now time.Time) verdict {
	v := verdict{state: rec.state()}
	if v.reason = l.ledger.notBefore.reason(rec.CreatedAt); v.reason != "" && !rec.ended() {
		v.Action = rotation.End
		return v
	}
	v.Verdict = l.Judge(&v.state, p, l.ledger.LastUse(rec), now)
	if v.reason = reasonOf(v.Cause); v.Action == rotation.AlreadyEnded {
		v.reason = rec.EndReason
	}
	return v
}

// servesOnly reports whether there is nothing to do but serve. It is judge on the hot path: it
// makes one copy of the record's state, and no verdict.
func (l *rules) servesOnly(rec *Record, p *rotation.Proof, now time.Time) bool {
	if l.ledger.notBefore.reason(rec.CreatedAt) != "" {
		return false
	}
	state := rec.state()
	return l.ServesOnly(l.Judge(&state, p, l.ledger.LastUse(rec), now), &state, p, now)
}

// refreshDue returns the refresh that is due, if any.
func (l *rules) refreshDue(v *verdict, now time.Time) (due rotation.Action, ok bool) {
	return l.DueRefresh(v.Verdict, &v.state, now)
}

// stillDue reports whether a record that has changed meanwhile still needs the same refresh.
func (l *rules) stillDue(rec *Record, p *rotation.Proof, due rotation.Action, now time.Time) bool {
	v := l.judge(rec, p, now)
	again, ok := l.refreshDue(&v, now)
	return ok && again == due
}
