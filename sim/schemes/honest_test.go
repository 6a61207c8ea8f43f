package schemes

import (
	"testing"
	"testing/synctest"
	"time"
)

// expired is a pause after which the session cookie has expired.
const expired = accessCap + time.Minute

// An honestCase is what happens to a browser that nobody copied. Afterwards it is used for twelve
// hours, and its session should live all that time.
type honestCase struct {
	name   string
	script func(b *browser, o *outside)
}

var honestCases = []honestCase{
	{"two tabs race at the expiry", func(b *browser, _ *outside) {
		time.Sleep(expired)
		one, two := b.send(0), b.sendNext(0)
		one.arrive()
		two.arrive()
	}},
	{"two nodes race", func(b *browser, _ *outside) {
		time.Sleep(expired)
		one, two := b.send(0), b.sendNext(1)
		one.arrive()
		two.arrive()
	}},
	{"answers out of order, the older cookies last", func(b *browser, _ *outside) {
		time.Sleep(expired)
		one, two := b.send(0), b.sendNext(1)
		two.arrive()
		b.get()
		one.arrive()
	}},
	{"lost answer, retried at once", func(b *browser, _ *outside) {
		time.Sleep(expired)
		b.send(0).lose()
		b.get()
	}},
	{"lost answer, retried after six hours", func(b *browser, _ *outside) {
		time.Sleep(expired)
		b.send(0).lose()
		time.Sleep(6 * time.Hour)
		b.get()
	}},
	{"killed before the new cookies reach the disk", func(b *browser, _ *outside) {
		time.Sleep(expired)
		b.get()
		time.Sleep(10 * time.Second)
		b.get()
		time.Sleep(10 * time.Second)
		b.crash(30 * time.Second)
		time.Sleep(10 * time.Minute)
	}},
	{"provider down at the refresh", func(b *browser, o *outside) {
		time.Sleep(expired)
		o.providerDown.Store(true)
		b.get()
		time.Sleep(5 * time.Minute)
		b.get()
		o.providerDown.Store(false)
	}},
	{"store down at the refresh", func(b *browser, o *outside) {
		time.Sleep(expired)
		o.storeDown.Store(true)
		b.get()
		time.Sleep(5 * time.Minute)
		b.get()
		o.storeDown.Store(false)
	}},
	{"provider refreshed, its answer was lost for five minutes", func(b *browser, o *outside) {
		time.Sleep(expired)
		o.answersLost.Store(true)
		b.get()
		time.Sleep(5 * time.Minute)
		o.answersLost.Store(false)
	}},
}

// sendNext sends a request a moment after the last, so that it is decided after it.
func (b *browser) sendNext(node int) *exchange {
	time.Sleep(time.Millisecond)
	return b.send(node)
}

const (
	kept      = "kept"
	signedOut = "**signed out**"
	loggedOff = "out"
	comesBack = "**comes back**"
)

func (h honestCase) run(t *testing.T, c contender) (result string) {
	return simulate(t, c, func(s Scheme, o *outside) string {
		b := newBrowser(s)
		h.script(b, o)
		if b.use(12 * time.Hour) {
			return kept
		}
		return signedOut
	})
}

// loggedOut is a logout during a refresh, whose response brings cookies after the logout. Neither
// these nor the old ones may work.
func loggedOut(t *testing.T, c contender) string {
	return simulate(t, c, func(s Scheme, _ *outside) string {
		b := newBrowser(s)
		time.Sleep(expired)
		old := b.copied()
		late := b.send(0)
		time.Sleep(providerWay + providerWay/2) // the provider has refreshed
		s.Logout(b.copied().jar)
		late.arrive()
		if b.get().Served || old.get().Served {
			return comesBack
		}
		return loggedOff
	})
}

// simulate runs a scheme in a bubble with its own clock.
func simulate[T any](t *testing.T, c contender, run func(Scheme, *outside) T) (result T) {
	t.Helper()
	t.Run(c.name, func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			o := new(outside)
			result = run(c.make(t, o), o)
		})
	})
	return result
}
