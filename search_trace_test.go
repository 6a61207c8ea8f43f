package latchkey

import (
	"fmt"
	"strings"
)

// A teller turns a way through the graph into lines that a person can follow. Branches have names that stay: "2b" is the second branch of generation 2.
type teller struct {
	m     *model
	world world
	names [lostBranch]string
	gen   int
	count int
	clock int
	lines []string
}

func newTeller(m *model) *teller {
	t := &teller{m: m, world: m.login(), gen: 1, count: 1}
	t.names[firstBranch] = "1a"
	t.say("login: the browser gets 1a")
	return t
}

func (t *teller) say(format string, args ...any) {
	t.lines = append(t.lines, fmt.Sprintf("%3d  ", t.clock)+fmt.Sprintf(format, args...))
}

func (t *teller) String() string { return strings.Join(t.lines, "\n") }

// walk follows the way from the world where the teller stands.
func (t *teller) walk(g *graph, way []uint32) {
	for i := 1; i < len(way); i++ {
		var kind edgeKind
		for _, e := range g.edges[g.first[way[i-1]]:g.first[way[i-1]+1]] {
			if e.to == way[i] {
				kind = e.kind
			}
		}
		t.stepTo(g.worlds[way[i]], kind)
	}
}

// stepTo takes the step that leads to the world.
func (t *teller) stepTo(next world, kind edgeKind) {
	from, taken := t.world, false
	t.m.steps(&from, func(s step) {
		w := from
		if e := t.m.apply(&w, s); !taken && t.m.canonical(w) == next && kindOf(s, e) == kind {
			t.take(s)
			taken = true
		}
	})
	if !taken {
		t.say("no such step")
	}
}

// take takes one step and says what it was.
func (t *teller) take(s step) event {
	before := t.world
	confirmed, settled := before.confirmed >= 0, before.settled != noCookie
	e := t.m.apply(&t.world, s)
	shown := s.cookies
	if s.verb == arrive || s.verb == arriveTogether || s.verb == useAlong {
		shown = before.wire[s.slot].jar
	}
	who := t.showing(shown)
	if e.renewed {
		parent := t.names[shown.refresh]
		t.names = [lostBranch]string{oldCookie: "an old one", siblingCookie: "another of the generation before", parentCookie: parent}
		t.gen, t.count = t.gen+1, 0
	}
	if e.cookies != noCookie {
		t.count++
		t.names[e.cookies] = fmt.Sprintf("%d%c", t.gen, 'a'+(t.count-1)%26)
	}
	result := t.result(e)
	if !e.renewed && !t.world.ended {
		if !confirmed && t.world.confirmed >= 0 {
			result += "; " + fmt.Sprint(t.gen) + " is confirmed"
		}
		if !settled && t.world.settled != noCookie {
			result += "; settled on " + who
		}
	}
	switch s.verb {
	case wait:
		t.clock++
	case send:
		t.say("a tab sends a request with %s", t.showing(before.browser))
	case sendLate:
		t.say("a tab sends a request with %s, which will be late", t.showing(before.browser))
	case arrive:
		t.say("the request with %s arrives: %s", who, result)
	case arriveTogether:
		t.say("two requests with %s arrive and share a flight: %s", who, result)
	case useAlong:
		t.say("a request with %s and one of the thief arrive and share a flight: %s", who, result)
	case lose:
		t.say("the %s with %s is lost", messageNames[before.wire[s.slot].kind], t.showing(before.wire[s.slot].jar))
	case receive:
		t.say("the answer with %s arrives", t.showing(before.wire[s.slot].jar))
	case kill:
		t.say("the browser is killed and comes back with %s", t.showing(t.world.browser))
	case steal:
		t.say("THE THIEF copies %s", who)
	case use:
		t.say("the thief uses %s: %s", who, result)
	}
	if e.fault != (fault{}) {
		t.say("%s: %s", e.property, e.what)
	}
	t.m.forget(&t.world)
	return e
}

var messageNames = [...]string{request: "request", response: "answer"}

func (t *teller) showing(c jar) string {
	switch {
	case c.session == c.refresh:
		return t.names[c.session]
	case c.session == noCookie:
		return t.names[c.refresh] + " (refresh cookie only)"
	case c.refresh == noCookie:
		return t.names[c.session] + " (session cookie only)"
	}
	return t.names[c.session] + " and the refresh cookie of " + t.names[c.refresh]
}

func (t *teller) result(e event) string {
	switch {
	case e.renewed:
		return "refreshed, gets " + t.names[e.cookies]
	case e.cookies != noCookie:
		return "served, gets " + t.names[e.cookies]
	case e.served:
		return "served"
	case e.reason != "":
		return "ended, " + string(e.reason)
	case e.alarm:
		return "refused, alarm"
	}
	return "refused"
}

// tellFault tells the shortest way to the fault.
func (g *graph) tellFault() string {
	t := newTeller(g.model)
	t.walk(g, g.path(g.fault.from))
	from := t.world
	told := false
	g.model.steps(&from, func(s step) {
		w := from
		if e := g.model.apply(&w, s); !told && e.fault == g.fault.fault {
			t.take(s)
			told = true
		}
	})
	return t.String()
}

// tellStay tells a history of at least so many ticks, after the shortest way to its beginning.
func (g *graph) tellStay(s stay, gap uint8) string {
	t := newTeller(g.model)
	last := s.layers[len(s.layers)-1]
	for i := range g.worlds {
		if last[i] == 0 || !g.worlds[i].stolen {
			continue
		}
		t.walk(g, g.path(uint32(i)))
		t.say("-- from here")
		at := place{uint32(i), 0}
		for last[i]>>at.gap&1 == 0 {
			at.gap++
		}
		for layer := len(s.layers) - 1; layer >= 0; layer-- {
			way := g.onward(at, func(p place, e edge) (place, bool) {
				if layer == 0 {
					return place{e.to, 0}, e.kind&serves != 0
				}
				next := place{e.to, p.gap + 1}
				return next, e.kind&passes != 0 && next.gap <= gap && s.layers[layer-1][e.to]>>next.gap&1 != 0
			})
			for _, p := range way {
				t.stepTo(g.worlds[p.to.world], p.kind)
				at = p.to
			}
		}
		return t.String()
	}
	return "no such history"
}

// A place is a world, and the ticks since the browser was answered.
type place struct {
	world uint32
	gap   uint8
}

type move struct {
	to   place
	kind edgeKind
}

// onward finds the shortest way on without waiting, up to and with the edge that is wanted.
func (g *graph) onward(from place, wanted func(place, edge) (place, bool)) (way []move) {
	type visit struct {
		at   place
		prev int
		kind edgeKind
	}
	queue, seen := []visit{{from, -1, 0}}, map[place]bool{from: true}
	for i := 0; i < len(queue); i++ {
		at := queue[i].at
		for _, e := range g.edges[g.first[at.world]:g.first[at.world+1]] {
			if to, ok := wanted(at, e); ok {
				way = append(way, move{to, e.kind})
				for j := i; queue[j].prev >= 0; j = queue[j].prev {
					way = append([]move{{queue[j].at, queue[j].kind}}, way...)
				}
				return way
			}
			to := place{e.to, at.gap}
			if e.kind&comes != 0 {
				to.gap = 0
			}
			if e.kind&passes == 0 && !seen[to] {
				seen[to] = true
				queue = append(queue, visit{to, i, e.kind})
			}
		}
	}
	return nil
}
