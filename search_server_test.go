package latchkey

import (
	"fmt"
	"time"
)

// A fault is what must not happen, and the property that forbids it.
type fault struct{ property, what string }

// An outcome is what one request came to.
type outcome struct {
	served  bool
	cookies cookie // the new branch, or noCookie
	renewed bool   // the cookies are those of a new generation
	unasked bool   // which began without asking the provider
	reason  EndReason
	alarm   bool
	asked   question
	fault   // what must not happen
}

// String says it in a word or two.
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
		return "ended: " + string(o.reason)
	case o.asked == whetherKept:
		return "asked whether it was kept"
	case o.asked == whetherStale:
		return "asked for newer cookies"
	case o.alarm:
		return "refused with an alarm"
	}
	return "refused"
}

// server is what a Guard does with a request, without HTTP, keys, nodes and providers: authenticate, decide, act, mint and keep. The judge and the
// changes of the record are the real ones; that the rest is the same is shown by TestGuardAgrees.
type server struct {
	limits limits
	rules  rules
	jwt    time.Duration // its lifetime; 0: the provider does not say
}

// present hears the two cookies of one request as authenticate does.
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

func witnesses(w *world, c jar) []presented {
	var answers question
	if c.echo == c.refresh {
		answers = c.question
	}
	switch {
	case c.session == noCookie && c.refresh == noCookie:
		return nil
	case c.session == c.refresh:
		return []presented{{mark: w.mark(c.session), session: true, refresh: true, answers: answers, follows: true}}
	case c.session == noCookie:
		return []presented{{mark: w.mark(c.refresh), refresh: true, answers: answers, follows: true}}
	case c.refresh == noCookie:
		return []presented{{mark: w.mark(c.session), session: true}}
	default:
		return []presented{{mark: w.mark(c.session), session: true}, {mark: w.mark(c.refresh), refresh: true, answers: answers, follows: true}}
	}
}

// decide judges and acts until there is nothing left to do first.
func (s *server) decide(w *world, p presented) (o outcome) {
	for range maxAttempts {
		rec := w.record()
		v := s.rules.judge(&s.limits, rec, p, rec.LastSeenAt, searchNow)
		if f := judgedWrong(rec, p, v); f != (fault{}) {
			o.fault = f
		}
		if v.changed != nil {
			w.store(v.changed, noCookie)
			rec = v.changed
		}
		switch v.action {
		case serve:
			o.served = true
		case mint:
			o.served, o.cookies = true, w.freeBranch()
			next := rec.next()
			s.rules.mint(next, digests[o.cookies])
			w.store(next, o.cookies)
		case renew:
			if v.changed != nil {
				continue // the flight judges again, on what was stored
			}
			o.served, o.renewed, o.cookies = true, true, firstBranch
			next := s.granted(rec)
			next.advance()
			if next.Parent != rec.Settled || rec.Settled != p.branch.digest() {
				o.fault = fault{"S3", "a generation begins from a branch that is not settled"}
			}
			w.store(next, o.cookies)
		case advance:
			o.served, o.renewed, o.unasked, o.cookies = true, true, true, firstBranch
			next := s.rules.succeed(&s.limits, rec)
			if next.ExpiresAt.After(rec.RefreshedAt.Add(s.limits.cap)) {
				o.fault = fault{"S3", "a session id outlives a cap after the provider was asked"}
			}
			if next.Parent != rec.Settled || rec.Settled != p.branch.digest() {
				o.fault = fault{"S3", "a generation begins from a branch that is not settled"}
			}
			w.store(next, o.cookies)
		case renewInPlace:
			if v.changed == nil {
				w.store(s.granted(rec), noCookie)
			}
			continue
		case end:
			o.reason = v.reason
			w.store(rec.tombstone(searchNow, v.reason), noCookie)
		case over:
			o.reason = v.reason
		case alarm:
			o.alarm = true
		case askKept:
			o.asked = whetherKept
		case askStale:
			o.asked = whetherStale
		case refuse:
		case rebuild, renewEarly: // nothing is lost here, and no verdict asks for a refresh in the background
			o.fault = fault{"S3", fmt.Sprintf("action %d cannot be due here", v.action)}
		default:
			o.fault = fault{"S3", fmt.Sprintf("the model does not know action %d", v.action)}
		}
		return o
	}
	return outcome{fault: fault{"S1", "decided ten times and came to no end"}}
}

func (s *server) tokenIsDue(w *world) bool {
	rec := w.record()
	if s.jwt > 0 {
		rec.TokenExpiresAt = rec.RefreshedAt.Add(s.jwt)
	}
	return s.limits.tokenIsDue(rec, searchNow)
}

// refreshEarly is a refresh in the background.
func (s *server) refreshEarly(w *world) (f fault) {
	before, rec := *w, w.record()
	w.store(s.rules.refreshEarly(&s.limits, rec), noCookie)
	before.refreshed = 0
	if *w != before {
		f = fault{"S3", "a refresh in the background changes more than the tokens"}
	}
	return f
}

// granted is Guard.granted without the tokens.
func (s *server) granted(rec *Record) *Record {
	next := rec.next()
	next.LastSeenAt = searchNow
	next.ExpiresAt = searchNow.Add(s.limits.cap)
	next.RefreshedAt = searchNow
	return next
}

// judgedWrong says what of a verdict breaks what must hold of every single one (S3, S4).
func judgedWrong(rec *Record, p presented, v verdict) fault {
	switch next := v.changed; {
	case rec.ended() && (v.action != over || v.changed != nil):
		return fault{"S4", "an ended session was not over"}
	case rec.ended():
		return fault{}
	case !p.refresh && v.action != serve && v.action != refuse && v.action != alarm:
		return fault{"S3", fmt.Sprintf("a session cookie alone brought about action %d", v.action)}
	case v.action == askStale && p.answers == whetherStale, v.action == askKept && p.answers == whetherKept:
		return fault{"S3", "asked again what was answered"}
	case v.action == mint && (p.generation+1 != rec.Generation || p.branch.digest() != rec.Parent):
		return fault{"S3", "cookies were minted for another than the parent"}
	case next == nil:
		return fault{}
	case next.Version != rec.Version+1:
		return fault{"S3", "a change without a version of its own"}
	case next.Generation != rec.Generation || next.Parent != rec.Parent || next.Forked != rec.Forked:
		return fault{"S3", "a verdict changed the generation by itself"}
	case !rec.ConfirmedAt.IsZero() && !next.ConfirmedAt.Equal(rec.ConfirmedAt):
		return fault{"S3", "a generation was confirmed twice"}
	case rec.Settled != (Digest{}) && next.Settled != rec.Settled:
		return fault{"S3", "a generation was settled twice"}
	case next.Settled != rec.Settled && (next.Settled != p.branch.digest() || p.generation != rec.Generation):
		return fault{"S3", "a branch was settled that was not shown"}
	case next.Settled != (Digest{}) && next.ConfirmedAt.IsZero():
		return fault{"S3", "a generation was settled and not confirmed"}
	}
	return fault{}
}
