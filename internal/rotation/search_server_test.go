package rotation

import (
	"fmt"
	"time"
)

// A fault is something that must not happen, and the property that forbids it.
type fault struct{ property, what string }

// An outcome is what became of one request.
type outcome struct {
	served  bool
	cookies cookie // the new branch, or noCookie
	renewed bool   // the cookies are those of a new generation
	unasked bool   // which began without asking the provider
	reason  string // why the session has ended
	alarm   bool
	asked   Question
	fault   // what must not happen
}

// String names the outcome in a word or two.
func (o outcome) String() string {
	switch {
	case o.unasked:
		return "served with cookies of the next generation"
	case o.renewed:
		return "refreshed"
	case o.cookies != noCookie:
		return "served with cookies"
	case o.served:
		return "served"
	case o.reason != "":
		return "ended: " + o.reason
	case o.asked == WhetherKept:
		return "asked whether it was kept"
	case o.asked == WhetherStale:
		return "asked for newer cookies"
	case o.alarm:
		return "refused with an alarm"
	}
	return "refused"
}

// server is what a Guard does with a request, without HTTP, keys, nodes and providers. The judge
// and the transitions are the real ones; TestGuardAgrees shows that the rest does the same as the
// Guard.
type server struct {
	limits Limits
	rules  rules
	jwt    time.Duration // the lifetime of a JWT; 0: the provider does not say
}

// present judges the two cookies of one request as authenticate does.
func (s *server) present(w *world, cookies jar) (o outcome) {
	for _, p := range witnesses(w, cookies) {
		next := s.decide(w, p)
		if o.fault == (fault{}) {
			o.fault = next.fault
		}
		if next.served {
			next.fault = o.fault
			w.unused = 0
			if s.tokenIsDue(w) {
				next.fault = s.refreshEarly(w)
			}
			return next
		}
		o.alarm, o.asked = o.alarm || next.alarm, max(o.asked, next.asked)
		if o.reason == "" {
			o.reason = next.reason
		}
	}
	return o
}

func witnesses(w *world, c jar) []Proof {
	session, refresh := w.proof(c.session), w.proof(c.refresh)
	session.Session, refresh.Refresh, refresh.Follows = true, true, true
	if c.echo == c.refresh {
		refresh.Answers = c.question
	}
	switch {
	case c.session == noCookie && c.refresh == noCookie:
		return nil
	case c.session == c.refresh:
		refresh.Session = true
		return []Proof{refresh}
	case c.session == noCookie:
		return []Proof{refresh}
	case c.refresh == noCookie:
		return []Proof{session}
	default:
		return []Proof{session, refresh}
	}
}

// decide judges, and refreshes, until a verdict can be carried out.
func (s *server) decide(w *world, p Proof) (o outcome) {
	for range maxAttempts {
		state := w.state()
		l := s.limits
		l.Proofs = w.proofs
		v := s.rules.judge(&l, state, p, state.LastSeenAt, searchNow)
		if f := judgedWrong(state, p, v); f != (fault{}) {
			o.fault = f
		}
		if v.Changed != nil {
			w.store(v.Changed, noCookie)
			state = v.Changed
		}
		switch v.Action {
		case Serve:
			o.served = true
		case Mint:
			o.served, o.cookies = true, w.freeBranch()
			next := s.rules.mint(*state)
			w.store(&next, o.cookies)
		case Advance:
			next := s.rules.advance(&l, *state)
			o.unasked = true
			s.begin(w, &o, state, &next, p)
			if next.ExpiresAt.After(state.RefreshedAt.Add(s.limits.Cap)) {
				o.fault = fault{"S3", "a session id outlives a cap after the provider was asked"}
			}
		case Rotate:
			if v.Changed != nil {
				continue // the flight judges again, on what was stored
			}
			next := s.rules.refresh(&l, Rotate, *state)
			s.begin(w, &o, state, &next, p)
		case RefreshOnly:
			if v.Changed == nil {
				next := s.rules.refresh(&l, RefreshOnly, *state)
				w.store(&next, noCookie)
			}
			continue
		case End:
			o.reason = "reuse_detected"
			if v.Cause == AbsoluteTimeout || v.Cause == RefreshExpired {
				o.fault = fault{"S3", "a time limit that is out of reach"}
			}
			w.store(&State{Ended: true}, noCookie)
		case AlreadyEnded:
			o.reason = "over"
		case RejectStale:
			o.alarm = true
		case ChallengeKept:
			o.asked = WhetherKept
		case ChallengeStale:
			o.asked = WhetherStale
		case Refuse:
		case Rebuild, RefreshEarly: // this store loses nothing, and no verdict is to refresh early
			o.fault = fault{"S3", fmt.Sprintf("%v cannot be due here", v.Action)}
		case RefuseUnproven, Rebind: // no session here is bound to a key
			o.fault = fault{"S3", fmt.Sprintf("%v cannot be due here", v.Action)}
		default:
			o.fault = fault{"S3", fmt.Sprintf("the model does not know %v", v.Action)}
		}
		return o
	}
	return outcome{fault: fault{"S1", "decided ten times and came to no end"}}
}

// begin starts the next generation, with its first branch.
func (s *server) begin(w *world, o *outcome, state, next *State, p Proof) {
	o.served, o.renewed, o.cookies = true, true, firstBranch
	if !(w.bound && w.proofs) && (next.Predecessor != state.Settled || state.Settled != p.Branch) {
		o.fault = fault{"S3", "a generation begins from a branch that is not settled"}
	}
	w.store(next, o.cookies)
}

// maxAttempts is how often a decision is retried.
const maxAttempts = 10

func (s *server) tokenIsDue(w *world) bool {
	state := w.state()
	if s.jwt > 0 {
		state.TokenExpiresAt = state.RefreshedAt.Add(s.jwt)
	}
	return s.limits.TokenIsDue(state, searchNow)
}

// refreshEarly is a refresh in the background.
func (s *server) refreshEarly(w *world) (f fault) {
	before := *w
	next := s.rules.refresh(&s.limits, RefreshEarly, *w.state())
	w.store(&next, noCookie)
	before.refreshed = 0
	if *w != before {
		f = fault{"S3", "a refresh in the background changes more than the tokens"}
	}
	return f
}

// judgedWrong says in what a Verdict breaks the properties of every single one (S3, S4).
func judgedWrong(rec *State, p Proof, v Verdict) fault {
	switch next := v.Changed; {
	case rec.Ended && (v.Action != AlreadyEnded || v.Changed != nil):
		return fault{"S4", "an ended session was not over"}
	case rec.Ended:
		return fault{}
	case !p.Refresh && v.Action != Serve && v.Action != Refuse && v.Action != RejectStale:
		return fault{"S3", fmt.Sprintf("a session cookie alone brought about %v", v.Action)}
	case v.Action == ChallengeStale && p.Answers == WhetherStale, v.Action == ChallengeKept && p.Answers == WhetherKept:
		return fault{"S3", "asked again what was answered"}
	case v.Action == Mint && !rec.bound() && (p.Generation+1 != rec.Generation || p.Branch != rec.Predecessor):
		return fault{"S3", "cookies were minted for another than the predecessor"}
	case next == nil, rec.bound() && v.Action == Mint && *next == rec.uncounted():
		return fault{}
	case next.Generation != rec.Generation || next.Predecessor != rec.Predecessor || next.Forked != rec.Forked:
		return fault{"S3", "a Verdict changed the generation by itself"}
	case !rec.ConfirmedAt.IsZero() && !next.ConfirmedAt.Equal(rec.ConfirmedAt):
		return fault{"S3", "a generation was confirmed twice"}
	case rec.Settled != (Digest{}) && next.Settled != rec.Settled:
		return fault{"S3", "a generation was settled twice"}
	case next.Settled != rec.Settled && (next.Settled != p.Branch || p.Generation != rec.Generation):
		return fault{"S3", "a branch was settled that was not shown"}
	case next.Settled != (Digest{}) && next.ConfirmedAt.IsZero():
		return fault{"S3", "a generation was settled and not confirmed"}
	}
	return fault{}
}
