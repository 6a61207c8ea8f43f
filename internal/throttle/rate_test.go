package throttle

import (
	"fmt"
	"testing"
	"time"
)

func TestRate_take(t *testing.T) {
	r := NewRate(time.Minute, 3)
	for _, c := range []struct {
		at, wait time.Duration
	}{
		{0, 0}, {0, 0}, {0, 0}, {0, time.Minute}, {59 * time.Second, time.Second}, {time.Minute, 0}, {time.Minute, time.Minute},
		{3 * time.Minute, 0}, {3 * time.Minute, 0}, {3 * time.Minute, time.Minute},
		{time.Hour, 0}, {time.Hour, 0}, {time.Hour, 0}, {time.Hour, time.Minute},
	} {
		if wait := r.Take("ada", epoch.Add(c.at)); wait != c.wait {
			t.Errorf("after %v: wait %v, want %v", c.at, wait, c.wait)
		}
	}
	if wait := r.Take("bob", epoch.Add(time.Hour)); wait != 0 {
		t.Errorf("another key waits %v", wait)
	}
	r.Refill("ada")
	if wait := r.Take("ada", epoch.Add(time.Hour)); wait != 0 {
		t.Errorf("a full bucket waits %v", wait)
	}
}

func TestRate_memoryIsBounded(t *testing.T) {
	r := NewRate(time.Hour, 2)
	for range 2 {
		r.Take("busy", epoch)
	}
	for i := range 4 * ratedKeys {
		r.Take(fmt.Sprint(i), epoch)
	}
	n := 0
	for i := range r.buckets.shards {
		n += len(r.buckets.shards[i].buckets)
	}
	if n > ratedKeys {
		t.Errorf("%d buckets", n)
	}
	if r.Take("busy", epoch) == 0 {
		t.Error("the busy key was forgotten")
	}
}

func TestTable_evictsIdleBucketsFirst(t *testing.T) {
	s := newTable[string, tokens](2 * shards).lock("any")
	s.put("idle", tokens{epoch}, epoch)
	s.put("empty", tokens{epoch.Add(2 * time.Hour)}, epoch)
	s.put("newcomer", tokens{epoch.Add(time.Hour)}, epoch.Add(time.Minute))
	if _, kept := s.buckets["empty"]; len(s.buckets) != 2 || !kept {
		t.Errorf("kept: %v", s.buckets)
	}
}
