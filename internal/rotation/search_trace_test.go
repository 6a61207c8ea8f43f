package rotation

import (
	"fmt"
	"strings"
)

// A teller turns a path through the graph into lines that a person can follow. Branches keep their
// names: "2b" is the second branch of generation 2.
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
	e := t.m.apply(&t.world, s)
	shown := s.cookies
	if s.verb == arrive || s.verb == arriveTogether || s.verb == useAlong {
		shown = before.wire[s.slot].jar
	}
	who := t.showing(shown)
	t.rename(e, shown)
	if s.verb == wait {
		t.clock++
	} else {
		t.say("%s", t.sentence(s, &before, who, t.result(e, &before, who)))
	}
	if e.fault != (fault{}) {
		t.say("%s: %s", e.property, e.what)
	}
	t.m.forget(&t.world)
	return e
}

// rename names a new branch, and renames the others when a generation begins.
func (t *teller) rename(e event, shown jar) {
	if e.renewed {
		t.names = [lostBranch]string{
			oldCookie: "an old one", agedCookie: "one of two generations before",
			siblingCookie: "another of the generation before", predecessorCookie: t.names[shown.refresh],
		}
		t.gen, t.count = t.gen+1, 0
	}
	if e.cookies != noCookie {
		t.names[e.cookies] = fmt.Sprintf("%d%c", t.gen, 'a'+t.count%26)
		t.count++
	}
}

func (t *teller) result(e event, before *world, who string) string {
	result := e.outcome.String()
	if e.cookies != noCookie {
		result += " " + t.names[e.cookies]
	}
	if e.renewed || t.world.ended {
		return result
	}
	if before.confirmed < 0 && t.world.confirmed >= 0 {
		result += fmt.Sprintf("; generation %d is confirmed", t.gen)
	}
	if before.settled == noCookie && t.world.settled != noCookie {
		result += "; settled on " + who
	}
	return result
}

func (t *teller) sentence(s step, before *world, who, result string) string {
	msg := before.wire[s.slot%uint8(len(before.wire))]
	switch s.verb {
	case send:
		return "a tab sends a request with " + t.showing(before.browser)
	case sendLate:
		return "a tab sends a request that will be late, with " + t.showing(before.browser)
	case arrive:
		return "the request with " + who + " arrives: " + result
	case arriveTogether:
		return "two requests with " + who + " arrive and share a flight: " + result
	case useAlong:
		return "a request with " + who + " and one of the thief arrive and share a flight: " + result
	case lose:
		return "the " + messageNames[msg.kind] + " with " + t.showing(msg.jar) + " is lost"
	case receive:
		if msg.kind == asking {
			return "the browser is asked, and comes again with " + t.showing(t.world.browser)
		}
		return "the answer with " + t.showing(msg.jar) + " arrives"
	case kill:
		return "the browser is killed and comes back with " + t.showing(t.world.browser)
	case bindKey:
		return "the session is bound to a key"
	case switchProofs:
		return fmt.Sprintf("proofs are asked for: %t", t.world.proofs)
	case refreshEarly:
		return "the tokens are refreshed in the background"
	case steal:
		return "the thief copies " + who
	case use:
		return "the thief uses " + who + ": " + result
	}
	return ""
}

var messageNames = [...]string{request: "request", response: "answer", asking: "question"}

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
