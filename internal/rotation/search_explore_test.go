package rotation

import "slices"

// A graph is all worlds that can be reached, ordered by the least number of steps to them, and the
// steps between them.
type graph struct {
	model  *model
	worlds []world
	parent []uint32
	first  []uint32 // edges[first[i]:first[i+1]] leave world i
	edges  []edge
	fault  *found // the first; the search stops there
}

type edge struct {
	to   uint32
	kind edgeKind
}

type edgeKind uint8

const (
	passes edgeKind = 1 << iota // a tick
	serves                      // the thief is served
	comes                       // the browser gets a response
)

// A found is a fault that happens if the step is taken in world from.
type found struct {
	fault
	from uint32
	step step
}

// explore searches breadth first until it finds nothing new, or a fault.
func explore(m *model) *graph {
	g := &graph{model: m}
	index := make(map[world]uint32)
	add := func(w world, parent uint32) uint32 {
		w = m.canonical(w)
		i, known := index[w]
		if !known {
			i = uint32(len(g.worlds))
			index[w] = i
			g.worlds, g.parent = append(g.worlds, w), append(g.parent, parent)
		}
		return i
	}
	add(m.login(), 0)
	for i := uint32(0); int(i) < len(g.worlds) && g.fault == nil; i++ {
		from := g.worlds[i]
		g.first = append(g.first, uint32(len(g.edges)))
		m.steps(&from, func(s step) {
			w := from
			e := m.apply(&w, s)
			if e.fault != (fault{}) && g.fault == nil {
				g.fault = &found{e.fault, i, s}
			}
			if to, kind := add(w, i), kindOf(s, e); to != i || kind != 0 {
				g.edges = append(g.edges, edge{to, kind})
			}
		})
	}
	g.first = append(g.first, uint32(len(g.edges)))
	return g
}

func kindOf(s step, e event) (k edgeKind) {
	if s.verb == wait {
		k |= passes
	}
	if e.thief {
		k |= serves
	}
	if e.answered {
		k |= comes
	}
	return k
}

// path returns the worlds on the shortest way to world i.
func (g *graph) path(i uint32) (way []uint32) {
	for ; i != 0; i = g.parent[i] {
		way = append(way, i)
	}
	way = append(way, 0)
	slices.Reverse(way)
	return way
}
