package sim

import (
	"slices"
	"time"
)

// use adds a request of the thief, with some of the cookies, to the scenario.
type use func(at time.Duration, cookies string)

// A plan is a kind of thief, by what it does with what it copied.
type plan struct {
	name string
	plan func(d *dice, s *scenario, from, to time.Duration, use use)
}

var thieves = []plan{
	{"polling", func(d *dice, s *scenario, from, to time.Duration, use use) {
		every := d.between(10*time.Second, 5*time.Minute)
		for at := from; at < to; at += every + d.between(0, time.Second) {
			use(at, "newest")
		}
	}},
	{"rare", func(d *dice, s *scenario, from, to time.Duration, use use) {
		for at := from; at < to; at += d.between(15*time.Minute, 90*time.Minute) {
			use(at, "newest")
		}
	}},
	{"lock-step", func(d *dice, s *scenario, from, to time.Duration, use use) {
		for _, e := range s.events { // at the same moment as the browser and at the same node, so that they share each refresh
			if e.verb == "get" && e.at > from {
				up := time.Duration(1 + d.IntN(1000))
				at := e.at + e.up + d.between(-4*time.Millisecond, 4*time.Millisecond)
				s.add(event{at: at - up, verb: "thief", how: "newest", node: e.node, up: up, down: ordinary(d)})
			}
		}
	}},
	{"first-mover", func(d *dice, s *scenario, from, to time.Duration, use use) {
		for at := from; at < to; at += d.between(time.Hour, 4*time.Hour) { // first after a pause of the browser's, then silent
			use(afterAPause(s, at), "newest")
		}
	}},
	{"hoarder", func(d *dice, s *scenario, from, to time.Duration, use use) {
		first := afterAPause(s, from)
		use(first, "newest")
		for i := range 12 {
			use(first+time.Duration(i+1)*d.between(time.Second, 10*time.Second), "first")
		}
		for at := first; at < to; at += d.between(time.Minute, 30*time.Minute) {
			use(at, "oldest")
		}
	}},
	{"treadmill", func(d *dice, s *scenario, from, to time.Duration, use use) {
		for at := from; at < to; at += d.between(20*time.Second, 2*time.Minute) {
			use(at, pick(d, "before", "before", "newest"))
		}
	}},
}

// prover is a thief of bound sessions, who tries to prove a key.
var prover = plan{"prover", func(d *dice, s *scenario, from, to time.Duration, use use) {
	for at := from; at < to; at += d.between(10*time.Second, 10*time.Minute) {
		use(at, pick(d, "newest", "first", "register", "sign", "sign", "replay"))
	}
}}

// loot is what they copy: of a bound session with the bound cookie, or without it.
var loot = []string{"jar", "session", "refresh"}

// kinds is how many kinds and loots there are in a scenario.
func (s *scenario) kinds() (plans []plan, loots []string) {
	if s.binds {
		return append(slices.Clone(thieves), prover), append(slices.Clone(loot), "pair")
	}
	return thieves, loot
}

// kind returns the thief of a scenario: every kind and every loot in turn.
func (s *scenario) kind() (p plan, what string) {
	plans, loots := s.kinds()
	n := uint64(len(plans))
	if s.binds && *copied != "" {
		return plans[s.seed%n], *copied
	}
	return plans[s.seed%n], loots[s.seed/n%uint64(len(loots))]
}

// anyThief adds a thief who copies cookies at a time and uses them until the end, and then all of
// them once more.
func anyThief(d *dice, s *scenario, from time.Duration) {
	s.sort()
	to := s.events[len(s.events)-1].at
	thief, what := s.kind()
	s.add(event{at: from, verb: "steal", how: what})
	use := func(at time.Duration, how string) {
		if at > from {
			s.add(event{at: at, verb: "thief", how: how, node: d.IntN(4), up: ordinary(d), down: ordinary(d)})
		}
	}
	thief.plan(d, s, from+d.between(0, 10*time.Minute), to, use)
	for range 5 {
		use(to+d.between(0, time.Minute), pick(d, "newest", "oldest", "first"))
	}
}

// whileUsed is anyThief beside a browser that is used: it has a bound cookie.
func whileUsed(d *dice, s *scenario, _ time.Duration) {
	at := pick(d, s.events[:len(s.events)/2]...).at
	if d.chance(0.25) {
		at = s.events[0].at // a login
	}
	anyThief(d, s, at+d.between(0, 2*time.Minute))
}

// aroundALoss is anyThief in the first minutes of a login, which the store then loses.
func aroundALoss(d *dice, s *scenario, _ time.Duration) {
	from := d.between(0, 5*time.Minute)
	anyThief(d, s, from)
	s.add(event{at: from + d.between(0, 10*time.Minute), verb: "rollback", span: d.between(time.Second, 15*time.Minute)})
}

// afterAPause is just before the browser comes back from the first pause of more than 30 minutes
// after a time, or in the middle of the cap.
func afterAPause(s *scenario, from time.Duration) time.Duration {
	last := from
	for _, e := range s.events {
		if e.verb != "get" || e.at <= from {
			continue
		}
		if e.at-last > 30*time.Minute {
			return e.at - 500*time.Millisecond
		}
		last = e.at
	}
	return from + time.Hour
}
