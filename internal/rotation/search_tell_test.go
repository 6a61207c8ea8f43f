package rotation

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
	for s.endless && len(s.layers) < 3*int(g.model.cap) { // a few times around
		s.layers = append(s.layers, last)
	}
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

// A place is a world, and the ticks since the last response to the browser.
type place struct {
	world uint32
	gap   uint8
}

type move struct {
	to   place
	kind edgeKind
}

// onward finds the shortest way on without waiting, up to and including the edge that is wanted.
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
