package rotation

import (
	"testing"
	"time"
)

var testLimits = Limits{
	Idle: 30 * time.Minute, Cap: time.Hour, RefreshTTL: 24 * time.Hour, Absolute: 90 * 24 * time.Hour,
	InFlight: 2 * time.Minute, Settling: time.Minute,
}

var epoch = time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)

// generation describes a record in generation 5, begun at epoch, by the branches that it knows.
type generation struct {
	minted      []Digest
	confirmed   time.Duration // after epoch; 0: not
	settled     *Digest
	predecessor *Digest
	ended       bool
	rebuilt     bool
	idleSince   time.Duration
	refreshed   time.Duration // after epoch; 0: with these cookies
}

var b1, b2, b3, old = Digest{1}, Digest{2}, Digest{3}, Digest{9}

func (g generation) record() *State {
	r := &State{
		Generation: 5, LastSeenAt: epoch.Add(g.idleSince), ExpiresAt: epoch.Add(testLimits.Cap),
		RefreshExpiresAt: epoch.Add(testLimits.RefreshTTL), Deadline: epoch.Add(testLimits.Absolute),
	}
	r.Forked = len(g.minted) > 1
	r.Rebuilt = g.rebuilt
	r.RefreshedAt = epoch.Add(g.refreshed)
	if g.confirmed > 0 {
		r.ConfirmedAt = epoch.Add(g.confirmed)
	}
	if g.settled != nil {
		r.Settled = *g.settled
	}
	if g.predecessor != nil {
		r.Predecessor = *g.predecessor
	}
	r.Ended = g.ended
	return r
}

// what a request shows of it
const (
	both        = "both"
	answerKept  = "both, and the echo of a question whether it was kept"
	answerStale = "both, and the echo of a question whether it is stale"
	upgrade     = "both, with a handshake that follows no redirection"
	sessionOnly = "session"
	refreshOnly = "refresh"
)

var answersOf = map[string]Question{answerKept: WhetherKept, answerStale: WhetherStale}

func TestJudge(t *testing.T) {
	fresh := generation{minted: []Digest{b1}, predecessor: &old}
	settled := generation{minted: []Digest{b1}, predecessor: &old, confirmed: 2 * time.Minute, settled: &b1}
	forked := generation{minted: []Digest{b1, b2}, predecessor: &old}
	forkedConfirmed := generation{minted: []Digest{b1, b2}, predecessor: &old, confirmed: 2 * time.Minute}
	forkedSettled := generation{minted: []Digest{b1, b2}, predecessor: &old, confirmed: 2 * time.Minute, settled: &b2}

	rebuilt := generation{minted: []Digest{b1}, predecessor: &old, rebuilt: true}
	rebuiltSettled := generation{minted: []Digest{b1}, predecessor: &old, rebuilt: true, confirmed: 2 * time.Minute, settled: &b1}

	early := generation{minted: []Digest{b1}, predecessor: &old, confirmed: 2 * time.Minute, settled: &b1, refreshed: 9 * time.Minute}
	earlyFresh := generation{minted: []Digest{b1}, predecessor: &old, refreshed: 10 * time.Second}
	earlyForked := generation{minted: []Digest{b1, b2}, predecessor: &old, confirmed: 2 * time.Minute, refreshed: 3 * time.Minute}
	earlyUsed := generation{minted: []Digest{b1}, predecessor: &old, confirmed: 2 * time.Minute, settled: &b1, refreshed: 9 * time.Minute, idleSince: 20 * time.Minute}
	earlyIdle := generation{minted: []Digest{b1}, predecessor: &old, confirmed: 2 * time.Minute, settled: &b1, refreshed: 59 * time.Minute, idleSince: 59 * time.Minute}

	const m = time.Minute
	for _, c := range []struct {
		name    string
		gen     generation
		number  uint32
		branch  Digest
		shows   string
		at      time.Duration // after epoch; the cookies were minted at epoch
		want    Action
		cause   Cause
		confirm bool
		settle  *Digest
	}{
		{"rule 1: live, fresh cookies", fresh, 5, b1, both, m / 2, Serve, 0, false, nil},
		{"rule 1: the session cookie alone serves", fresh, 5, b1, sessionOnly, m / 2, Serve, 0, false, nil},
		{"rule 2: the first use after the settling time confirms and settles", fresh, 5, b1, both, m, Serve, 0, true, &b1},
		{"rule 2: a settled generation needs no more writes", settled, 5, b1, both, 10 * m, Serve, 0, false, nil},
		{"rule 1: expired by the cap", settled, 5, b1, both, 60 * m, Rotate, 0, false, nil},
		{"rule 1: expired by idleness", settled, 5, b1, both, 30 * m, Rotate, 0, false, nil},
		{"rule 2 before 1: a first use after expiry confirms, settles and refreshes", fresh, 5, b1, both, 61 * m, Rotate, 0, true, &b1},
		{"rule 0: a session cookie alone refreshes nothing", settled, 5, b1, sessionOnly, 61 * m, Refuse, 0, false, nil},
		{"rule 0: nor confirms anything then", fresh, 5, b1, sessionOnly, 61 * m, Refuse, 0, false, nil},
		{"rule 1: a refresh cookie alone, settled, counts as expired", settled, 5, b1, refreshOnly, 10 * m, Rotate, 0, false, nil},
		{"rule 1: a refresh cookie alone, not settled, is served", fresh, 5, b1, refreshOnly, m / 2, Serve, 0, false, nil},
		{"rule 1: any genuine branch of the newest generation is one of it", fresh, 5, b3, both, m / 2, Serve, 0, false, nil},
		{"rule 5: without the refresh cookie nothing is rebuilt", fresh, 6, b1, sessionOnly, m, Refuse, 0, false, nil},
		{"rule 5: a generation that the store does not know", fresh, 6, b1, both, m, Rebuild, 0, false, nil},

		{"rule 2: of several, the first use confirms but settles none", forked, 5, b1, both, m, Serve, 0, true, nil},
		{"rule 2: of several, a use inside two windows settles none", forkedConfirmed, 5, b1, both, 6 * m, Serve, 0, false, nil},
		{"rule 2: of several, the first that is used after two windows is asked about", forkedConfirmed, 5, b2, both, 6*m + 1, ChallengeKept, 0, false, nil},
		{"rule 2: and settled by the answer", forkedConfirmed, 5, b2, answerKept, 6*m + 1, Serve, 0, false, &b2},
		{"rule 2: but not earlier", forkedConfirmed, 5, b2, answerKept, 6 * m, Serve, 0, false, nil},
		{"rule 2: the session cookie alone settles nothing", forkedConfirmed, 5, b2, sessionOnly, 6*m + 1, Serve, 0, false, nil},
		{"rule 2: nor is asked who cannot follow", forkedConfirmed, 5, b2, upgrade, 6*m + 1, Serve, 0, false, nil},
		{"rule 2: nor refused", forkedConfirmed, 5, b2, upgrade, 61 * m, RefreshOnly, 0, false, nil},
		{"rule 2: the settled one serves", forkedSettled, 5, b2, both, 5 * m, Serve, 0, false, nil},
		{"rule 2, 6: every other is stale", forkedSettled, 5, b1, both, 5 * m, ChallengeStale, 0, false, nil},
		{"rule 6: and theft, if it is the answer to the question (2, 6)", forkedSettled, 5, b1, answerStale, 5 * m, End, ReuseDetected, false, nil},
		{"rule 6: but not the answer to another question", forkedSettled, 5, b1, answerKept, 5 * m, ChallengeStale, 0, false, nil},
		{"rule 6: a stale session cookie alone is an alarm", forkedSettled, 5, b1, sessionOnly, 5 * m, RejectStale, 0, false, nil},

		{"rule 3: the predecessor, not confirmed: mint again", fresh, 4, old, both, m / 2, Mint, 0, false, nil},
		{"rule 3: however late", fresh, 4, old, both, 29 * m, Mint, 0, false, nil},
		{"rule 3: with the refresh cookie alone too", fresh, 4, old, refreshOnly, m, Mint, 0, false, nil},
		{"rule 3: expired: refresh in place first", fresh, 4, old, both, 61 * m, RefreshOnly, 0, false, nil},
		{"rule 3: no refresh cookie: serve, mint nothing", fresh, 4, old, sessionOnly, m, Serve, 0, false, nil},
		{"rule 3: no refresh cookie and expired", fresh, 4, old, sessionOnly, 61 * m, Refuse, 0, false, nil},
		{"rule 3: as often as that is needed", forked, 4, old, both, m, Mint, 0, false, nil},
		{"rule 3: a branch of n-1 other than the predecessor is stale", fresh, 4, b3, both, m, ChallengeStale, 0, false, nil},

		{"rule 4: the predecessor inside the window of the confirmation", settled, 4, old, both, 4 * m, Serve, 0, false, nil},
		{"rule 4: the predecessor after it", settled, 4, old, both, 4*m + 1, ChallengeStale, 0, false, nil},
		{"rule 6: and theft, if it is the answer to the question (4)", settled, 4, old, answerStale, 4*m + 1, End, ReuseDetected, false, nil},
		{"rule 6: but not the answer to another question", settled, 4, old, answerKept, 4*m + 1, ChallengeStale, 0, false, nil},
		{"rule 4: the predecessor's session cookie after it", settled, 4, old, sessionOnly, 4*m + 1, RejectStale, 0, false, nil},
		{"rule 4: older than n-1", fresh, 3, old, both, m, ChallengeStale, 0, false, nil},
		{"rule 4: much older, session cookie only", fresh, 1, old, sessionOnly, m, RejectStale, 0, false, nil},

		{"rule 5: after a rebuild any branch of n-1 counts as the predecessor", rebuilt, 4, b3, both, m, Mint, 0, false, nil},
		{"rule 5: and of n-2", rebuilt, 3, b3, both, m, Mint, 0, false, nil},
		{"rule 5: but nothing older", rebuilt, 2, b3, both, m, ChallengeStale, 0, false, nil},
		{"rule 5: nor later than a window after the confirmation", rebuiltSettled, 3, b3, both, 4*m + 1, ChallengeStale, 0, false, nil},
		{"rule 7: newer tokens begin the next generation", early, 5, b1, both, 10 * m, Advance, 0, false, nil},
		{"rule 7: but not before the predecessor is stale", early, 5, b1, both, 4 * m, Serve, 0, false, nil},
		{"rule 7: and not for the predecessor", early, 4, old, both, 3 * m, Serve, 0, false, nil},
		{"rule 7: nor for a session cookie alone", early, 5, b1, sessionOnly, 10 * m, Serve, 0, false, nil},
		{"rule 7: nor half of a cap later", earlyUsed, 5, b1, both, 39 * m, Serve, 0, false, nil},
		{"rule 7: nor at the use that confirms", earlyFresh, 5, b1, both, 2 * m, Serve, 0, true, &b1},
		{"rule 7: nor from a branch that is not settled", earlyForked, 5, b1, both, 6 * m, Serve, 0, false, nil},
		{"rule 7: which is asked first", earlyForked, 5, b1, both, 6*m + 1, ChallengeKept, 0, false, nil},
		{"rule 7: and then begins it", earlyForked, 5, b1, answerKept, 6*m + 1, Advance, 0, false, &b1},
		{"rule 7: expired, and the provider was asked lately", earlyIdle, 5, b1, both, 60 * m, Advance, 0, false, nil},
		{"rule 7: expired, and it was not", early, 5, b1, both, 60 * m, Rotate, 0, false, nil},

		{"ended stays ended", generation{minted: []Digest{b1}, ended: true}, 5, b1, both, m, AlreadyEnded, 0, false, nil},
		{"the refresh token's time is over", settled, 5, b1, both, 24 * 60 * m, End, RefreshExpired, false, nil},
		{"the absolute end", settled, 5, b1, both, 90 * 24 * 60 * m, End, AbsoluteTimeout, false, nil},
		{"no predecessor in the first generation", generation{minted: []Digest{b1}}, 4, b3, both, m, ChallengeStale, 0, false, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			rec := c.gen.record()
			p := Proof{Generation: c.number, Branch: c.branch, MintedAt: epoch, Session: c.shows != refreshOnly, Refresh: c.shows != sessionOnly, Answers: answersOf[c.shows], Follows: c.shows != upgrade}
			before := *rec
			v := testLimits.Judge(rec, &p, rec.LastSeenAt, epoch.Add(c.at))
			if v.Action != c.want || v.Cause != c.cause {
				t.Errorf("%v %v, want %v %v", v.Action, v.Cause, c.want, c.cause)
			}
			if (v.Changed != nil) != (c.confirm || c.settle != nil) {
				t.Fatalf("changed = %v", v.Changed)
			}
			if c.confirm && !v.Changed.ConfirmedAt.Equal(epoch.Add(c.at)) {
				t.Errorf("confirmed at %v", v.Changed.ConfirmedAt)
			}
			if c.settle != nil && v.Changed.Settled != *c.settle {
				t.Error("settled another branch")
			}
			if rec.Settled != before.Settled || rec.ConfirmedAt != before.ConfirmedAt {
				t.Error("judge changed the record that it was given")
			}
		})
	}
}

func TestJudgeExpiredAndForked(t *testing.T) {
	// The branch was minted late in the life of the generation, and is first used after its end: it
	// is not known yet which branch the browser kept.
	rec := generation{minted: []Digest{b1, b2}, predecessor: &old}.record()
	p := Proof{Generation: 5, Branch: b1, MintedAt: epoch, Session: true, Refresh: true}
	v := testLimits.Judge(rec, &p, rec.LastSeenAt, epoch.Add(61*time.Minute))
	if v.Action != RefreshOnly || v.Changed == nil || v.Changed.Settled != (Digest{}) {
		t.Errorf("%v, changed %+v; want a refresh in place, confirmed, not settled", v.Action, v.Changed)
	}
}

// Rule 7: when the provider's JWT is refreshed in the background.
func TestTokenIsDue(t *testing.T) {
	const m, s = time.Minute, time.Second
	for _, c := range []struct {
		name                 string
		ahead, lifetime, due time.Duration // after the last refresh; -1: never
	}{
		{"not before the session id expires", 0, 10 * m, -1},
		{"ahead of its end", m, 10 * m, 9 * m},
		{"half of its life before", 5 * m, 10 * m, 5 * m},
		{"not in the first half of its life", 9 * m, 10 * m, 5 * m},
		{"nor if that is short", m, 20 * s, 10 * s},
		{"nor at once", m, s, s / 2},
		{"ten times a second, if it expires at once", m, 10 * time.Millisecond, s / 10},
		{"once a second, if the provider's clock is behind", m, -5 * m, s},
		{"as the JWT says nothing of its end", m, 0, -1},
	} {
		l := testLimits
		l.Ahead = c.ahead
		rec := &State{RefreshedAt: epoch}
		if c.lifetime != 0 {
			rec.TokenExpiresAt = epoch.Add(c.lifetime)
		}
		if c.due < 0 {
			if l.TokenIsDue(rec, epoch.Add(c.lifetime+time.Hour)) {
				t.Errorf("%s: due", c.name)
			}
			continue
		}
		if at := epoch.Add(c.due); l.TokenIsDue(rec, at.Add(-1)) || !l.TokenIsDue(rec, at) {
			t.Errorf("%s: not due exactly after %v", c.name, c.due)
		}
	}
	l := testLimits
	l.Ahead = m
	if rec := (&State{TokenExpiresAt: epoch.Add(m)}); l.TokenIsDue(rec, epoch.Add(-1)) || !l.TokenIsDue(rec, epoch) {
		t.Error("a record of an earlier version is not due a minute before its JWT expires")
	}
}
