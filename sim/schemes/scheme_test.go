package schemes

import (
	"sync/atomic"
	"testing"
	"time"
)

// A Scheme is an app with a login, on two nodes. Its session is a short-lived session cookie, and a refresh token in another.
type Scheme interface {
	Login() Jar
	Request(node int, jar Jar) Reply
	Logout(jar Jar)
}

// A Jar is what a browser has of one login: its two cookies.
type Jar struct {
	Session, Refresh string
	Echo             string // of a question
}

// A Reply is the app's answer. One that is neither served nor ended says: cannot know, try again (503).
type Reply struct {
	Served bool
	Set    Jar    // new cookies, where there are any
	Ended  bool   // nothing in this jar brings the session back: the login form
	Asked  string // the browser is sent to the same place again, with this echo: has it no newer cookies?
}

// The limits that all schemes have alike, and how long a call of the provider is under way, there or back.
const (
	accessCap   = time.Hour
	accessIdle  = 30 * time.Minute
	providerWay = 100 * time.Millisecond
)

// outside is what goes wrong around the app.
type outside struct {
	providerDown atomic.Bool
	answersLost  atomic.Bool // the provider does what it is asked, and the answer is lost
	storeDown    atomic.Bool
}

// A contender is a scheme to compare. Where a published behaviour was unclear, its model has the reading that is best for it.
type contender struct {
	name string
	make func(*testing.T, *outside) Scheme
}

const latchkeyName = "Latchkey"

// grace is for how long FusionAuth and Hydra take a token again where they are told to. It is a setting, and off by default in both.
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
