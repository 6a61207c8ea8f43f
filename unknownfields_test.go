package latchkey_test

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/latchkey-dev/latchkey"
)

// Fields of a newer program: one that an older one may ignore (tag 999), and one without which it
// must not serve the session (tag 1000).
const (
	oddField  = "\xe7\x07\x01x"
	evenField = "\xe8\x07\x00"
)

// only returns the one session of the store.
func (w *world) only() *latchkey.Record {
	w.Helper()
	list, err := w.store.ByUser(w.Context(), "store", w.user.ID, 10)
	must(w, err)
	if len(list) != 1 {
		w.Fatalf("%d sessions", len(list))
	}
	return list[0]
}

// upgrade has a newer program add a field to the session.
func (w *world) upgrade(field string) {
	w.Helper()
	rec := *w.only()
	rec.Version++
	must(w, w.store.Swap(w.Context(), w.shop.guard.NewerRecord(&rec, field)))
}

// What a newer program keeps in a record and a refresh cookie goes through all that an older one
// does with the session.
func TestUnknownFields_kept(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		b := newBrowser()
		b.login(w.shop)
		w.upgrade(oddField)
		b.set(w.shop, refreshCookie, w.shop.guard.NewerCookie(b.jar(w.shop)[refreshCookie], oddField))
		kept := func(step string) {
			t.Helper()
			if got := latchkey.UnknownInRecord(w.only()); got != oddField {
				t.Errorf("%s: the record has %x", step, got)
			}
			if got := w.shop.guard.UnknownInCookie(b.jar(w.shop)[refreshCookie]); got != oddField {
				t.Errorf("%s: the cookie has %x", step, got)
			}
		}
		time.Sleep(2 * time.Minute)
		b.get(w.shop, "/api/private").ok(t, false)
		kept("confirmed")
		time.Sleep(2 * time.Hour)
		before := b.copy(w.shop)
		b.get(w.shop, "/api/private").ok(t, true)
		kept("refreshed")
		before.get(w.shop, "/api/private").ok(t, true)
		if got := w.shop.guard.UnknownInCookie(before.jar(w.shop)[refreshCookie]); got != oddField {
			t.Errorf("minted again: the cookie has %x", got)
		}
		w.store.lose()
		time.Sleep(2 * time.Hour)
		b.get(w.shop, "/api/private").ok(t, true)
		kept("rebuilt")
		id := w.only().ID
		b.send(w.shop, "POST", "/api/logout", "").want(t, 204, "", "")
		synctest.Wait()
		tombstone, err := w.store.Get(t.Context(), id)
		must(t, err)
		if got := latchkey.UnknownInRecord(tombstone); got != oddField || tombstone.EndedAt.IsZero() {
			t.Errorf("the tombstone has %x", got)
		}
	})
}

// So it does when the session gets a key, is bound to it, and is bound again after a loss.
func TestUnknownFields_keptByBinding(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		b := w.bindingBrowser()
		var register []func()
		b.Keys.Background = func(run func()) { register = append(register, run) }
		b.Keys.Transport = roundTrip(func(r *http.Request) (*http.Response, error) { return w.NewBrowser().Do(w.shop.App, r) })
		b.login(w.shop)
		w.upgrade(oddField)
		b.set(w.shop, refreshCookie, w.shop.guard.NewerCookie(b.jar(w.shop)[refreshCookie], oddField))
		kept := func(step string, bound bool) {
			t.Helper()
			if got := latchkey.UnknownInRecord(w.only()); got != oddField || b.isBound(w.shop) != bound {
				t.Errorf("%s: the record has %x, bound: %v", step, got, b.isBound(w.shop))
			}
			if got := w.shop.guard.UnknownInCookie(b.jar(w.shop)[refreshCookie]); got != oddField {
				t.Errorf("%s: the cookie has %x", step, got)
			}
		}
		register[0]()
		w.store.snapshot()
		kept("registered", false)
		b.get(w.shop, "/api/private").ok(t, false)
		register[1]() // the first proof
		kept("bound", true)
		w.store.rollback()
		b.get(w.shop, "/api/private").ok(t, false)
		kept("bound again", true)
		w.store.lose()
		b.get(w.shop, "/api/private").ok(t, true)
		kept("rebuilt", true)
	})
}

// A session of which a program does not know what it must know is not served by it, and goes on
// elsewhere. Its user may end it here as well.
func TestUnknownFields_critical(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		b := newBrowser()
		b.login(w.shop)
		w.upgrade(evenField)
		before := w.only()
		for _, after := range []time.Duration{0, 2 * time.Minute, 2 * time.Hour} {
			time.Sleep(after)
			for _, cookies := range [][]string{nil, {sessionCookie}, {refreshCookie}} {
				got := b.copy(w.shop, cookies...).get(w.shop, "/api/private")
				if after == 2*time.Hour && len(cookies) == 1 && cookies[0] == sessionCookie {
					continue // it has expired
				}
				got.want(t, 503, "provider_unavailable", "")
			}
		}
		if rec := w.only(); rec.Version != before.Version {
			t.Errorf("version %d became %d", before.Version, rec.Version)
		}
		b.copy(w.shop).send(w.shop, "POST", "/api/logout", "").want(t, 204, "", "")
		b.get(w.shop, "/api/private").want(t, 401, "login_required", "logout")
	})
}

// Nor does it take a proof of a key for such a session: the browser keeps its key, and comes again.
func TestUnknownFields_criticalAtTheDeviceRoutes(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		b := w.registered(w.shop)
		proof := b.proof(w.shop, b.challenge(w.shop))
		w.upgrade(evenField)
		if got := proof.post(w.shop); got != keyRetry {
			t.Error(got)
		}
		newer := map[string]string{refreshCookie: w.shop.guard.NewerCookie(b.jar(w.shop)[refreshCookie], evenField)}
		w.upgrade(oddField)
		if got := proof.with(newer).post(w.shop); got != keyRetry {
			t.Errorf("in the cookie: %s", got)
		}
		if got := proof.post(w.shop); got != keyBound {
			t.Error(got)
		}
	})
}

// Nor is one rebuilt from a refresh cookie that says so.
func TestUnknownFields_criticalInCookie(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		b := newBrowser()
		b.login(w.shop)
		b.set(w.shop, refreshCookie, w.shop.guard.NewerCookie(b.jar(w.shop)[refreshCookie], evenField))
		w.store.lose()
		alive := w.refreshTokens()
		b.copy(w.shop, refreshCookie).get(w.shop, "/api/private").want(t, 503, "provider_unavailable", "")
		if n := w.refreshTokens(); n != alive {
			t.Errorf("%d refresh tokens of %d are alive", n, alive)
		}
		b.copy(w.shop).send(w.shop, "POST", "/api/logout", "").want(t, 204, "", "")
		b.get(w.shop, "/api/private").want(t, 401, "login_required", "logout")
	})
}

// A node that keeps sessions in memory serves such a session no more often than one that does not.
func TestUnknownFields_criticalInMemory(t *testing.T) {
	onTwoNodes(t, func(t *testing.T, w *world, store *tellingStore, nodes [2]*app) {
		b := newBrowser()
		b.login(nodes[0])
		for _, node := range nodes {
			b.get(node, "/api/private").ok(t, false)
		}
		list, err := store.ByUser(t.Context(), "store", w.user.ID, 10)
		must(t, err)
		rec := *list[0]
		rec.Version++
		must(t, store.Swap(t.Context(), nodes[0].guard.NewerRecord(&rec, evenField)))
		for _, node := range nodes {
			for range 3 {
				b.get(node, "/api/private").want(t, 503, "provider_unavailable", "")
			}
		}
	})
}

// What a newer program put into a cookie may be what this one keeps in records only.
func TestUnknownFields_ofARecordInACookie(t *testing.T) {
	const email = "\x05\x0fada@example.org"
	simulate(t, func(t *testing.T, w *world) {
		b := newBrowser()
		b.login(w.shop)
		b.set(w.shop, refreshCookie, w.shop.guard.NewerCookie(b.jar(w.shop)[refreshCookie], email))
		w.store.lose()
		b.get(w.shop, "/api/private").ok(t, true)
		text, err := w.only().MarshalBinary()
		must(t, err)
		must(t, new(latchkey.Record).UnmarshalBinary(text))
	})
}
