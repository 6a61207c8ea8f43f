package rotation

// Rule 8 is searched in a model of its own: one session that may be bound to a key, the browser
// that logged in, and at most one thief. To rule 8 all branches of a generation are alike, and all
// generations before that of the record. So there are few worlds, and they cover histories of any
// length.

// A boundWorld is one state of the model. Times are in ticks from now. It is comparable.
type boundWorld struct {
	record  boundRecord
	browser boundBrowser
	wire    [lanes]boundMessage
	thief   boundThief

	proved uint8 // ticks since the browser's first proof bound the session, up to graceOver
	rolled bool  // the store has gone back
}

// graceOver is the first tick after the grace.
const graceOver = uint8(BindingGrace / tick)

// A boundRecord is the session in the store.
type boundRecord struct {
	binding binding
	key     owner // whose key was registered; the store may have lost it
	era     era
	live    bool  // its session ids have not expired
	boundAt uint8 // ticks ago
}

// A binding is what the store knows of the key.
type binding uint8

const (
	lost binding = iota // not even the session
	unregistered
	registered
	bound
)

// An era is a generation, as the record sees it.
type era uint8

const (
	noEra  era = iota
	before     // any generation before that of the record
	newestEra
	beyond // a later one: the store has lost it
)

// A keyedPair is the kind of a session and a refresh cookie.
type keyedPair struct {
	era   era // noEra: no cookies
	keyed bool
}

// number numbers the kinds.
func (p keyedPair) number() cookie { return cookie(p.era)<<1 | cookie(bit(p.keyed)) }

// An owner has a key.
type owner uint8

const (
	nobody  owner = iota
	browser       // the key that this browser has for this session
	another       // the key of another session
	thief         // a key that the thief has registered for this session
)

// A boundCookie proves a key of this session, or of another.
type boundCookie struct {
	key owner // nobody: no cookie
	end int8
}

// A boundBrowser is the honest browser.
type boundBrowser struct {
	jar       keyedPair
	cookie    boundCookie
	offered   bool     // it may still register a key
	key       keyState // of this session
	challenge int8     // the time that it names
	told      bool     // its cookies come from an answer to a proof, or to a request after that
	older     keyState // of an earlier login
}

// A keyState is what a browser has of a key.
type keyState uint8

const (
	noKey   keyState = iota
	hasKey           // and a device bound session for it
	lostKey          // by a policy, or a reset of the device
	dropped          // as the server said
)

// noChallenge stands for every challenge that is too old, too.
const noChallenge = -100

// A lane of the network has one message at a time: a browser proves a key once at a time, and more
// requests of the page would show nothing new.
type lane uint8

const (
	pageLane  lane = iota // a request of the page
	keyLane               // the registration, or a proof of the key of this session
	olderLane             // a proof of the key of an earlier login
	lanes
)

// A boundMessage is a request of the browser in flight, or the response to it.
type boundMessage struct {
	kind      boundKind
	age       uint8 // ticks since it was sent
	jar       keyedPair
	cookie    boundCookie
	challenge int8
	verdict   KeyVerdict // on a proof
	told      bool       // as the browser was, when it sent the request
	ready     bool       // the browser had no reason to prove its key first
}

type boundKind uint8

const (
	noBoundMessage boundKind = iota
	pageRequest
	pageAnswer // with new cookies
	pageAgain  // 307: come again without the bound cookie
	registration
	registrationAnswer
	keyProof
	keyAnswer
)

// A boundThief copies the jar once, and keeps all that it gets.
type boundThief struct {
	stole  bool
	pairs  possession // by number
	cookie boundCookie
}

func (t *boundThief) give(p keyedPair) {
	if p.era != noEra {
		t.pairs |= 1 << p.number()
	}
}

// all lists the thief's kinds of cookies.
func (t *boundThief) all() (pairs []keyedPair) {
	for e := before; e <= beyond; e++ {
		for _, p := range []keyedPair{{e, false}, {e, true}} {
			if t.pairs.has(p.number()) {
				pairs = append(pairs, p)
			}
		}
	}
	return pairs
}
