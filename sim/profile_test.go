package sim

import (
	"math/rand/v2"
	"slices"
	"time"
)

// A profile says what a seed draws from. All but tail and answers keep within the bounds of
// docs/rotation.md for the network: then no honest browser may be logged out.
type profile struct {
	name  string
	about string

	times  times
	length time.Duration
	nodes  int           // at most
	skew   time.Duration // of each clock, at most, either way

	delay func(d *dice) time.Duration // one way
	late  float64                     // share of requests that are late, beyond the window
	after float64                     // share of answers that are

	lost    float64       // share of requests that are lost, and of answers
	kills   float64       // of the browser, for each 12 hours
	lag     time.Duration // from the jar to the disk, at most
	logouts float64       // for each 12 hours
	faults  float64       // outages of store and provider, and restarts, for each 12 hours
	losses  float64       // rollbacks, for each 12 hours
	busy    bool          // the browser never rests for long
	cached  bool          // the nodes keep records in memory
	binds   float64       // share of browsers that bind their sessions
	thief   func(d *dice, s *scenario, from time.Duration)
}

const halfDay = 12 * time.Hour

var chaos = profile{
	name: "chaos", about: "everything at once, within the window",
	length: halfDay, nodes: 4, skew: 5 * time.Second, delay: ordinary, lost: 0.02, kills: 4, lag: 15 * time.Second, logouts: 0.3, faults: 10,
}

var profiles = []profile{
	chaos,
	{name: "edge", about: "delays up to the whole window", length: halfDay, nodes: 3, delay: upToTheWindow, lost: 0.02, logouts: 0.3, faults: 2},
	{name: "skewed", about: "clocks 20 s off, either way", length: halfDay, nodes: 4, skew: 20 * time.Second, delay: ordinary, lost: 0.02, logouts: 0.3, faults: 4},
	{name: "ahead", about: "the JWT is renewed ahead of its end", length: halfDay, times: times{ahead: 10 * time.Minute}, nodes: 4, skew: 5 * time.Second, delay: ordinary,
		lost: 0.02, kills: 2, lag: 15 * time.Second, faults: 4},
	{name: "endings", about: "short lives of session and refresh token", length: 2 * halfDay, times: times{refreshTTL: 3 * time.Hour, absolute: 8 * time.Hour}, nodes: 2,
		skew: 5 * time.Second, delay: ordinary, lost: 0.02, logouts: 2, faults: 4},
	{name: "short", about: "idle 5 min, cap 8 min", length: halfDay / 2, times: times{idle: 5 * time.Minute, cap: 8 * time.Minute}, nodes: 3, skew: 2 * time.Second,
		delay: ordinary, lost: 0.02, kills: 2, lag: 10 * time.Second, faults: 4},
	{name: "losing", about: "chaos, and a store that loses its newest writes", length: halfDay, nodes: 3, skew: 5 * time.Second, delay: ordinary, lost: 0.02,
		kills: 1, lag: 15 * time.Second, logouts: 2, faults: 4, losses: 6},
	{name: "tail", about: "chaos, and 0.1 % of requests later than the window", length: halfDay, nodes: 4, skew: 5 * time.Second, delay: ordinary, late: 0.001, lost: 0.02,
		kills: 4, lag: 15 * time.Second, faults: 10},
	{name: "answers", about: "chaos, and 0.1 % of answers later than the window", length: halfDay, nodes: 4, skew: 5 * time.Second, delay: ordinary, after: 0.001, lost: 0.02,
		kills: 4, lag: 15 * time.Second, faults: 10},
	{name: "cached", about: "chaos on nodes that keep records in memory, and hear of changes late", length: 2 * time.Hour, times: times{idle: 10 * time.Minute, cap: 20 * time.Minute},
		nodes: 4, skew: 5 * time.Second, delay: ordinary, lost: 0.02, kills: 12, lag: 15 * time.Second, logouts: 12, faults: 60, cached: true, thief: anyThief},
	{name: "pursued", about: "a thief of each kind beside a busy browser", length: halfDay / 2, nodes: 3, skew: 5 * time.Second, delay: ordinary, lost: 0.02, faults: 1,
		busy: true, thief: anyThief},
	{name: "thieves", about: "a thief of each kind beside one that rests", length: halfDay, nodes: 3, skew: 5 * time.Second, delay: ordinary, lost: 0.02, faults: 2, thief: anyThief},
	{name: "jars", about: "a thief of each kind beside one that binds its sessions", length: halfDay, nodes: 4, skew: 5 * time.Second, delay: ordinary, lost: 0.02,
		kills: 2, lag: 15 * time.Second, logouts: 0.3, faults: 10, binds: 1, thief: whileUsed},
	{name: "forgetful", about: "the same, and a store that loses a binding", length: halfDay / 2, nodes: 3, skew: 5 * time.Second, delay: ordinary, lost: 0.02,
		kills: 2, lag: 15 * time.Second, faults: 4, losses: 6, binds: 1, thief: aroundALoss},
}

// dice is the only source of randomness.
type dice struct{ *rand.Rand }

func (d *dice) between(from, to time.Duration) time.Duration {
	return from + time.Duration(d.Int64N(int64(to-from)))
}

func (d *dice) chance(p float64) bool { return d.Float64() < p }

func pick[T any](d *dice, from ...T) T { return from[d.IntN(len(from))] }

// ordinary is a mobile network: mostly quick, sometimes slow, at most 10 s.
func ordinary(d *dice) time.Duration {
	switch x := d.Float64(); {
	case x < 0.80:
		return d.between(10*time.Millisecond, 300*time.Millisecond)
	case x < 0.97:
		return d.between(300*time.Millisecond, 3*time.Second)
	default:
		return d.between(3*time.Second, 10*time.Second)
	}
}

// upToTheWindow is a network that takes as long as it may. The browser gives up on what takes
// longer in total.
func upToTheWindow(d *dice) time.Duration {
	if d.chance(0.5) {
		return ordinary(d)
	}
	return d.between(0, 110*time.Second)
}

// draw makes the scenario of a seed.
func (p profile) draw(seed uint64) scenario {
	d := &dice{rand.New(rand.NewPCG(seed, 0))}
	if *ahead > 0 {
		p.times.ahead, p.times.jwt = *ahead, *jwt
	}
	s := scenario{profile: p.name, seed: seed, times: p.times, late: p.late+p.after > 0, cached: p.cached}
	p.bind(&s)
	for range 1 + d.IntN(p.nodes) {
		s.skews = append(s.skews, d.between(-p.skew, p.skew+1))
	}
	for at := d.between(0, time.Minute); at < p.length; at += p.rest(d) {
		p.burst(d, &s, at)
	}
	s.sort()
	moments := s.moments()
	p.often(d, p.kills, func() { s.add(event{at: moments.pick(d), verb: "kill", span: d.between(0, p.lag+1)}) })
	p.often(d, p.logouts, func() { s.add(p.request(d, event{at: moments.pick(d), verb: "logout"})) })
	p.often(d, p.losses, func() {
		s.add(event{at: moments.pick(d), verb: "rollback", span: d.between(time.Second, 10*time.Minute)})
	})
	p.often(d, p.faults, func() { s.add(p.fault(d, moments.pick(d))) })
	if p.thief != nil {
		p.thief(d, &s, d.between(5*time.Minute, p.length/2))
	}
	if p.cached {
		p.endUnheard(d, &s)
	}
	s.sort()
	if s.binds {
		s.loseKeys()
	}
	return s
}

// bind decides whether the browser binds its sessions. It draws from dice of its own, so that
// everything else in the scenario is the same.
func (p profile) bind(s *scenario) {
	if *binds >= 0 {
		p.binds = *binds
	}
	d := &dice{rand.New(rand.NewPCG(s.seed, 1))}
	if s.binds = d.chance(p.binds); s.binds {
		s.loses = p.lost
	}
}

// loseKeys makes some kills take the keys with them.
func (s *scenario) loseKeys() {
	d := &dice{rand.New(rand.NewPCG(s.seed, 2))}
	for i := range s.events {
		if s.events[i].verb == "kill" && d.chance(0.1) {
			s.events[i].how = "keyless"
		}
	}
}

// endUnheard makes the streams fall silent before each logout, while the thief tries every node.
func (p profile) endUnheard(d *dice, s *scenario) {
	for _, e := range s.events {
		if e.verb != "logout" {
			continue
		}
		for node := range len(s.skews) {
			s.add(event{at: e.at - d.between(0, time.Second), verb: "stream", how: "silent", node: node, span: time.Minute})
			for range 4 {
				s.add(event{at: e.at + e.up + d.between(0, 20*time.Second), verb: "thief", how: "newest", node: node, up: ordinary(d), down: ordinary(d)})
			}
		}
	}
}

func (s *scenario) add(e event) { s.events = append(s.events, e) }

func (s *scenario) sort() {
	slices.SortFunc(s.events, func(a, b event) int { return int(a.at - b.at) })
}

// often lets something happen this many times in 12 hours, on average.
func (p profile) often(d *dice, times float64, happen func()) {
	if times == 0 {
		return
	}
	mean := float64(halfDay) / times
	for at := d.ExpFloat64() * mean; at < float64(p.length); at += d.ExpFloat64() * mean {
		happen()
	}
}

// moments are when something can go wrong: when the browser sends requests, and above all when it
// comes back after a rest, because then a refresh is due.
type moments struct{ any, back []time.Duration }

func (s *scenario) moments() (m moments) {
	last := time.Duration(0)
	for _, e := range s.events {
		m.any = append(m.any, e.at)
		if e.at-last > 15*time.Minute || len(m.back) == 0 {
			m.back = append(m.back, e.at)
		}
		last = e.at
	}
	return m
}

func (m moments) pick(d *dice) time.Duration {
	from := m.any
	if d.chance(0.7) {
		from = m.back
	}
	return max(0, pick(d, from...)+d.between(-5*time.Second, 20*time.Second))
}

// burst is a page that loads: some requests at the same time, from one tab or several. Lost ones
// are repeated.
func (p profile) burst(d *dice, s *scenario, at time.Duration) {
	for range pick(d, 1, 1, 1, 2, 3, 6) {
		e := p.request(d, event{at: at + d.between(0, 2*time.Second), verb: "get"})
		s.add(e)
		for e.lost != "" && d.chance(0.8) {
			e = p.request(d, event{at: e.at + e.up + e.down + d.between(time.Second, 20*time.Second), verb: "get"})
			s.add(e)
		}
	}
}

// request fills in how a request travels.
func (p profile) request(d *dice, e event) event {
	e.node, e.up, e.down = d.IntN(4), p.delay(d), p.delay(d)
	switch x := d.Float64(); {
	case x < p.lost:
		e.lost = "request"
	case x < 2*p.lost:
		e.lost = "answer"
	}
	if d.chance(p.late) {
		e.up = d.between(2*time.Minute, 20*time.Minute)
	}
	if d.chance(p.after) {
		e.down = d.between(2*time.Minute, 20*time.Minute)
	}
	return e
}

// rest is the time between two pages: a click, a pause, lunch, a night's sleep.
func (p profile) rest(d *dice) time.Duration {
	switch x := d.Float64(); {
	case p.busy:
		return d.between(2*time.Second, 5*time.Minute)
	case x < 0.55:
		return d.between(2*time.Second, 40*time.Second)
	case x < 0.85:
		return d.between(40*time.Second, 5*time.Minute)
	case x < 0.96:
		return d.between(5*time.Minute, 29*time.Minute)
	default:
		return d.between(29*time.Minute, 3*time.Hour)
	}
}

func (p profile) fault(d *dice, at time.Duration) event {
	e := event{at: at, node: d.IntN(4), span: d.between(time.Second, 2*time.Minute)}
	e.verb = pick(d, "store", "provider", "provider", "restart")
	if p.cached && d.chance(0.5) {
		e.verb = "stream"
	}
	e.how = pick(d, verbs[e.verb]...)
	if e.verb == "restart" {
		e.span = 0
	}
	return e
}
