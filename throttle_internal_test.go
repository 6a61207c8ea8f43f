package latchkey

import (
	"fmt"
	"testing"
	"time"
)

func TestThrottleWaits(t *testing.T) {
	for failures, want := range map[int]time.Duration{
		0: 0, 4: 0, 5: time.Second, 6: 2 * time.Second, 10: 32 * time.Second, 14: 512 * time.Second, 15: 15 * time.Minute, 1000: 15 * time.Minute,
	} {
		if got := (tally{failures: failures}).wait(accountLane); got != want {
			t.Errorf("after %d failures: %v, want %v", failures, got, want)
		}
	}
}

// THR-07: the table is bounded, and what fills it does not wash a busy lane out.
func TestTHR07_MemoryIsBounded(t *testing.T) {
	th := newThrottle()
	busy := []lane{{accountLane, "busy"}}
	for range 7 {
		th.enter(busy, epoch)
	}
	for i := range 600_000 {
		th.enter([]lane{{accountLane, fmt.Sprint("one-off ", i)}}, epoch)
	}
	n := 0
	for i := range th.shards {
		n += len(th.shards[i].lanes)
	}
	if n > 256*lanesInShard {
		t.Errorf("%d lanes", n)
	}
	if th.enter(busy, epoch) == 0 {
		t.Error("the busy lane was forgotten")
	}
}
