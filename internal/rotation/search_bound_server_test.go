package rotation

import (
	"fmt"
	"time"
)

// shownCookies are the cookies of a request.
type shownCookies struct {
	session, refresh keyedPair
	cookie           boundCookie
	foreign          bool // with the refresh cookie of another session, which has another key
}

// A boundOutcome is what became of a request.
type boundOutcome struct {
	served   bool
	minted   keyedPair
	unproven bool
	again    bool // it is to come again without its bound cookie
	fault
}

// present judges the cookies of one request, as authenticate does.
func (m *boundModel) present(w *boundWorld, r shownCookies) (o boundOutcome) {
	unproven := false
	for _, p := range keyedWitnesses(r) {
		o = m.decide(w, r, p)
		if o.served || o.fault != (fault{}) {
			return o
		}
		unproven = unproven || o.unproven
	}
	o.again = unproven && r.cookie.key != nobody
	return o
}

func keyedWitnesses(r shownCookies) []Proof {
	session := Proof{Generation: uint32(r.session.era), MintedAt: searchNow, Session: true, Keyed: r.session.keyed}
	refresh := Proof{Generation: uint32(r.refresh.era), MintedAt: searchNow, Refresh: true, Keyed: r.refresh.keyed, Key: r.refresh.keyed}
	switch {
	case r.session.era == r.refresh.era:
		refresh.Session, refresh.Keyed = true, refresh.Keyed || session.Keyed
		return []Proof{refresh}
	case r.refresh.era == noEra:
		return []Proof{session}
	default:
		return []Proof{session, refresh}
	}
}

// decide judges until a verdict can be carried out.
func (m *boundModel) decide(w *boundWorld, r shownCookies, p Proof) (o boundOutcome) {
	for range maxAttempts {
		state := w.record.state()
		p.Proven = m.rules.proves(w, r, &p)
		v := m.rules.judge(&m.limits, state, &p)
		if o.fault = w.judgedWrong(r, &p, v); o.fault != (fault{}) {
			return o
		}
		switch v.Action {
		case Serve:
			o.served = true
		case Mint:
			next := state.Minted()
			m.serveNew(w, &o, &next)
		case Rotate:
			next := m.limits.Refreshed(Rotate, *state, time.Time{}, searchNow)
			m.serveNew(w, &o, &next)
		case RefreshOnly:
			next := m.limits.Refreshed(RefreshOnly, *state, time.Time{}, searchNow)
			if o.fault = w.store(&next); o.fault == (fault{}) {
				continue
			}
		case Rebuild:
			next := m.rebuilt(w, state, &p)
			m.serveNew(w, &o, &next)
		case Rebind:
			next := m.rules.rebind(*state, ago(w.proved))
			if o.fault = w.store(&next); o.fault == (fault{}) {
				continue
			}
		case RefuseUnproven:
			o.unproven = true
		case Refuse:
		case End, AlreadyEnded, RejectStale, ChallengeKept, ChallengeStale, Advance, RefreshEarly: // nothing is confirmed here
			o.fault = fault{"S6", fmt.Sprintf("%v cannot be due here", v.Action)}
		default:
			o.fault = fault{"S6", fmt.Sprintf("the model does not know %v", v.Action)}
		}
		return o
	}
	return boundOutcome{fault: fault{"S7", "decided ten times and came to no end"}}
}

// rebuilt is the session made from a refresh cookie (rule 5). The first key counts, but the
// cookie may know more than a record that is not bound.
func (m *boundModel) rebuilt(w *boundWorld, older *State, p *Proof) State {
	next := RebuiltFrom(p, searchNow.Add(1e6*tick))
	switch {
	case older != nil && older.bound():
		next = next.Bound(older.BoundAt)
	case p.Key:
		next = m.rules.rebind(next, ago(w.proved))
	case older != nil:
		next.Registered = older.Registered
	}
	return m.limits.Refreshed(Rotate, next, time.Time{}, searchNow).AfterRebuild()
}

// serveNew stores a state, and serves with new cookies.
func (m *boundModel) serveNew(w *boundWorld, o *boundOutcome, next *State) {
	o.fault = w.store(next)
	o.served, o.minted = true, keyedPair{w.record.era, w.record.binding == bound && m.rules.marks}
}

// judgedWrong says in what a verdict breaks a property of every single one.
func (w *boundWorld) judgedWrong(r shownCookies, p *Proof, v Verdict) fault {
	isBound := w.record.binding == bound
	switch a := v.Action; {
	case p.Proven && r.cookie.key != w.record.key:
		return fault{"S9", "a bound cookie of another key is taken for the proof"}
	case p.Proven && r.cookie.end < 0:
		return fault{"S5", "a bound cookie is taken for the proof a tick after its end"}
	case !isBound && !p.Keyed:
		return fault{} // rules 1 to 6
	case p.Proven && a == RefuseUnproven:
		return fault{"S7", "the browser is asked for a proof that is there"}
	case p.Proven && (a == End || a == RejectStale || a == ChallengeKept || a == ChallengeStale):
		return fault{"S6", "branches are compared in a bound session"}
	case p.Proven, (a == RefuseUnproven || a == Refuse) && v.Changed == nil:
		return fault{}
	case p.Keyed && a.Serves():
		return fault{"S8", "keyed cookies are served without a proof"}
	case isBound && !p.Keyed && w.proved < graceOver && a == Serve && v.Changed == nil:
		return fault{}
	}
	return fault{"S5", fmt.Sprintf("without a proof: %v", v.Action)}
}
