package throttle

import (
	"fmt"
	"testing"
	"time"
)

var epoch = time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)

func TestFailures_wait(t *testing.T) {
	for count, want := range map[int]time.Duration{
		0: 0, 4: 0, 5: time.Second, 6: 2 * time.Second, 10: 32 * time.Second, 14: 512 * time.Second, 15: 15 * time.Minute, 1000: 15 * time.Minute,
	} {
		if got := (failures{count: count}).wait(accountBucket); got != want {
			t.Errorf("after %d failures: %v, want %v", count, got, want)
		}
	}
}

// THR-07: the table is bounded, and a flood does not wash out a busy bucket.
func TestLogins_memoryIsBounded(t *testing.T) {
	l := NewLogins()
	attempt := func(account byte, ip string) Attempt { return Attempt{Account: [16]byte{account}, IP: ip} }
	for i := range 35 {
		l.Enter(attempt(byte(i), "busy"), epoch)
	}
	for i := range 600_000 {
		l.add(bucketKey{addressBucket, fmt.Sprint("one-off ", i)}, epoch)
	}
	n := 0
	for i := range l.buckets.shards {
		n += len(l.buckets.shards[i].buckets)
	}
	if n > loginBuckets {
		t.Errorf("%d buckets", n)
	}
	if l.Enter(attempt(200, "busy"), epoch) == 0 {
		t.Error("the busy bucket was forgotten")
	}
}

func TestLogins_whatEachOutcomeLeaves(t *testing.T) {
	stranger := Attempt{Account: [16]byte{1}, IP: "192.0.2.1"}
	known := Attempt{Account: [16]byte{1}, Browser: [16]byte{2}, IP: "192.0.2.1"}
	ambiguous := func(a Attempt) Attempt { a.Ambiguous = true; return a }
	for _, c := range []struct {
		name          string
		attempt       Attempt
		outcome       func(*Logins, Attempt)
		first, second int // failures in its two buckets, of three before and this one
	}{
		{"a failure", stranger, func(*Logins, Attempt) {}, 4, 4},
		{"withdrawn", stranger, (*Logins).Withdraw, 3, 3},
		{"timed out", stranger, (*Logins).TimedOut, 4, 3},
		{"succeeded", stranger, (*Logins).Succeeded, 0, 3},
		{"succeeded with an ambiguous spelling", ambiguous(stranger), (*Logins).Succeeded, 3, 3},
		{"forgotten", stranger, func(l *Logins, a Attempt) { l.Forget(a.Account) }, 0, 4},
		{"timed out in a known browser", known, (*Logins).TimedOut, 4, 4},
		{"succeeded in a known browser", known, (*Logins).Succeeded, 0, 0},
		{"succeeded in a known browser with an ambiguous spelling", ambiguous(known), (*Logins).Succeeded, 0, 3},
		{"forgotten in a known browser", known, func(l *Logins, a Attempt) { l.Forget(a.Account) }, 4, 0},
	} {
		l := NewLogins()
		for range 4 {
			l.Enter(c.attempt, epoch)
		}
		c.outcome(l, c.attempt)
		for i, want := range []int{c.first, c.second} {
			key := c.attempt.keys()[i]
			s := l.buckets.lock(key)
			if got := s.buckets[key].count; got != want {
				t.Errorf("%s: bucket %d has %d failures, want %d", c.name, i, got, want)
			}
			s.mu.Unlock()
		}
	}
}

func TestLogins_aRefusedAttemptCountsNowhere(t *testing.T) {
	l := NewLogins()
	for i := range 30 {
		l.Enter(Attempt{Account: [16]byte{byte(i)}, IP: "192.0.2.1"}, epoch)
	}
	for range 10 {
		if l.Enter(Attempt{Account: [16]byte{99}, IP: "192.0.2.1"}, epoch) == 0 {
			t.Fatal("the address has attempts left")
		}
	}
	if wait := l.Enter(Attempt{Account: [16]byte{99}, IP: "192.0.2.2"}, epoch); wait != 0 {
		t.Errorf("the account waits %v", wait)
	}
}
