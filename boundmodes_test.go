package latchkey_test

import (
	"errors"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/latchkey-dev/latchkey"
)

// The mode may be changed at one node after the other, as often as an operator likes, while
// browsers come to both. Nobody is signed out, no key is lost, and who was bound is bound.
func TestBoundModes_oneNodeAfterTheOther(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		var events eventLog
		in := func(m latchkey.DeviceBinding) *app {
			return w.anotherNode(w.shop, events.observe, func(c *latchkey.Config) { c.DeviceBinding = m })
		}
		nodes := [2]*app{in(latchkey.DeviceBindingOff), in(latchkey.DeviceBindingOff)}
		plain := newBrowser()
		plain.login(nodes[0])
		browsers, keys := []*browser{plain}, make(map[*browser]string)
		for _, mode := range []latchkey.DeviceBinding{latchkey.DeviceBindingOn, latchkey.DeviceBindingOff, latchkey.DeviceBindingOn} {
			for i := range nodes {
				nodes[i].Close()
				nodes[i] = in(mode)
				b := w.bindingBrowser()
				b.login(nodes[i])
				if browsers = append(browsers, b); mode == latchkey.DeviceBindingOn {
					keys[b] = b.newest(nodes[i]).ID
				}
				for visit := range 20 { // more than a session cap
					for j, b := range browsers {
						if got := b.get(nodes[(visit+j)%2], "/api/private"); got.status != 200 {
							t.Fatalf("browser %d, one node in %s: %d %s", j, mode, got.status, got.body)
						}
					}
					time.Sleep(5 * time.Minute)
				}
			}
		}
		for i, b := range browsers {
			if key := keys[b]; b.isBound(nodes[0]) != (key != "") || key != "" && b.newest(nodes[0]).ID != key {
				t.Errorf("browser %d: bound %t, and its key should be %q", i, b.isBound(nodes[0]), key)
			}
			thief := b.copy(nodes[0], sessionCookie, refreshCookie)
			if got := thief.get(nodes[0], "/api/private"); keys[b] != "" {
				got.want(t, 401, "device_proof_required", "")
			}
		}
		if ended := events.take(latchkey.EventEnded); len(ended) != 0 {
			t.Errorf("%+v", ended)
		}
	})
}

// The store loses the binding while no proofs are asked for. The browser's next request restores
// it, so that cookies that are minted then have the key, and proofs can be asked for again.
func TestBoundModes_storeLosesTheBinding(t *testing.T) {
	for _, mode := range []latchkey.DeviceBinding{latchkey.DeviceBindingOff, latchkey.DeviceBindingWatch} {
		t.Run(string(mode), func(t *testing.T) {
			simulate(t, func(t *testing.T, w *world) {
				b, unreachable := w.bindingBrowser(), false
				answer := b.Keys.Transport
				b.Keys.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
					switch {
					case r.URL.Path == deviceRegisterRoute:
						w.store.snapshot()
					case r.URL.Path == deviceRefreshRoute && unreachable:
						return nil, errors.New("no connection")
					}
					return answer.RoundTrip(r)
				})
				b.login(w.shop)
				b.get(w.shop, "/api/private").ok(t, false) // and the first proof
				node := w.anotherNode(w.shop, func(c *latchkey.Config) { c.DeviceBinding = mode })
				w.store.rollback()
				if b.isBound(node) {
					t.Fatal("the store has not lost the binding")
				}
				time.Sleep(time.Hour) // the session id has expired
				unreachable = true
				b.get(node, "/api/private").ok(t, true)
				unreachable = false
				time.Sleep(time.Minute)
				b.get(w.shop, "/api/private").ok(t, false)
				if !b.isBound(node) || len(b.Keys.Sessions()) != 1 {
					t.Error("the key is lost")
				}
				b.copy(w.shop, sessionCookie, refreshCookie).get(w.shop, "/api/private").want(t, 401, "device_proof_required", "")
			})
		})
	}
}

// While no proofs are asked for, a thief of a bound session stays no longer than one of any other,
// whether the owner's browser goes on proving its key or not.
func TestBoundModes_thiefWhileProofsAreNotAskedFor(t *testing.T) {
	for _, mode := range []latchkey.DeviceBinding{latchkey.DeviceBindingOff, latchkey.DeviceBindingWatch} {
		for _, cached := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, from memory %t", mode, cached), func(t *testing.T) {
				onTwoNodes(t, func(t *testing.T, w *world, store *tellingStore, nodes [2]*app) {
					b := w.bound(nodes[0])
					node := w.anotherNode(w.shop, func(c *latchkey.Config) {
						c.Store, c.DeviceBinding = store, mode
						if !cached {
							c.CacheSize = -1
						}
					})
					synctest.Wait()
					thief := b.copy(node, sessionCookie, refreshCookie)
					time.Sleep(time.Hour)
					b.get(node, "/api/private").ok(t, true)
					time.Sleep(2 * time.Minute)
					b.get(node, "/api/private").ok(t, false) // the browser has the new cookies
					b.get(node, "/api/private").ok(t, false)
					time.Sleep(3 * time.Minute)
					thief.get(node, "/api/private").want(t, 401, "login_required", "reuse_detected")
				})
			})
		}
	}
}
