package latchkey_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey"
)

// A session whose key is registered at one node is bound at another. One that has the session in
// memory, unbound, soon asks for proofs, too.
func TestBoundNodes_boundElsewhere(t *testing.T) {
	onTwoNodes(t, func(t *testing.T, w *world, store *tellingStore, nodes [2]*app) {
		b := w.registered(nodes[0])
		thief := b.copy(nodes[0], sessionCookie, refreshCookie)
		thief.get(nodes[0], "/api/private").ok(t, false)
		if n := reads(store, func() { thief.get(nodes[0], "/api/private").ok(t, false) }); n != 0 {
			t.Fatalf("%d reads: the session is not in memory", n)
		}
		b.get(nodes[1], "/api/private").ok(t, false) // and the first proof
		list, err := nodes[1].guard.Sessions(t.Context(), w.user.ID)
		must(t, err)
		if len(list) != 1 || !list[0].DeviceBound {
			t.Fatalf("not bound: %+v", list)
		}
		thief.get(nodes[0], "/api/private").ok(t, false) // its request may have left before
		time.Sleep(time.Minute)
		for range 20 {
			for _, node := range nodes {
				thief.get(node, "/api/private").want(t, 401, "device_proof_required", "")
				b.get(node, "/api/private").ok(t, false)
			}
			time.Sleep(time.Minute)
		}
		b.get(nodes[0], "/api/private").ok(t, false)
		if n := reads(store, func() { b.get(nodes[0], "/api/private").ok(t, false) }); n != 0 {
			t.Errorf("%d reads: a bound session is not kept in memory", n)
		}
	})
}

// Handlers and administrators see which sessions are bound.
func TestSession_deviceBound(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		bound, plain := w.bound(w.shop), newBrowser()
		plain.login(w.shop)
		list, err := w.shop.guard.Sessions(t.Context(), w.user.ID)
		must(t, err)
		for _, c := range []struct {
			*browser
			want bool
		}{{bound, true}, {plain, false}} {
			id := c.record(w.shop).ID
			for _, info := range list {
				if info.ID == id && info.DeviceBound != c.want {
					t.Errorf("listed as bound: %v", info.DeviceBound)
				}
			}
			w.shop.required = w.shop.guard.Protect(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				if s, ok := latchkey.From(r.Context()); !ok || s.ID != id || s.DeviceBound != c.want {
					t.Errorf("served as %+v", s)
				}
			}))
			c.get(w.shop, "/api/required").want(t, 200, "", "")
		}
	})
}

// Where nothing asks for proofs a bound session is of use to everybody who has its cookies. No app
// must take it for more.
func TestSession_deviceBoundWhereNoProofIsAskedFor(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		b := w.bound(w.shop)
		thief, id := b.copy(w.shop, sessionCookie, refreshCookie), b.record(w.shop).ID
		for _, mode := range []latchkey.DeviceBinding{latchkey.DeviceBindingWatch, latchkey.DeviceBindingOff} {
			node := w.anotherNode(w.shop, func(c *latchkey.Config) { c.DeviceBinding = mode })
			node.required = node.guard.Protect(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				if s, ok := latchkey.From(r.Context()); !ok || s.ID != id || s.DeviceBound {
					t.Errorf("%s: served as %+v", mode, s)
				}
			}))
			for _, browser := range []*browser{thief, b} {
				browser.get(node, "/api/required").want(t, 200, "", "")
			}
			list, err := node.guard.Sessions(t.Context(), w.user.ID)
			must(t, err)
			if len(list) != 1 || list[0].DeviceBound {
				t.Errorf("%s: listed as %+v", mode, list)
			}
		}
	})
}

// A new key of the cookies goes to the end of each node's ring first, and to the top of it later.
// Where a node seals with it at once, the others refuse what it has sealed until they have it.
func TestBoundNodes_newKeyOfTheCookies(t *testing.T) {
	older, newer := latchkey.NewKey(), latchkey.NewKey()
	before, end, top := latchkey.KeyRing{older}, latchkey.KeyRing{older, newer}, latchkey.KeyRing{newer, older}
	for name, c := range map[string]struct {
		rings   [][2]latchkey.KeyRing // of the two nodes, one after the other
		refused bool
	}{
		"to the end first": {[][2]latchkey.KeyRing{{before, before}, {end, before}, {end, end}, {top, end}, {top, top}}, false},
		"to the top":       {[][2]latchkey.KeyRing{{before, before}, {top, before}, {top, top}}, true},
	} {
		t.Run(name, func(t *testing.T) {
			simulate(t, func(t *testing.T, w *world) {
				var browsers []*browser
				refused := 0
				for _, rings := range c.rings {
					var nodes [2]*app
					for i := range nodes {
						nodes[i] = w.anotherNode(w.shop, func(c *latchkey.Config) { c.Keys = rings[i] })
					}
					browsers = append(browsers, w.registered(nodes[0]))
					for i := range 30 { // two lives of a proof
						for _, b := range browsers {
							if b.get(nodes[i%2], "/api/private").status != 200 {
								refused++
							}
						}
						time.Sleep(time.Minute)
					}
				}
				t.Log(refused, "refused")
				if refused > 0 != c.refused {
					t.Errorf("%d requests were refused", refused)
				}
				for i, b := range browsers {
					if !c.refused && len(b.Keys.Sessions()) != 1 {
						t.Errorf("browser %d has lost its key", i)
					}
				}
			})
		})
	}
}

// A stolen key of the cookies is removed as soon as those in use have new ones. The browsers still
// have the identifiers of their sessions that were made with it, and go on.
func TestBoundNodes_keyOfTheCookiesRemoved(t *testing.T) {
	stolen, newer := latchkey.NewKey(), latchkey.NewKey()
	simulate(t, func(t *testing.T, w *world) {
		var b *browser
		for _, ring := range []latchkey.KeyRing{{stolen}, {newer, stolen}, {newer}} {
			node := w.anotherNode(w.shop, func(c *latchkey.Config) { c.Keys = ring })
			if b == nil {
				b = w.registered(node)
			}
			thief := b.copy(node)
			for range 20 { // more than a session cap
				if got := b.get(node, "/api/private"); got.status != 200 {
					t.Fatalf("%d keys: %d %s", len(ring), got.status, got.body)
				}
				time.Sleep(4 * time.Minute)
			}
			thief.get(node, "/api/private").want(t, 401, "device_proof_required", "")
		}
		if !b.isBound(w.shop) || len(b.Keys.Sessions()) != 1 {
			t.Error("the key is lost")
		}
	})
}

// The store loses everything, the binding, or the key as well. A copy of cookies that are keyed is
// worthless. One of the cookies from before the binding is of use until the owner comes, and not
// longer. Nothing ends.
func TestBoundNodes_storeLoses(t *testing.T) {
	for _, lost := range []string{"everything", "the binding", "the key"} {
		for _, copied := range []string{"keyed", "not keyed"} {
			for _, first := range []string{"the thief", "the owner"} {
				t.Run(lost+"/"+copied+"/"+first+" comes first", func(t *testing.T) {
					simulate(t, func(t *testing.T, w *world) { storeLoses(t, w, lost, copied == "keyed", first == "the thief") })
				})
			}
		}
	}
}

func storeLoses(t *testing.T, w *world, lost string, keyed, thiefFirst bool) {
	var events eventLog
	node := w.anotherNode(w.shop, events.observe)
	b := w.bindingBrowser()
	answer := b.Keys.Transport
	b.Keys.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
		if r.URL.Path == deviceRegisterRoute && lost == "the key" {
			w.store.snapshot()
		}
		return answer.RoundTrip(r)
	})
	b.login(node)
	if lost == "the binding" {
		w.store.snapshot()
	}
	thief := b.copy(node, sessionCookie, refreshCookie)
	b.get(node, "/api/private").ok(t, false) // the first proof
	if keyed {
		thief = b.copy(node, sessionCookie, refreshCookie)
	}
	time.Sleep(2 * time.Minute)
	thief.get(node, "/api/private").want(t, 401, "device_proof_required", "")
	if lost == "everything" {
		w.store.lose()
	} else {
		w.store.rollback()
	}
	if thiefFirst {
		for range 6 {
			if got := thief.get(node, "/api/private"); keyed {
				got.want(t, 401, "device_proof_required", "")
			} else if got.status != 200 {
				t.Errorf("there is nothing yet that could tell the thief: %d %s", got.status, got.body)
			}
			time.Sleep(20 * time.Minute)
		}
	}
	for range 20 {
		if got := b.get(node, "/api/private"); got.status != 200 {
			t.Fatalf("the owner: %d %s", got.status, got.body)
		}
		thief.get(node, "/api/private").want(t, 401, "device_proof_required", "")
		time.Sleep(9 * time.Minute)
	}
	if !b.isBound(node) || len(b.Keys.Sessions()) != 1 {
		t.Error("the session is not bound any longer")
	}
	if ended := events.take(latchkey.EventEnded); len(ended) != 0 {
		t.Errorf("%+v", ended)
	}
}
