package refreshtoken_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey/idp/internal/refreshtoken"
)

var start = time.Unix(2e9, 0)

func TestFamily_judge(t *testing.T) {
	const day = 24 * time.Hour
	both := refreshtoken.Policy{Idle: 30 * day, Lifetime: 90 * day}
	used := func(n uint32) refreshtoken.Family { return refreshtoken.Family{Used: n, Began: start, Last: start} }
	revoked := used(3)
	revoked.Revoked = start
	for _, c := range []struct {
		name    string
		family  refreshtoken.Family
		counter uint32
		policy  refreshtoken.Policy
		after   time.Duration
		want    refreshtoken.Verdict
	}{
		{"the token of the login", used(0), 1, both, 0, refreshtoken.Good},
		{"the successor", used(3), 4, both, 0, refreshtoken.Good},
		{"the predecessor, whose answer was lost", used(3), 3, both, 0, refreshtoken.Good},
		{"the predecessor, much later", used(3), 3, both, 30*day - 1, refreshtoken.Good},
		{"a spent token", used(3), 2, both, 0, refreshtoken.Reused},
		{"a token that the database has forgotten", used(3), 9, both, 0, refreshtoken.Good},
		{"idle for too long", used(3), 4, both, 30 * day, refreshtoken.Dead},
		{"spent, and idle for too long", used(3), 2, both, 30 * day, refreshtoken.Dead},
		{"revoked", revoked, 4, both, 0, refreshtoken.Dead},
		{"without an idle limit", used(3), 4, refreshtoken.Policy{Lifetime: 90 * day}, 90*day - 1, refreshtoken.Good},
		{"at the end of its lifetime", used(3), 4, refreshtoken.Policy{Lifetime: 90 * day}, 90 * day, refreshtoken.Dead},
		{"without a lifetime", used(3), 4, refreshtoken.Policy{Idle: 30 * day}, 30*day - 1, refreshtoken.Good},
		{"without any limit", used(3), 4, refreshtoken.Policy{}, 1000 * day, refreshtoken.Good},
		{"without any limit, revoked", revoked, 4, refreshtoken.Policy{}, 0, refreshtoken.Dead},
	} {
		if got := c.family.Judge(c.counter, c.policy, start.Add(c.after)); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestFamily_deadline(t *testing.T) {
	p := refreshtoken.Policy{Idle: 3 * time.Hour, Lifetime: 10 * time.Hour}
	for _, c := range []struct{ last, want time.Duration }{{0, 3}, {5, 8}, {7, 10}, {9, 10}} {
		f := refreshtoken.Family{Began: start, Last: start.Add(c.last * time.Hour)}
		if got := f.Deadline(p); !got.Equal(start.Add(c.want * time.Hour)) {
			t.Errorf("refreshed after %d h: %v", c.last, got.Sub(start))
		}
	}
}

// holders are a client and a thief who has copied its token. Each keeps what it was last answered.
type holders struct {
	family    refreshtoken.Family
	tokens    [2]uint32
	presented uint32 // the highest counter
}

// TestFamily_histories goes through every history of seven presentations, whose answers may be lost
// and whose tokens may be copied. A token is good until its successor is presented, so that of two
// parties who are more than one refresh apart one is refused.
func TestFamily_histories(t *testing.T) {
	for _, p := range []refreshtoken.Policy{{Idle: time.Hour}, {Idle: time.Hour, Reusable: true}} {
		t.Run(fmt.Sprintf("reusable %t", p.Reusable), func(t *testing.T) {
			explore(t, p, holders{family: refreshtoken.Family{Began: start, Last: start}, tokens: [2]uint32{1, 1}}, 7, nil)
		})
	}
}

func explore(t *testing.T, p refreshtoken.Policy, h holders, steps int, history []string) {
	if steps == 0 || t.Failed() {
		return
	}
	client, thief := h.family.Judge(h.tokens[0], p, start), h.family.Judge(h.tokens[1], p, start)
	if apart := max(h.tokens[0], h.tokens[1]) - min(h.tokens[0], h.tokens[1]); client == refreshtoken.Good && thief == refreshtoken.Good && apart > 1 {
		t.Errorf("%v: both are good, %d refreshes apart", history, apart)
	}
	for who, name := range []string{"client", "thief"} {
		counter := h.tokens[who]
		at := append(history[:len(history):len(history)], fmt.Sprintf("%s presents %d", name, counter))
		want := refreshtoken.Good
		if counter < h.presented {
			want = refreshtoken.Reused
		}
		if verdict := h.family.Judge(counter, p, start); verdict != want {
			t.Errorf("%v: %v, want %v", at, verdict, want)
		}
		if want != refreshtoken.Good {
			continue
		}
		after := h
		after.family, after.presented = h.family.Refreshed(counter, start), counter
		answer := after.family.Current(p)
		if p.Reusable && answer != counter || !p.Reusable && answer != counter+1 {
			t.Errorf("%v: answered %d", at, answer)
		}
		explore(t, p, after, steps-1, append(at, "lost"))
		after.tokens[who] = answer
		explore(t, p, after, steps-1, append(at, "answered"))
		after.tokens[1] = after.tokens[0]
		explore(t, p, after, steps-1, append(at, "copied"))
	}
}
