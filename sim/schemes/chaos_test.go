package schemes

import (
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"
)

// A weather says how bad half-days are. Every scheme has the same ones: nothing that is drawn
// depends on a response.
type weather struct {
	name  string
	burst int     // the most requests in flight at the same time
	late  float64 // the share of requests, and of responses, that are in flight for two to ten minutes
}

// In the first two, a message takes 14 s at most and a disk lags by at most 30 s: the bounds for
// which Latchkey's rules are proved. The third leaves them.
var weathers = []weather{
	{"sign-outs per 1,000 half-days", 4, 0},
	{"the same, one request at a time", 1, 0},
	{"the same, one message in 1,000 comes minutes late", 4, 0.001},
}

// signOuts returns how many of n half-days ended without the session.
func (w weather) signOuts(t *testing.T, c contender, n int) int {
	return simulate(t, c, func(s Scheme, o *outside) (out int) {
		for i := range n {
			d := &day{w, rand.New(rand.NewPCG(1, uint64(i))), newBrowser(s), o}
			d.run()
			if !d.browser.get().Served { // all trouble is over
				out++
			}
		}
		return out
	})
}

// A day is half a day of one honest browser.
type day struct {
	weather
	*rand.Rand
	browser *browser
	outside *outside
}

// run is bursts of requests to either node, with pauses between them, in which the browser may be
// killed.
func (d *day) run() {
	for end := time.Now().Add(12 * time.Hour); time.Now().Before(end); time.Sleep(d.pause()) {
		trouble := d.trouble()
		trouble.Store(true)
		for range 1 + d.IntN(d.burst) {
			time.Sleep(d.upTo(300 * time.Millisecond))
			d.request()
		}
		time.Sleep(d.upTo(time.Minute))
		trouble.Store(false)
		if d.chance(0.03) {
			d.browser.crash(d.upTo(30 * time.Second))
		}
	}
	time.Sleep(expired) // everything has arrived
}

// request is lost in one case of a hundred, and so is its response.
func (d *day) request() {
	node, there, back, lostThere, lostBack := d.IntN(2), d.way(), d.way(), d.chance(0.01), d.chance(0.01)
	if lostThere {
		return
	}
	e := d.browser.sendSlowly(node, there, back)
	finish := func() {
		if lostBack {
			e.lose()
		} else {
			e.arrive()
		}
	}
	if d.burst == 1 {
		finish()
	} else {
		go finish()
	}
}

// trouble picks what goes wrong during a burst: mostly nothing.
func (d *day) trouble() *atomic.Bool {
	switch x := d.Float64(); {
	case x < 0.02:
		return &d.outside.providerDown
	case x < 0.03:
		return &d.outside.storeDown
	case x < 0.05:
		return &d.outside.answersLost
	}
	return new(atomic.Bool)
}

// way is how long a message is in flight: mostly tenths of a second.
func (d *day) way() time.Duration {
	tail, late := d.chance(0.03), d.chance(d.late)
	short, long, minutes := d.upTo(500*time.Millisecond), d.upTo(14*time.Second), 2*time.Minute+d.upTo(8*time.Minute)
	switch {
	case late:
		return minutes
	case tail:
		return long
	}
	return short
}

func (d *day) pause() time.Duration {
	minutes, hours := time.Duration(d.ExpFloat64()*float64(8*time.Minute)), time.Hour+d.upTo(2*time.Hour)
	if d.chance(0.05) {
		return hours
	}
	return minutes
}

func (d *day) chance(p float64) bool                 { return d.Float64() < p }
func (d *day) upTo(most time.Duration) time.Duration { return time.Duration(d.Int64N(int64(most))) }
