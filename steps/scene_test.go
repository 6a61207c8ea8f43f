package steps

import (
	"slices"
	"testing/synctest"
	"time"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/latchkeytest"
)

// A scene is a session in some state, before something happens to it.
type scene struct {
	id     latchkey.ID
	victim *latchkeytest.Browser // its browser
	thief  *latchkeytest.Browser // has cookies of a generation that is long past
}

// A state is one in which the browser's next request does what the name says.
type state struct {
	name string
	make func(s *stage, c *scene)
	lost bool // the store does not know the session
}

var states = []state{
	{"authenticated request", func(s *stage, c *scene) { s.settle(c) }, false},
	{"refresh", func(s *stage, c *scene) { s.settle(c); time.Sleep(time.Hour) }, false},
	{"confirmation and refresh", func(s *stage, c *scene) { time.Sleep(time.Hour) }, false},
	{"confirmation", func(s *stage, c *scene) { time.Sleep(2 * time.Minute) }, false},
	{"settling", func(s *stage, c *scene) {
		s.loseAnswer(c)
		s.mustServe(c.victim) // one branch more
		time.Sleep(2 * time.Minute)
		s.mustServe(c.victim) // confirmed
		time.Sleep(5 * time.Minute)
	}, false},
	{"mint", func(s *stage, c *scene) { s.loseAnswer(c) }, false},
	{"refresh in place", func(s *stage, c *scene) { s.loseAnswer(c); time.Sleep(time.Hour) }, false},
	{"rebuild of a lost record", func(s *stage, c *scene) { s.settle(c); s.store.Lose() }, true},
	{"rebuild of an older record", func(s *stage, c *scene) {
		s.settle(c)
		rollback := s.store.Snapshot()
		time.Sleep(time.Hour)
		s.mustServe(c.victim)
		rollback()
	}, false},
}

func stateNamed(name string) state {
	return states[slices.IndexFunc(states, func(st state) bool { return st.name == name })]
}

// settle has the browser use its newest cookies until no rule has anything to write.
func (s *stage) settle(c *scene) {
	s.Helper()
	time.Sleep(2 * time.Minute)
	s.mustServe(c.victim)
}

// renew has the session refreshed.
func (s *stage) renew(c *scene) {
	s.Helper()
	s.settle(c)
	time.Sleep(time.Hour)
	s.mustServe(c.victim)
}

// loseAnswer has the session refreshed, and the answer lost.
func (s *stage) loseAnswer(c *scene) {
	s.Helper()
	s.settle(c)
	time.Sleep(time.Hour)
	s.mustServe(c.victim.Copy(s.nodes[0]))
}

// open brings a new session, the only one there is, into the state.
func (s *stage) open(st state) *scene {
	s.Helper()
	return s.bring(s.begin(), st)
}

// openFor does so for those that will end it. For a theft there are two more generations first:
// then the cookies of the first are those of a thief.
func (s *stage) openFor(st state, enders ...ender) *scene {
	s.Helper()
	c := s.begin()
	if slices.ContainsFunc(enders, func(e ender) bool { return e.name == "theft" }) {
		s.renew(c)
		s.renew(c)
	}
	return s.bring(c, st)
}

func (s *stage) begin() *scene {
	s.Helper()
	s.store.Lose()
	c := &scene{victim: s.world.NewBrowser()}
	s.login(c.victim)
	c.id = s.living()[0].ID
	c.thief = c.victim.Copy(s.nodes[0])
	return c
}

func (s *stage) bring(c *scene, st state) *scene {
	s.Helper()
	st.make(s, c)
	synctest.Wait()
	s.told()
	s.provider.Calls()
	return c
}
