package rotation

import (
	"cmp"
	"slices"
)

// canonical makes worlds equal that differ in nothing that matters: the names of the branches, the
// order of the messages, and ages beyond any limit. It drops what nobody can use anymore.
func (m *model) canonical(w world) world {
	if w.ended {
		return world{ended: true, stolen: w.stolen}
	}
	m.forget(&w)
	sortWire(&w)
	m.sortBranches(&w)
	sortWire(&w)
	m.sortBranches(&w)
	return w
}

// lately is the number of ticks after which it makes no difference when the provider was asked.
func (m *model) lately() uint8 { return max((m.cap+1)/2, m.scope.jwt) }

// forget drops what can make no difference.
func (m *model) forget(w *world) {
	most := int8(2*m.window + m.settling + m.diskLag + 1)
	w.confirmed = min(w.confirmed, most)
	w.unused = min(w.unused, m.idle)
	w.refreshed = min(w.refreshed, m.lately())
	for i, age := range w.age {
		most := max(m.settling, m.window)
		if w.bound {
			most = max(m.settling, 2*m.window) // settle
		}
		switch {
		case m.allAges:
			most = max(most, m.lately())
		case age > w.refreshed && w.refreshed < m.lately():
			most = max(most, w.refreshed) // still older than the tokens
		}
		w.age[i] = min(age, most+1)
	}
	for i, k := range w.disk {
		if !m.kills || k.age > m.diskLag || k.refresh == noCookie {
			w.disk[i] = kept{}
		}
	}
	// Of two branches of the same age, not settled, that only the thief has, one is as good as
	// both: once one is settled, the other is worthless.
	refs := w.browser.references()
	for _, k := range w.disk {
		refs |= 1 << k.refresh
	}
	for _, msg := range w.wire {
		refs |= msg.references()
	}
	for c := firstBranch; c < lostBranch; c++ {
		for d := c + 1; d < lostBranch; d++ {
			if !refs.has(c) && !refs.has(d) && w.thiefsRefresh.has(c) && w.thiefsRefresh.has(d) &&
				w.thiefsSession.has(c) == w.thiefsSession.has(d) && w.settled != c && w.settled != d && w.age[c-firstBranch] == w.age[d-firstBranch] {
				w.thiefsRefresh &^= 1 << d
				w.thiefsSession &^= 1 << d
			}
		}
	}
}

func sortWire(w *world) {
	slices.SortFunc(w.wire[:], func(a, b message) int {
		return cmp.Or(
			-cmp.Compare(a.kind, b.kind), cmp.Compare(a.age, b.age), cmp.Compare(a.leg, b.leg), cmp.Compare(bit(a.late), bit(b.late)),
			cmp.Compare(bit(a.orphaned), bit(b.orphaned)), cmp.Compare(min(a.session, firstBranch), min(b.session, firstBranch)),
			cmp.Compare(min(a.refresh, firstBranch), min(b.refresh, firstBranch)), cmp.Compare(min(a.echo, firstBranch), min(b.echo, firstBranch)), cmp.Compare(a.question, b.question),
			cmp.Compare(a.session, b.session), cmp.Compare(a.refresh, b.refresh), cmp.Compare(a.echo, b.echo))
	})
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

// sortBranches renames the branches, in the order of a number made of who has each of them and how
// old it is.
func (m *model) sortBranches(w *world) {
	refs := w.references()
	type named struct {
		c    cookie
		uses uint64
	}
	var present [manyBranches]named
	n := 0
	for c := firstBranch; c < lostBranch; c++ {
		if refs.has(c) {
			present[n] = named{c, w.uses(c)}
			n++
		}
	}
	slices.SortFunc(present[:n], func(a, b named) int { return -cmp.Compare(a.uses, b.uses) })
	to := [lostBranch + 1]cookie{noCookie, oldCookie, agedCookie, siblingCookie, predecessorCookie}
	to[lostBranch] = lostBranch
	for c := firstBranch; c < lostBranch; c++ {
		to[c] = lostBranch // only the settled one can still be named
	}
	var age [manyBranches]uint8
	for i, p := range present[:n] {
		to[p.c] = firstBranch + cookie(i)
		age[i] = w.age[p.c-firstBranch]
	}
	w.rename(&to)
	w.age = age
}

// uses packs everything that is true of a branch into one number.
func (w *world) uses(c cookie) (bits uint64) {
	add := func(b bool) { bits = bits<<1 | uint64(bit(b)) }
	add(w.settled == c)
	add(w.browser.session == c)
	add(w.browser.refresh == c)
	add(w.browser.echo == c)
	for _, k := range w.disk {
		add(k.refresh == c)
	}
	add(w.thiefsSession.has(c))
	add(w.thiefsRefresh.has(c))
	for _, m := range w.wire {
		add(m.session == c)
		add(m.refresh == c)
		add(m.echo == c)
	}
	return bits<<8 | uint64(w.age[c-firstBranch])
}
