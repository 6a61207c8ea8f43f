package fresh_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/latchkey-dev/latchkey/internal/fresh"
)

type id [16]byte

func put(c *fresh.Cache[id, int], t fresh.Ticket, key id, value int) {
	c.Put(t, key, func(v *int) { *v = value })
}

func TestCache_servesUntilTheLeaseRunsOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := fresh.NewCache[id, int](1000)
		put(c, c.Ticket(id{1}), id{1}, 1)
		if c.Get(id{1}) != nil {
			t.Error("served before the first heartbeat")
		}
		c.Beat(time.Now())
		put(c, c.Ticket(id{1}), id{1}, 2)
		time.Sleep(fresh.For / 2)
		if got := c.Get(id{1}); got == nil || *got != 2 {
			t.Fatal(got)
		}
		if c.FreshWithin(fresh.For/4) || !c.FreshWithin(fresh.For*3/4) {
			t.Error("the age of the heartbeat is wrong")
		}
		time.Sleep(fresh.For / 2)
		if c.Fresh() || c.Get(id{1}) != nil {
			t.Error("served after the lease")
		}
	})
}

func TestCache_keepsNothingThatHasChanged(t *testing.T) {
	c := fresh.NewCache[id, int](1000)
	c.Beat(time.Now().Add(time.Hour))
	ticket := c.Ticket(id{1})
	c.Changed(id{1})
	put(c, ticket, id{1}, 1)
	if c.Get(id{1}) != nil {
		t.Error("kept what was read before the change")
	}
	put(c, c.Ticket(id{1}), id{1}, 2)
	c.Interrupted()
	if c.Fresh() {
		t.Error("fresh after an interruption")
	}
	c.Beat(time.Now().Add(time.Hour))
	if c.Get(id{1}) != nil {
		t.Error("kept over an interruption")
	}
	var none *fresh.Cache[id, int]
	none.Changed(id{1})
	if none.Fresh() || none.Get(id{1}) != nil {
		t.Error("no cache has something")
	}
}
