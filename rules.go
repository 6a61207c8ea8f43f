package latchkey

import (
	"time"

	"github.com/latchkey-dev/latchkey/internal/packed"
)

// The rotation rules: what a genuine cookie may do, decided from the record, the cookie and the time alone.
// They rest on one fact: a browser has one cookie jar, so of the branches of a generation an honest browser keeps exactly one.
// The words are those of docs/rotation.md.

// limits are the resolved times of a Config.
type limits struct {
	idle       time.Duration // unused for so long, a session id expires
	cap        time.Duration // used or not, a session id expires after so long
	refreshTTL time.Duration // a refresh token may bring the session back for so long after the last refresh
	absolute   time.Duration // from login to the end whatever happens
	inFlight   time.Duration // W: the longest that a request and its answer are under way together
	ahead      time.Duration // the provider's JWT is refreshed so long before it expires; 0: with the session id only
	settling   time.Duration // F: cookies that come back so long after they were minted are those the browser kept
}

// presented is what one request shows of one session: a mark, and which of the two cookies carry it.
type presented struct {
	mark
	userID  string // as the refresh cookie names it; empty: it does not
	session bool
	refresh bool
	answers question        // what this browser was asked about the refresh cookie, and comes back with: see challenge.go
	follows bool            // who sent it can be asked: it follows redirections
	sealed  *refreshContent // what else is in the refresh cookie; nil without it
	from    Device          // who sent it
	known   *Digest         // that of the branch, where it has been computed before
}

func (p *presented) digest() Digest {
	if p.known != nil {
		return *p.known
	}
	return p.branch.digest()
}

// unknown returns the fields of the refresh cookie that this program does not know.
func (p *presented) unknown() packed.Unknown {
	if p.sealed == nil {
		return ""
	}
	return p.sealed.unknown
}

// A question is what a browser is asked about a refresh cookie.
type question byte

const (
	whetherKept  question = 'k' // of several branches: is this the one?
	whetherStale question = 's' // are there no newer cookies?
)

// An action is what a verdict asks for.
type action int

const (
	serve        action = iota
	mint                // serve, with the cookies of one more branch of this generation
	renew               // refresh at the provider: the next generation, with new cookies
	renewInPlace        // refresh at the provider, keep the generation, then judge again
	renewEarly          // rule 7, while the request is served: refresh at the provider, change nothing else. No verdict asks for it: see tokenIsDue
	advance             // rule 7: begin the next generation with the tokens in the record, without asking the provider
	rebuild             // the record is older than the cookie: make it anew from the cookie
	refuse              // not logged in; nothing ends
	alarm               // a stale session cookie alone: refuse, and tell the operator
	askKept             // rule 2: ask whether this is the branch that the browser kept
	askStale            // rule 6: ask whether the browser has no newer cookies, and tell the operator
	end                 // the session ends now, for verdict.reason
	over                // the session had ended, for verdict.reason
)

type verdict struct {
	action action
	reason EndReason
	// changed is the record to swap in before acting; nil where it stays as it is.
	changed *Record
}

// judge applies the rules. lastSeen is the last use that this node knows of; the record may not have it yet.
func (l *limits) judge(rec *Record, p presented, lastSeen, now time.Time) verdict {
	switch {
	case rec.ended():
		return verdict{action: over, reason: rec.EndReason}
	case !now.Before(rec.Deadline):
		return verdict{action: end, reason: EndAbsoluteTimeout}
	case !now.Before(rec.RefreshExpiresAt):
		return verdict{action: end, reason: EndRefreshExpired}
	}
	live := now.Before(rec.ExpiresAt) && now.Sub(lastSeen) < l.idle
	digest := p.digest()
	switch {
	case p.generation == rec.Generation: // genuine, hence minted by us
		return l.judgeCurrent(rec, p, digest, live, now)
	case p.generation+1 == rec.Generation && digest == rec.Parent, rec.Rebuilt && p.generation < rec.Generation && p.generation+2 >= rec.Generation:
		return l.judgeParent(rec, p, live, now) // rule 5: with the record, the store lost which branch was the parent
	case p.generation < rec.Generation:
		return stale(p)
	case p.refresh:
		return verdict{action: rebuild} // rule 5: minted, for it is genuine, but the store has lost that
	default:
		return verdict{action: refuse}
	}
}

// judgeCurrent is rule 1: a branch of the newest generation.
func (l *limits) judgeCurrent(rec *Record, p presented, digest Digest, live bool, now time.Time) verdict {
	if !live && !p.refresh {
		return verdict{action: refuse} // rule 0: a session cookie refreshes nothing
	}
	changed := l.settle(rec, p, digest, now)
	if changed != nil {
		rec = changed
	}
	settled := rec.Settled == digest
	newer := settled && p.refresh && l.hasNewerTokens(rec, p, now)
	switch {
	case rec.Settled != Digest{} && !settled:
		return stale(p) // rule 2: another branch is the one that the browser kept
	case l.toBeSettled(rec, now) && p.refresh && p.follows:
		return verdict{askKept, "", changed}
	case live && p.session && !(newer && l.parentIsStale(rec, now)):
		return verdict{serve, "", changed}
	case live && !settled:
		return verdict{serve, "", changed} // a refresh cookie alone, too early to tell
	case newer:
		return verdict{advance, "", changed}
	case settled:
		return verdict{renew, "", changed}
	default:
		return verdict{renewInPlace, "", changed}
	}
}

// hasNewerTokens is rule 7: the provider has issued tokens since these cookies were minted, and less than half of the cap ago, so that
// it need not be asked again, and the next generation lives long enough.
func (l *limits) hasNewerTokens(rec *Record, p presented, now time.Time) bool {
	return p.mintedAt.Before(rec.RefreshedAt) && now.Before(rec.RefreshedAt.Add(l.cap/2))
}

// tokenIsDue is rule 7: the provider's JWT is refreshed some time before it expires, but not in the first half of its life.
func (l *limits) tokenIsDue(rec *Record, now time.Time) bool {
	return l.ahead > 0 && !rec.TokenExpiresAt.IsZero() && !now.Before(l.tokenDueAt(rec))
}

func (l *limits) tokenDueAt(rec *Record) time.Time {
	ahead := rec.TokenExpiresAt.Add(-l.ahead)
	if rec.RefreshedAt.IsZero() { // written by an earlier version
		return ahead
	}
	half := rec.TokenExpiresAt.Sub(rec.RefreshedAt) / 2
	if half <= 0 { // the provider's clock is behind
		half = time.Second
	}
	return later(ahead, rec.RefreshedAt.Add(half))
}

// parentIsStale is rule 4.
func (l *limits) parentIsStale(rec *Record, now time.Time) bool {
	return !rec.ConfirmedAt.IsZero() && now.After(rec.ConfirmedAt.Add(l.inFlight))
}

// settle is rule 2. The generation is confirmed by the first use of cookies that are older than the settling time, and a lone branch is
// settled by that same use. Of several, the one with which the browser answers a question 2W later is the one that it kept: nothing is minted after the confirmation, an
// answer from before it may replace the browser's cookies W later, and a request sent just before that takes W more. A use that is no answer
// may be a request that was under way for long, and tells what the browser had once. It returns nil where nothing changes.
func (l *limits) settle(rec *Record, p presented, digest Digest, now time.Time) *Record {
	switch {
	case rec.ConfirmedAt.IsZero() && now.Sub(p.mintedAt) >= l.settling:
		next := rec.next()
		next.ConfirmedAt = now
		if !next.Forked {
			next.Settled = digest
		}
		return next
	case p.answers == whetherKept && l.toBeSettled(rec, now):
		next := rec.next()
		next.Settled = digest
		return next
	default:
		return nil
	}
}

// toBeSettled tells whether all answers with branches of this generation have arrived, and none is settled yet.
func (l *limits) toBeSettled(rec *Record, now time.Time) bool {
	return !rec.ConfirmedAt.IsZero() && rec.Settled == Digest{} && now.After(rec.ConfirmedAt.Add(2*l.inFlight))
}

// needsMore reports whether a live session that these cookies belong to is due for more than being served.
func (l *limits) needsMore(rec *Record, p presented, now time.Time) bool {
	return l.tokenIsDue(rec, now) || l.toBeSettled(rec, now) ||
		rec.Settled != Digest{} && l.hasNewerTokens(rec, p, now) && l.parentIsStale(rec, now)
}

// judgeParent is rules 3 and 4: the cookies from which the newest generation was made.
func (l *limits) judgeParent(rec *Record, p presented, live bool, now time.Time) verdict {
	confirmed := !rec.ConfirmedAt.IsZero()
	switch {
	case l.parentIsStale(rec, now):
		return stale(p)
	case !live && p.refresh:
		return verdict{action: renewInPlace}
	case !live:
		return verdict{action: refuse}
	case confirmed || !p.refresh:
		return verdict{action: serve}
	default:
		return verdict{action: mint} // the answer that carried the new cookies was lost, or has not arrived yet
	}
}

// stale is rule 6. Only the refresh cookie can be theft: it is what a browser replaces. A request may have been under way for long, and tells no more
// than what the browser had when it was sent; who comes back with the same cookie when asked has it still.
func stale(p presented) verdict {
	switch {
	case !p.refresh:
		return verdict{action: alarm}
	case p.answers != whetherStale:
		return verdict{action: askStale}
	}
	return verdict{action: end, reason: EndReuseDetected}
}

// refreshDue returns the action for which the provider is to be asked, and whether it is, after a verdict.
func (l *limits) refreshDue(rec *Record, v verdict, now time.Time) (due action, ok bool) {
	if v.changed == nil && (v.action == renew || v.action == renewInPlace) {
		return v.action, true
	}
	return renewEarly, !rec.ended() && l.tokenIsDue(rec, now)
}

// servesNow reports whether there is nothing to do but to serve.
func (l *limits) servesNow(rec *Record, v verdict, p presented, now time.Time) bool {
	return v.action == serve && v.changed == nil && p.generation == rec.Generation && !l.needsMore(rec, p, now)
}

// advance begins the next generation, of one branch. The settled branch of the last one becomes its parent.
func (r *Record) advance() {
	r.Generation++
	r.Parent, r.Settled, r.ConfirmedAt, r.Forked, r.Rebuilt = r.Settled, Digest{}, time.Time{}, false, false
}

// succeeded is the next generation with the tokens that the record has (rule 7).
func (r *Record) succeeded(l *limits, now time.Time) *Record {
	next := r.next()
	next.advance()
	next.LastSeenAt = now
	next.ExpiresAt = earlier(r.RefreshedAt.Add(l.cap), r.RefreshExpiresAt)
	return next
}

// forked is the same generation with one more branch.
func (r *Record) forked() *Record {
	if r.Forked {
		return r
	}
	next := r.next()
	next.Forked = true
	return next
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
