package main

import (
	"flag"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

var crashKills = flag.Int("crash.kills", 15, "how often TestCrash kills the demo")

// The limits of the crash test: short, so that sessions expire all the time, but long compared with
// a request.
const (
	crashIdle   = 2 * time.Second
	crashCap    = 4 * time.Second
	crashWindow = 900 * time.Millisecond
)

// TestCrash kills the demo at random moments while browsers use it, and restarts it on the same
// data. Nobody is logged out who did not log out, no ended session comes back, and what was
// answered stays.
func TestCrash(t *testing.T) {
	c := newCrash(t)
	c.rise()
	browsers := c.settleIn(5, 4)
	var using sync.WaitGroup
	for _, b := range browsers {
		using.Go(func() { b.live() })
	}
	using.Go(c.replayAfterEachStart)
	c.killAgainAndAgain(*crashKills)
	close(c.enough)
	using.Wait()
	if c.isOver() {
		return
	}
	for _, b := range browsers {
		b.visit()
	}
	c.replayAll()
	c.newest.Load().kill()
	c.newest.Load().cmd.Wait()
	c.checkDatabases()
	c.checkPosts()
	c.report()
}

// A crash is the whole test: the demo, life after life, and what is counted over all of them.
type crash struct {
	*testing.T
	dir     string
	log     *os.File // what every life wrote to stderr
	newest  atomic.Pointer[life]
	steps   atomic.Int64  // requests and answers until the next kill
	enough  chan struct{} // closed: browsers finish what they are doing
	over    chan struct{} // closed: there was a violation, and nothing more counts
	found   atomic.Bool   // a violation
	resting chan struct{} // as many as may rest at a time
	ended   endedSessions
	writers []*writer
	tally   tally
}

// newCrash keeps everything of a failed test for analysis.
func newCrash(t *testing.T) *crash {
	dir, err := os.MkdirTemp("", "latchkey-crash")
	if err != nil {
		t.Fatal(err)
	}
	log, err := os.Create(filepath.Join(dir, "stderr.log"))
	if err != nil {
		t.Fatal(err)
	}
	c := &crash{T: t, dir: dir, log: log, enough: make(chan struct{}), over: make(chan struct{}),
		resting: make(chan struct{}, 3), tally: tally{began: time.Now()}}
	c.steps.Store(math.MaxInt64)
	t.Cleanup(func() {
		log.Close()
		if t.Failed() {
			t.Logf("data, log and histories are kept in %s", dir)
			return
		}
		os.RemoveAll(dir)
	})
	return c
}

// killAgainAndAgain kills the demo after a random number of requests and responses, in whichever
// goroutine counts the last of them, and now and then before it is ready.
func (c *crash) killAgainAndAgain(kills int) {
	for range kills {
		c.steps.Store(1 + rand.Int64N(800))
		l := c.newest.Load()
		select {
		case <-l.doomed:
		case <-c.over:
			return
		}
		l.cmd.Wait()
		c.tally.kills.Add(1)
		for rand.IntN(6) == 0 {
			c.killBeforeReady(l.addr, l.idpAddr)
		}
		c.rise()
	}
	c.steps.Store(math.MaxInt64)
}

// step counts a request or a response, and kills the demo when it is time.
func (c *crash) step() {
	if c.steps.Add(-1) == 0 {
		c.newest.Load().kill()
	}
}

// violated ends the test with the first thing that must not happen. Consequences are not reported.
func (c *crash) violated(format string, args ...any) {
	c.Helper()
	if !c.found.CompareAndSwap(false, true) {
		return
	}
	c.Errorf(format, args...)
	if late := c.tally.late.Load(); late > 0 {
		c.Logf("%d requests took longer than the in-flight window: this machine may be too busy for this test", late)
	}
	close(c.over)
}

func (c *crash) isOver() bool { return isClosed(c.over) }

func isClosed(ch <-chan struct{}) bool {
	select {
	case <-ch:
		return true
	default:
		return false
	}
}
