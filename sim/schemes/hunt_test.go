package schemes

import (
	"math/rand/v2"
	"testing"
	"time"
)

// undetected returns how many of n thieves are still served after half a day beside their victims.
func undetected(t *testing.T, c contender, n int) int {
	return simulate(t, c, func(s Scheme, _ *outside) (stay int) {
		for i := range n {
			h := &hunt{Rand: rand.New(rand.NewPCG(2, uint64(i))), victim: newBrowser(s)}
			h.steal()
			h.run()
			if h.thief.get().Served {
				stay++
			}
		}
		return stay
	})
}

// A hunt is a thief of a random kind, and the victim.
type hunt struct {
	*rand.Rand
	victim, thief *browser
	kind          kind
}

// A kind of thief is when they come, and with what.
type kind int

const (
	often    kind = iota // a request every ten minutes or so
	rarely               // every few hours
	low                  // refreshes immediately, lies low for six hours, and then comes often
	lockstep             // a moment after each request of the victim
	hoarder              // in the same step, now and then with the second-newest cookies
	kinds
)

// steal copies the jar, or the refresh token alone, in the first two hours.
func (h *hunt) steal() {
	h.victim.use(time.Duration(h.Int64N(int64(2 * time.Hour))))
	h.kind, h.thief = kind(h.IntN(int(kinds))), h.victim.copied()
	if h.kind == low || h.IntN(3) == 0 {
		h.thief.jar.Session = ""
	}
	if h.kind == low {
		h.thief.get()
	}
}

// run is half a day. The victim makes a request every eight minutes or so, and never pauses for
// longer than forty.
func (h *hunt) run() {
	start := time.Now()
	end, victims, thiefs := start.Add(12*time.Hour), start.Add(h.victimsPause()), start.Add(h.thiefsPause())
	if h.kind == low {
		thiefs = start.Add(6 * time.Hour)
	}
	for time.Now().Before(end) {
		if victims.Before(thiefs) {
			time.Sleep(time.Until(victims))
			h.victim.get()
			victims = time.Now().Add(h.victimsPause())
			if h.kind == lockstep || h.kind == hoarder {
				thiefs = time.Now().Add(time.Second + time.Duration(h.Int64N(int64(5*time.Second))))
			}
			continue
		}
		time.Sleep(time.Until(thiefs))
		if h.kind == hoarder && h.IntN(4) == 0 {
			h.thief.jar = h.thief.before
		}
		h.thief.get()
		thiefs = time.Now().Add(h.thiefsPause())
	}
}

func (h *hunt) victimsPause() time.Duration {
	return min(10*time.Second+h.around(8*time.Minute), 40*time.Minute)
}

func (h *hunt) thiefsPause() time.Duration {
	switch h.kind {
	case often, low:
		return h.around(10 * time.Minute)
	case rarely:
		return 2*time.Hour + time.Duration(h.Int64N(int64(2*time.Hour)))
	}
	return 24 * time.Hour // the thief waits for the victim
}

func (h *hunt) around(mean time.Duration) time.Duration {
	return time.Duration(h.ExpFloat64() * float64(mean))
}
