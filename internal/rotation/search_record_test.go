package rotation

import "time"

// tick is the unit of time.
const tick = time.Minute

// newest stands for the number of generation n.
const newest = 10

var searchNow = epoch.Add(1000 * tick)

func ago(ticks uint8) time.Time { return searchNow.Add(-time.Duration(ticks) * tick) }

var digests = func() (all [2 * lostBranch]Digest) {
	for i := range all {
		all[i] = Digest{0: 1, 1: byte(i)}
	}
	return all
}()

// state returns the state of w that the server has at searchNow.
func (w *world) state() *State {
	far := searchNow.Add(1e6 * tick)
	r := &State{
		Ended: w.ended, Generation: newest, Predecessor: digests[predecessorCookie], LastSeenAt: ago(w.unused),
		ExpiresAt: searchNow.Add(time.Duration(w.expires) * tick), RefreshExpiresAt: far, Deadline: far,
	}
	if w.confirmed >= 0 {
		r.ConfirmedAt = ago(uint8(w.confirmed))
	}
	if w.settled != noCookie {
		r.Settled = digests[w.settled]
	}
	r.Forked = w.minted > 1
	r.RefreshedAt = ago(w.refreshed)
	if w.bound {
		r.Registered, r.BoundAt = true, ago(1)
	}
	if w.rebuilt {
		r.Rebuilt, r.Predecessor = true, Digest{}
	}
	return r
}

// proof returns what the cookie c says.
func (w *world) proof(c cookie) Proof {
	p := Proof{Branch: digests[c], Keyed: w.bound, Key: w.bound, Proven: w.bound}
	switch {
	case c >= firstBranch:
		p.Generation, p.MintedAt = newest, ago(w.age[c-firstBranch])
	case c == agedCookie, c == oldCookie && !w.bound:
		p.Generation = newest - 2
	case c == oldCookie:
		p.Generation = newest - 3
	default:
		p.Generation = newest - 1
	}
	return p
}

// store copies into w what the server wrote. It may have a branch called fresh, which was just
// minted.
func (w *world) store(r *State, fresh cookie) {
	if r.Ended {
		*w = world{ended: true, browser: w.browser, wire: w.wire, stolen: w.stolen, thiefsSession: w.thiefsSession, thiefsRefresh: w.thiefsRefresh}
		return
	}
	if r.Generation == newest+1 {
		w.rename(w.succession(r.Predecessor))
	}
	w.minted = 1
	if r.Forked {
		w.minted = 2
	}
	if fresh != noCookie {
		w.age[fresh-firstBranch] = 0
	}
	w.confirmed = -1
	if !r.ConfirmedAt.IsZero() {
		w.confirmed = int8(searchNow.Sub(r.ConfirmedAt) / tick)
	}
	w.bound, w.rebuilt = r.bound(), r.Rebuilt
	w.settled = noCookie
	for c := firstBranch; r.Settled != (Digest{}) && c <= 2*lostBranch-1; c++ {
		if r.Settled == digests[c] {
			w.settled = min(c, lostBranch)
		}
	}
	w.expires = uint8(r.ExpiresAt.Sub(searchNow) / tick)
	w.unused = uint8(searchNow.Sub(r.LastSeenAt) / tick)
	w.refreshed = uint8(searchNow.Sub(r.RefreshedAt) / tick)
}

// succession is what each cookie is to the next generation.
func (w *world) succession(predecessor Digest) *[lostBranch + 1]cookie {
	aged := oldCookie
	if w.bound {
		aged = agedCookie
	}
	to := &[lostBranch + 1]cookie{noCookie: noCookie, oldCookie: oldCookie, agedCookie: oldCookie, siblingCookie: aged, predecessorCookie: aged}
	for c := firstBranch; c < lostBranch; c++ {
		to[c] = siblingCookie
		if digests[c] == predecessor {
			to[c] = predecessorCookie
		}
	}
	return to
}
