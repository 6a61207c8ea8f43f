package latchkey

import (
	"time"

	"github.com/latchkey-dev/latchkey/internal/cookie"
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

	unproven bool // DeviceBindingOn would refuse it
}

// rules are those of package rotation, and before them notBefore and DeviceBindingRequire.
type rules struct {
	rotation.Limits
	strict        rotation.Limits // the same, as DeviceBindingOn would have them
	watches, must bool            // DeviceBindingWatch, DeviceBindingRequire
	ledger        *ledger
	bound         *cookie.BoundCookies
}

// bindWithin is how long after its login a session may be unbound with DeviceBindingRequire.
const bindWithin = 2 * time.Minute

func newRules(limits rotation.Limits, mode DeviceBinding, l *ledger, bound *cookie.BoundCookies) rules {
	r := rules{Limits: limits, strict: limits, watches: mode == DeviceBindingWatch, must: mode == DeviceBindingRequire, ledger: l, bound: bound}
	r.Proofs = mode.enforces()
	r.strict.Proofs = r.Proofs || r.watches
	return r
}

// judge applies the rules to a record and the cookies of a request.
func (l *rules) judge(rec *Record, p *candidate, now time.Time) verdict {
	v := verdict{state: rec.state()}
	if v.reason = l.ledger.notBefore.reason(rec.CreatedAt); v.reason != "" && !rec.ended() {
		v.Action = rotation.End
		return v
	}
	proof := p.proof
	proof.Proven = l.proves(p, rec)
	if l.mustBeBound(rec, p.Keyed, now) {
		v.Action, v.reason = rotation.End, EndDeviceNotBound
		// The browser sees no need to sign while it has the bound cookie of an earlier login.
		if foreign := rec.Binding != nil && p.bound != "" && !proof.Proven; foreign || p.skipped != "" {
			v.Action = rotation.RefuseUnproven // it could not sign yet
		}
		return v
	}
	v.Verdict = l.Judge(&v.state, &proof, l.ledger.LastUse(rec), now)
	v.unproven = l.lacksProof(&v.state, &proof, l.ledger.LastUse(rec), now)
	if v.reason = reasonOf(v.Cause); v.Action == rotation.AlreadyEnded {
		v.reason = rec.EndReason
	}
	return v
}

// judgeLost applies the rules to a session that the store does not have.
func (l *rules) judgeLost(p *candidate) verdict {
	proof := p.proof
	proof.Proven = l.proves(p, nil)
	return verdict{Verdict: l.JudgeLost(&proof)}
}

// endOfLost returns why a session that the store does not have is over, as its refresh cookie says,
// or "".
func (l *rules) endOfLost(p *candidate, now time.Time) EndReason {
	switch {
	case p.sealed == nil:
		return ""
	case !now.Before(p.sealed.Deadline):
		return EndAbsoluteTimeout
	default:
		return l.ledger.notBefore.reason(p.sealed.CreatedAt)
	}
}

// servesOnly reports whether there is nothing to do but serve. It is judge on the hot path: it
// makes one copy of the record's state, and no verdict.
func (l *rules) servesOnly(rec *Record, p *rotation.Proof, now time.Time) bool {
	if l.ledger.notBefore.reason(rec.CreatedAt) != "" || l.mustBeBound(rec, p.Keyed, now) {
		return false
	}
	state, used := rec.state(), l.ledger.LastUse(rec)
	return l.ServesOnly(l.Judge(&state, p, used, now), &state, p, now) && !l.lacksProof(&state, p, used, now)
}

// lacksProof reports whether DeviceBindingOn would refuse what DeviceBindingWatch serves.
func (l *rules) lacksProof(s *rotation.State, p *rotation.Proof, lastSeen, now time.Time) bool {
	return l.watches && l.strict.Judge(s, p, lastSeen, now).Action == rotation.RefuseUnproven
}

// mustBeBound reports whether a session should have been bound by now, and is not.
func (l *rules) mustBeBound(rec *Record, keyed bool, now time.Time) bool {
	return l.must && !keyed && rec.Binding.boundAt().IsZero() && !rec.ended() && now.Sub(rec.CreatedAt) > bindWithin
}

// holdsToKey reports whether a session is bound to a key, and served only with a proof of it.
func (l *rules) holdsToKey(rec *Record) bool { return l.Proofs && !rec.Binding.boundAt().IsZero() }

// proves reports whether the bound cookie of a request proved the key of its session when the
// request arrived. The record may be nil.
func (l *rules) proves(p *candidate, rec *Record) bool {
	key := p.bindingOver(rec)
	if p.bound == "" || key == nil || p.key != nil && p.key.Key != key.Key {
		return false
	}
	end, genuine := l.bound.Parse(p.bound, p.ID, key.thumbprint())
	return genuine && rotation.ProofLives(end, p.arrived)
}

// provesCached is proves for a record in memory, which remembers the cookie that it was last proven
// with.
func (l *rules) provesCached(kept *cachedRecord, bound string, now time.Time) bool {
	if kept.Binding.boundAt().IsZero() {
		return false
	}
	proven := kept.proven.Load()
	if proven == nil || !proven.Is(bound) {
		end, genuine := l.bound.Parse(bound, kept.ID, kept.Binding.thumbprint())
		if !genuine {
			return false
		}
		proven = cookie.NewVerifiedBound(bound, end)
		kept.proven.Store(proven)
	}
	return rotation.ProofLives(proven.End(), now)
}

// refreshDue returns the refresh that is due, if any.
func (l *rules) refreshDue(v *verdict, now time.Time) (due rotation.Action, ok bool) {
	return l.DueRefresh(v.Verdict, &v.state, now)
}

// stillDue reports whether a record that has changed meanwhile still needs the same refresh.
func (l *rules) stillDue(rec *Record, p *candidate, due rotation.Action, now time.Time) bool {
	v := l.judge(rec, p, now)
	again, ok := l.refreshDue(&v, now)
	return ok && again == due
}
