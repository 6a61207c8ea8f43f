package schemes

import (
	"sync/atomic"
	"testing"
	"time"
)

// A Scheme is an app with a login, on two nodes. Its session is a short-lived session cookie, and a
// refresh token in another cookie.
type Scheme interface {
	Login() Jar
	Request(node int, jar Jar) Reply
	Logout(jar Jar)
}

// A Jar is a browser's two cookies of one login.
type Jar struct {
	Session, Refresh string
	Echo             string // of a challenge
}

// A Reply is the app's response. One that is neither served nor ended means: cannot know, try again
// (503).
type Reply struct {
	Served bool
	Set    Jar    // new cookies, if any
	Ended  bool   // nothing in this jar brings the session back: the login form
	Asked  string // the browser is challenged with this echo: does it have newer cookies?
}

// The limits that all schemes share, and how long a call of the provider is in flight, in each
// direction.
const (
	accessCap   = time.Hour
	accessIdle  = 30 * time.Minute
	providerWay = 100 * time.Millisecond
)

// outside is what goes wrong around the app.
type outside struct {
	providerDown atomic.Bool
	answersLost  atomic.Bool // the provider does what it is asked, and the response is lost
	storeDown    atomic.Bool
}

// A contender is a scheme to compare. If a published behaviour is unclear, its model uses the
// reading that is best for it.
type contender struct {
	name string
	make func(*testing.T, *outside) Scheme
}

const latchkeyName = "Latchkey"

// grace is how long FusionAuth and Hydra accept a used token if configured to. It is off by default
// in both.
const grace = time.Minute

func contenders() []contender {
	return []contender{
		{latchkeyName, newLatchkey},
		{"one-time", modelled(func() rotation { return &oneTime{} })},
		{"grace", modelled(func() rotation { return &graceful{window: grace} })},
		{"grace, reuse revokes", modelled(func() rotation { return &graceful{window: grace, reuseRevokes: true} })},
		{"forking grace", modelled(func() rotation { return &forking{window: grace, firstUse: make(map[int]time.Time)} })},
		{"parent and child", modelled(func() rotation { return &parentChild{parent: make(map[int]int)} })},
		{"parent of active", modelled(func() rotation { return &parentOfActive{interval: 10 * time.Second} })},
		{"reusable", modelled(func() rotation { return reusable{} })},
	}
}
