package rotation

// A boundSearch is all worlds of a model that can be reached, ordered by the least number of steps
// to them.
type boundSearch struct {
	model  *boundModel
	worlds []boundWorld
	way    []boundWay
	steps  int
	fault  fault // the search stops at the first: the last step leads to it
}

// A boundWay is how the search came to a world.
type boundWay struct {
	from uint32
	step boundStep
}

// exploreBound searches breadth first until it finds nothing new, or a fault.
func exploreBound(m *boundModel) *boundSearch {
	g := &boundSearch{model: m}
	known := make(map[boundWorld]bool)
	for _, w := range m.logins() {
		known[w] = true
		g.worlds, g.way = append(g.worlds, w), append(g.way, boundWay{})
	}
	for i := uint32(0); int(i) < len(g.worlds) && g.fault == (fault{}); i++ {
		from := g.worlds[i]
		m.steps(&from, func(s boundStep) {
			if g.fault != (fault{}) {
				return
			}
			g.steps++
			w := from
			f := m.apply(&w, s)
			if w = m.canonical(w); f == (fault{}) && known[w] {
				return
			}
			if g.fault = f; f == (fault{}) {
				g.fault = m.lockedOut(w)
			}
			known[w] = true
			g.worlds, g.way = append(g.worlds, w), append(g.way, boundWay{i, s})
		})
	}
	return g
}

// lockedOut is checked in every world (S6, S7): a request of the browser is served, if need be with
// new proofs on the way, and whatever is in flight is lost. A browser that has lost its key may
// have to log in. So may one that the server told to drop it after the store had gone back, if a
// thief still had a proof.
func (m *boundModel) lockedOut(w boundWorld) fault {
	w.wire = [lanes]boundMessage{}
	b := &w.browser
	for range 2 {
		if f := m.proveKeys(&w); f != (fault{}) {
			return f
		}
		o := m.present(&w, shownCookies{session: b.jar, refresh: b.jar, cookie: b.cookie})
		switch {
		case o.fault != (fault{}):
			return o.fault
		case o.served, b.key == lostKey, b.key == dropped && w.rolled && w.thief.stole:
			return fault{}
		case !o.again && w.thief.stole:
			return fault{"S6", "the browser is locked out"}
		case !o.again:
			return fault{"S7", "the browser is locked out"}
		}
		b.cookie = boundCookie{}
	}
	return fault{"S7", "the browser is sent in circles"}
}

// proveKeys is what a browser does that misses its bound cookie: it proves its keys, the oldest
// first, until it has one.
func (m *boundModel) proveKeys(w *boundWorld) fault {
	b := &w.browser
	for _, l := range []lane{olderLane, olderLane, keyLane, keyLane} { // a challenge may come first
		if b.cookie.key != nobody || !b.has(l) {
			continue
		}
		w.send(l, b.jar)
		if f := m.arrive(w, l); f != (fault{}) {
			return f
		}
		if f := m.receive(w, l); f != (fault{}) {
			return f
		}
		w.wire[l] = boundMessage{}
	}
	return fault{}
}
