package rotation

// The model's world is one session, the browser that logged in, and at most one thief, in coarse
// time. It has only what the rules can see: ages instead of times, and for each cookie what it is
// to the newest generation. So the number of worlds is finite although time and generations are
// not, and a search through all of them covers histories of any length.

// A cookie is a session or a refresh cookie, by what it is to the newest generation n.
type cookie uint8

const (
	noCookie      cookie = iota
	oldCookie            // of generation n-2 or before
	agedCookie           // of n-2, if the session is bound
	siblingCookie        // of n-1, but not the predecessor
	predecessorCookie
	firstBranch                               // from here on: branches of n that somebody still has
	manyBranches = 8                          // at most this many, so that a world has a fixed size
	lostBranch   = firstBranch + manyBranches // a branch of n that nobody has anymore
)

// A jar holds the two cookies, and the refresh cookie that the last challenge was about, with the
// question.
type jar struct {
	session, refresh, echo cookie
	question               Question
}

// A message is a request of the browser in flight, or the response to one. A response carries the
// same branch in both cookies.
type message struct {
	kind messageKind
	jar
	age      uint8 // ticks since the request was sent
	leg      uint8 // ticks since this message was sent
	late     bool  // may take longer than the window
	orphaned bool  // the browser that sent it is gone: the response reaches nobody
}

type messageKind uint8

const (
	noMessage messageKind = iota
	request
	response
	asking // a response: a challenge whether the browser has no other refresh cookie than this
)

// A kept is a refresh cookie that a browser killed now may find on its disk instead of the one it
// had.
type kept struct {
	refresh cookie
	age     uint8 // ticks since it was overwritten
}

// A possession is a set of cookies of one kind: bit c for cookie c.
type possession uint16

func (p possession) has(c cookie) bool { return p>>c&1 != 0 }

// A world is one state of the model. It is comparable; canonical makes worlds equal that differ
// only in names.
type world struct {
	// the record
	ended     bool
	minted    uint8               // branches of generation n that the record lists
	confirmed int8                // ticks since; -1: not confirmed
	settled   cookie              // noCookie: none
	expires   uint8               // ticks until the session id expires
	unused    uint8               // ticks since the session was used
	refreshed uint8               // ticks since the provider was asked
	age       [manyBranches]uint8 // ticks since each branch was minted

	browser jar
	disk    [2]kept
	wire    [3]message

	stolen                       bool
	thiefsSession, thiefsRefresh possession
	lateUsed                     bool

	bound   bool // to a key, of which all requests have the proof
	rebuilt bool // as the record says
	proofs  bool // proofs are asked for
}

// references returns the branches that anybody has.
func (w *world) references() possession {
	refs := w.browser.references() | w.thiefsSession | w.thiefsRefresh
	for _, k := range w.disk {
		refs |= 1 << k.refresh
	}
	for _, m := range w.wire {
		refs |= m.references()
	}
	return refs
}

func (j jar) references() possession { return 1<<j.session | 1<<j.refresh | 1<<j.echo }

func (j jar) rename(to *[lostBranch + 1]cookie) jar {
	return jar{to[j.session], to[j.refresh], to[j.echo], j.question}
}

// rename replaces each cookie c that anybody has, and the settled branch, by to[c].
func (w *world) rename(to *[lostBranch + 1]cookie) {
	w.browser = w.browser.rename(to)
	for i := range w.disk {
		w.disk[i].refresh = to[w.disk[i].refresh]
	}
	for i := range w.wire {
		m := &w.wire[i]
		m.jar = m.jar.rename(to)
	}
	w.settled = to[w.settled]
	w.thiefsSession, w.thiefsRefresh = w.thiefsSession.rename(to), w.thiefsRefresh.rename(to)
}

func (p possession) rename(to *[lostBranch + 1]cookie) (renamed possession) {
	for c := siblingCookie; c < lostBranch; c++ {
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
		switch {
		case m.kind == noMessage && free < 0:
			free = i
		case m.kind != noMessage && !m.late:
			busy++
		}
	}
	return free, free >= 0 && busy < limit
}
