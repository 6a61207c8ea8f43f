package schemes

import (
	"fmt"
	"testing"
	"time"
)

// A thiefCase is somebody who copies a browser's jar and uses it for half a day beside the victim.
type thiefCase struct {
	name   string
	steal  func(victim *browser) *browser
	script func(victim, thief *browser)
}

func wholeJar(victim *browser) *browser { return victim.copied() }

func refreshTokenOnly(victim *browser) *browser {
	thief := victim.copied()
	thief.jar.Session = ""
	return thief
}

var thiefCases = []thiefCase{
	{"thief and victim in turn", wholeJar, func(victim, thief *browser) {
		inTurn(victim, thief, 5*time.Minute)
	}},
	{"a token that the victim has just used, inside the grace", wholeJar, func(victim, thief *browser) {
		time.Sleep(expired)
		victim.get()
		time.Sleep(5 * time.Second)
		thief.get()
		time.Sleep(5 * time.Minute)
		inTurn(victim, thief, 5*time.Minute)
	}},
	{"refreshes first, lies low for six hours", wholeJar, func(victim, thief *browser) {
		time.Sleep(expired)
		thief.get()
		time.Sleep(5 * time.Minute)
		victim.use(6 * time.Hour)
		inTurn(victim, thief, 5*time.Minute)
	}},
	{"treadmill: the last token again, inside each window", wholeJar, func(victim, thief *browser) {
		inTurn(victim, thief, 5*time.Second)
	}},
	{"the refresh token only", refreshTokenOnly, func(victim, thief *browser) {
		thief.get()
		time.Sleep(5 * time.Minute)
		inTurn(victim, thief, 5*time.Minute)
	}},
}

// inTurn is half a day with a request of each every ten minutes, the thief's this long after the
// victim's.
func inTurn(victim, thief *browser, after time.Duration) {
	for end := time.Now().Add(12 * time.Hour); time.Now().Before(end); {
		victim.get()
		time.Sleep(after)
		thief.get()
		time.Sleep(10*time.Minute - after)
	}
}

// A fate is how a theft ended.
type fate struct {
	stays, in bool
	alarmed   bool          // the session ended for both; else the thief was shut out
	after     time.Duration // from the theft
}

const stays = "**stays**"

func (f fate) String() string {
	switch {
	case f.stays:
		return stays
	case !f.in:
		return "never in"
	case f.alarmed:
		return "caught in " + short(f.after)
	}
	return "shut out in " + short(f.after)
}

func short(d time.Duration) string {
	d = d.Round(time.Minute)
	return fmt.Sprintf("%d:%02d h", d/time.Hour, d%time.Hour/time.Minute)
}

// fateOf sends one more request for both. A thief is out when they, or the victim, first see the
// login form after the thief's last response.
func fateOf(victim, thief *browser, stolen time.Time) fate {
	f := fate{stays: thief.get().Served, in: !thief.servedAt.IsZero(), alarmed: victim.get().Ended}
	out := thief.endedAt
	if victim.endedAt.After(thief.servedAt) && victim.endedAt.Before(out) {
		out = victim.endedAt
	}
	f.after = out.Sub(stolen)
	return f
}

func (c thiefCase) run(t *testing.T, who contender) fate {
	return simulate(t, who, func(s Scheme, _ *outside) fate {
		victim := newBrowser(s)
		victim.use(20 * time.Minute)
		thief, stolen := c.steal(victim), time.Now()
		c.script(victim, thief)
		return fateOf(victim, thief, stolen)
	})
}
