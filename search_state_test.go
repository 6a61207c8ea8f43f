package latchkey

import "time"

// The model's world: one session, the browser that logged in, and at most one thief, in coarse time. Only what the rules can see is in it,
// and only as they see it: times are ages, cookies are what they are to the newest generation. So the worlds are finite in number
// although time and generations are not, and to have searched them all is to have searched histories of any length.

// A cookie is a session or a refresh cookie, by what it is to the newest generation n.
type cookie uint8

const (
	noCookie      cookie = iota
	oldCookie            // of generation n-2 or before
	siblingCookie        // of n-1, and not the parent
	parentCookie
	firstBranch                               // this and those above are the branches of n that somebody still has
	manyBranches = 8                          // at most so many, to fit the world
	lostBranch   = firstBranch + manyBranches // a branch of n that nobody has any more
)

// A jar holds the two cookies.
type jar struct{ session, refresh cookie }

// A message is a request of the browser on its way, or the answer to one. An answer carries the same branch in both cookies.
type message struct {
	kind messageKind
	jar
	age      uint8 // ticks since the request was sent
	leg      uint8 // ticks since this message was sent
	late     bool  // may take longer than the window
	orphaned bool  // the browser that sent it is gone: the answer reaches nobody
}

type messageKind uint8

const (
	noMessage messageKind = iota
	request
	response
)

// A kept is a refresh cookie that a browser killed now may find on its disk in place of the one it had.
type kept struct {
	refresh cookie
	age     uint8 // ticks since it was overwritten
}

// A possession is a set of cookies of one kind: bit c for cookie c.
type possession uint16

func (p possession) has(c cookie) bool { return p>>c&1 != 0 }

// A world is one state of the model. It is comparable, and two worlds that differ only in names are made equal by canonical.
type world struct {
	// the record
	ended     bool
	minted    uint8               // branches of generation n that the record lists
	confirmed int8                // ticks since; -1: not
	settled   cookie              // noCookie: not
	expires   uint8               // ticks until the session id is over
	unused    uint8               // ticks since the session was used
	age       [manyBranches]uint8 // ticks since each branch was minted

	browser jar
	disk    [2]kept
	wire    [3]message

	stolen                       bool
	thiefsSession, thiefsRefresh possession
	lateUsed                     bool
}

// references returns the branches that anybody has.
func (w *world) references() possession {
	refs := possession(1)<<w.browser.session | 1<<w.browser.refresh | w.thiefsSession | w.thiefsRefresh
	for _, k := range w.disk {
		refs |= 1 << k.refresh
	}
	for _, m := range w.wire {
		refs |= 1<<m.session | 1<<m.refresh
	}
	return refs
}

// rename replaces each cookie c that anybody has, and the settled branch, by to[c].
func (w *world) rename(to *[lostBranch + 1]cookie) {
	w.browser = jar{to[w.browser.session], to[w.browser.refresh]}
	for i := range w.disk {
		w.disk[i].refresh = to[w.disk[i].refresh]
	}
	for i := range w.wire {
		m := &w.wire[i]
		m.jar = jar{to[m.session], to[m.refresh]}
	}
	w.settled = to[w.settled]
	w.thiefsSession, w.thiefsRefresh = w.thiefsSession.rename(to), w.thiefsRefresh.rename(to)
}

func (p possession) rename(to *[lostBranch + 1]cookie) (renamed possession) {
	for c := parentCookie; c < lostBranch; c++ {
		if p.has(c) {
			renamed |= 1 << to[c]
		}
	}
	return renamed &^ (1 << noCookie)
}

// freeBranch returns a name for one more branch.
func (w *world) freeBranch() cookie {
	refs := w.references()
	for c := firstBranch; c < lostBranch; c++ {
		if !refs.has(c) {
			return c
		}
	}
	panic("more branches than the model has room for")
}

func (w *world) freeMessage(limit int) (slot int, ok bool) {
	free, busy := -1, 0
	for i, m := range w.wire {
		if m.kind != noMessage {
			busy++
		} else if free < 0 {
			free = i
		}
	}
	return free, busy < limit
}

// tick is the grain of time.
const tick = time.Minute

// newest is the number of generation n, whatever it is.
const newest = 10

var searchNow = epoch.Add(1000 * tick)

func ago(ticks uint8) time.Time { return searchNow.Add(-time.Duration(ticks) * tick) }

var branches = func() (all [2 * lostBranch]branch) {
	for i := range all {
		all[i] = branch{0: 1, 1: byte(i)}
	}
	return all
}()

var digests = func() (all [2 * lostBranch]Digest) {
	for i := range all {
		all[i] = branches[i].digest()
	}
	return all
}()

// record returns the record of w, as the server has it at searchNow.
func (w *world) record() *Record {
	far := searchNow.Add(1e6 * tick)
	r := &Record{
		Version: 1, Generation: newest, Parent: digests[parentCookie], LastSeenAt: ago(w.unused),
		ExpiresAt: searchNow.Add(time.Duration(w.expires) * tick), RefreshExpiresAt: far, Deadline: far,
	}
	if w.ended {
		r.EndedAt, r.EndReason = searchNow, EndReuseDetected
	}
	if w.confirmed >= 0 {
		r.ConfirmedAt = ago(uint8(w.confirmed))
	}
	if w.settled != noCookie {
		r.Settled = digests[w.settled]
	}
	for c, refs := firstBranch, w.references(); c < lostBranch && len(r.Minted) < int(w.minted); c++ {
		if refs.has(c) {
			r.Minted = append(r.Minted, digests[c])
		}
	}
	for c := lostBranch; len(r.Minted) < int(w.minted); c++ {
		r.Minted = append(r.Minted, digests[c])
	}
	return r
}

// mark returns what the cookie c says.
func (w *world) mark(c cookie) mark {
	switch {
	case c >= firstBranch:
		return mark{generation: newest, branch: branches[c], mintedAt: ago(w.age[c-firstBranch])}
	case c == oldCookie:
		return mark{generation: newest - 2, branch: branches[c]}
	default:
		return mark{generation: newest - 1, branch: branches[c]}
	}
}

// store takes over what the server wrote. A branch called fresh, which has just been minted, may be in it.
func (w *world) store(r *Record, fresh cookie) {
	if r.ended() {
		*w = world{ended: true, browser: w.browser, wire: w.wire, stolen: w.stolen, thiefsSession: w.thiefsSession, thiefsRefresh: w.thiefsRefresh}
		return
	}
	if r.Generation == newest+1 {
		w.rename(w.succession(r.Parent))
	}
	w.minted = uint8(len(r.Minted))
	if fresh != noCookie {
		w.age[fresh-firstBranch] = 0
	}
	w.confirmed = -1
	if !r.ConfirmedAt.IsZero() {
		w.confirmed = int8(searchNow.Sub(r.ConfirmedAt) / tick)
	}
	w.settled = noCookie
	for c := firstBranch; r.Settled != (Digest{}) && c <= 2*lostBranch-1; c++ {
		if r.Settled == digests[c] {
			w.settled = min(c, lostBranch)
		}
	}
	w.expires = uint8(r.ExpiresAt.Sub(searchNow) / tick)
	w.unused = uint8(searchNow.Sub(r.LastSeenAt) / tick)
}

// succession says what each cookie is to the next generation.
func (w *world) succession(parent Digest) *[lostBranch + 1]cookie {
	to := &[lostBranch + 1]cookie{noCookie: noCookie, oldCookie: oldCookie, siblingCookie: oldCookie, parentCookie: oldCookie}
	for c := firstBranch; c < lostBranch; c++ {
		to[c] = siblingCookie
		if digests[c] == parent {
			to[c] = parentCookie
		}
	}
	return to
}
