package rotation_test

import (
	"fmt"
	"net/http"
	"time"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/dbsc"
	"github.com/latchkey-dev/latchkey/internal/rotation"
)

// What a request of a page comes to.
const (
	served      = "served"
	renewed     = ", with new cookies"
	cleared     = ", without its bound cookie from now on"
	unproven    = "401, the proof is missing"
	unprovenYet = "503, the proof is missing"
	again       = "307, without the bound cookie"
	asked       = "307, with a question"
	over        = "401, the session is over"
	nobodyThere = "401, nobody"
)

// A boundModel is what a node must do with one request: the rules, applied to what the test knows
// of the cookies, and to the records as they are.
type boundModel struct {
	*boundWalk
	node     *walkNode
	now      time.Time
	shown    shown
	skipped  map[*walkLogin]bool // the browser could not sign, it says
	sessions map[*walkLogin]*walkState

	by       *walkLogin // who is served
	minted   bool
	reported bool // DeviceBindingOn would have refused it
}

// A walkState is a session in the store; nil in the state: it is not there.
type walkState struct {
	*rotation.State
	key *[64]byte
}

func (w *boundWalk) modelOf(n *walkNode, r *http.Request) *boundModel {
	m := &boundModel{boundWalk: w, node: n, now: n.now(), shown: w.known.shownBy(r), skipped: make(map[*walkLogin]bool), sessions: make(map[*walkLogin]*walkState)}
	list, _ := dbsc.ParseSkipped(r.Header)
	for _, s := range list {
		m.skipped[w.known.identified[s.SessionID]] = true
	}
	return m
}

func (m *boundModel) session(of *walkLogin) *walkState {
	if m.sessions[of] == nil {
		rec, state := m.store.state(of.id)
		m.sessions[of] = &walkState{State: state}
		if rec != nil && rec.Binding != nil {
			m.sessions[of].key = &rec.Binding.Key
		}
	}
	return m.sessions[of]
}

// A witness is what cookies prove of one session.
type witness struct {
	of    *walkLogin
	proof rotation.Proof
	keyed *walkPair // the refresh cookie, if it is keyed
}

func witnesses(s shown) (list []*witness) {
	of := func(p *walkPair) *witness {
		return &witness{of: p.of, proof: rotation.Proof{Generation: p.number, Branch: p.branch, MintedAt: p.mintedAt, Keyed: p.keyed}}
	}
	if s.session != nil {
		list = append(list, of(s.session))
		list[0].proof.Session = true
	}
	if s.refresh == nil {
		return list
	}
	if s.session == nil || !s.session.same(s.refresh) {
		list = append(list, of(s.refresh))
	}
	last := list[len(list)-1]
	last.proof.Refresh, last.proof.Follows = true, true
	if s.refresh.keyed {
		last.keyed, last.proof.Keyed, last.proof.Key = s.refresh, true, true
	}
	for _, q := range []rotation.Question{rotation.WhetherKept, rotation.WhetherStale} {
		if s.echo == echoOf(q, s.refresh) {
			last.proof.Answers = q
		}
	}
	return list
}

// request is what a request of a page comes to. The session cookie is heard first.
func (m *boundModel) request() (outcome string) {
	outcome = nobodyThere
	if of := m.servedAlone(); of != nil {
		return m.servedAs(of)
	}
	for _, c := range witnesses(m.shown) {
		next := m.decide(c)
		if next == served {
			return m.servedAs(c.of)
		}
		if outcome != over && next != nobodyThere {
			outcome = next
		}
		if next == unproven && m.skipped[c.of] && outcome == unproven {
			outcome = unprovenYet
		}
	}
	if (outcome == unproven || outcome == unprovenYet) && m.shown.bound != "" {
		return again
	}
	return outcome
}

// servedAlone is whose session cookie needs nothing but to be served. Its refresh cookie is not
// looked at then.
func (m *boundModel) servedAlone() *walkLogin {
	if m.shown.session == nil {
		return nil
	}
	c, limits := witnesses(shown{session: m.shown.session})[0], m.node.limits()
	c.proof.Proven = m.proves(c)
	if s := m.session(c.of); s.State == nil || !limits.ServesOnly(m.judge(c), s.State, &c.proof, m.now) || m.reported {
		return nil
	}
	return c.of
}

func (m *boundModel) servedAs(of *walkLogin) (outcome string) {
	outcome, m.by = served, of
	if m.minted {
		outcome += renewed
	}
	s := m.session(of)
	own := m.shown.proof != nil && m.shown.proof.of == of && s.key != nil && m.shown.proof.key == *s.key
	if s.key != nil && (s.BoundAt.IsZero() || m.reported) && m.shown.bound != "" && !own {
		outcome += cleared
	}
	return outcome
}

// keyOver is the key that counts: the first, but a keyed refresh cookie may know more than a record
// that is not bound.
func (m *boundModel) keyOver(of *walkLogin, keyed *walkPair) *[64]byte {
	s := m.session(of)
	if s.State == nil || keyed != nil && s.BoundAt.IsZero() {
		if keyed == nil {
			return nil
		}
		return &keyed.key
	}
	return s.key
}

func (m *boundModel) proves(c *witness) bool {
	key, p := m.keyOver(c.of, c.keyed), m.shown.proof
	return p != nil && key != nil && (c.keyed == nil || c.keyed.key == *key) && p.of == c.of && p.key == *key && rotation.ProofLives(p.end, m.now)
}

// decide judges until a verdict can be carried out.
func (m *boundModel) decide(c *witness) (outcome string) {
	for range 10 {
		c.proof.Proven = m.proves(c)
		m.reported = false
		outcome, again := m.carryOut(c, m.judge(c))
		if !again {
			return outcome
		}
	}
	return "judged ten times"
}

const bindWithin = 2 * time.Minute // with DeviceBindingRequire

func (m *boundModel) judge(c *witness) rotation.Verdict {
	s, limits := m.session(c.of), m.node.limits()
	switch {
	case s.State == nil && c.proof.Refresh && !m.now.Before(c.of.deadline):
		return rotation.Verdict{Action: rotation.AlreadyEnded}
	case s.State == nil:
		return limits.JudgeLost(&c.proof)
	case m.node.mode == latchkey.DeviceBindingRequire && !c.proof.Keyed && s.BoundAt.IsZero() && !s.Ended && m.now.Sub(c.of.createdAt) > bindWithin:
		if m.skipped[c.of] || s.key != nil && m.shown.bound != "" && !c.proof.Proven {
			return rotation.Verdict{Action: rotation.RefuseUnproven}
		}
		return rotation.Verdict{Action: rotation.End}
	}
	used := m.node.lastUse[c.of.id]
	if s.LastSeenAt.After(used) {
		used = s.LastSeenAt
	}
	strict := limits
	strict.Proofs = true
	m.reported = m.node.mode == latchkey.DeviceBindingWatch && strict.Judge(s.State, &c.proof, used, m.now).Action == rotation.RefuseUnproven
	return limits.Judge(s.State, &c.proof, used, m.now)
}

// carryOut does what a verdict asks for. It reports whether the cookies are judged again.
func (m *boundModel) carryOut(c *witness, v rotation.Verdict) (outcome string, again bool) {
	s, limits := m.session(c.of), m.node.limits()
	if v.Changed != nil {
		s.State = v.Changed
	}
	change := func(next rotation.State) { s.State = &next }
	switch v.Action {
	case rotation.Serve:
		return served, false
	case rotation.Mint:
		if !s.Forked {
			change(s.Minted())
		}
	case rotation.Rotate:
		change(limits.Refreshed(rotation.Rotate, *s.State, time.Time{}, m.now))
	case rotation.Advance:
		change(limits.Advanced(*s.State, m.now))
	case rotation.Rebuild:
		m.rebuild(c)
	case rotation.RefreshOnly:
		change(limits.Refreshed(rotation.RefreshOnly, *s.State, time.Time{}, m.now))
		return "", true
	case rotation.Rebind:
		s.key = &c.keyed.key
		change(s.Bound(c.keyed.boundAt))
		return "", true
	case rotation.RefuseUnproven:
		return unproven, false
	case rotation.Refuse, rotation.RejectStale:
		return nobodyThere, false
	case rotation.ChallengeKept, rotation.ChallengeStale:
		return asked, false
	case rotation.End:
		ended := *s.State
		ended.Ended = true
		change(ended)
		return over, false
	case rotation.AlreadyEnded:
		return over, false
	default:
		return fmt.Sprint(v.Action), false
	}
	m.minted = true
	return served, false
}

// rebuild is rule 5.
func (m *boundModel) rebuild(c *witness) {
	s, limits := m.session(c.of), m.node.limits()
	next := rotation.RebuiltFrom(&c.proof, c.of.deadline)
	switch {
	case c.keyed != nil && (s.State == nil || s.BoundAt.IsZero()):
		s.key, next = &c.keyed.key, next.Bound(c.keyed.boundAt)
	case s.State != nil:
		next.Registered, next.BoundAt = s.Registered, s.BoundAt
	}
	next = limits.Refreshed(rotation.Rotate, next, time.Time{}, m.now).AfterRebuild()
	s.State = &next
}
