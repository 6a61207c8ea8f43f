package latchkey_test

import (
	"context"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/latchkey-dev/latchkey"
)

// Cookies of a key that this node does not have lead to the login form, and the log names the key,
// once a minute however many come.
func TestUnknownKey_isReported(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		lost := w.keys[0]
		b := newBrowser()
		b.login(w.shop)
		w.keys = latchkey.KeyRing{latchkey.NewKey()}
		w.shop.start(w.config(w.shop, slog.New(slog.NewTextHandler(w.log, nil))))
		for range 10 {
			b.get(w.shop, "/api/user").want(t, 404, "not_logged_in", "")
			b.copy(w.shop, refreshCookie).get(w.shop, "/api/private").want(t, 401, "login_required", "")
		}
		id := lost.String()
		if n := strings.Count(w.log.String(), "key="+id); n != 1 {
			t.Errorf("%d lines name the key %s", n, id)
		}
		time.Sleep(time.Minute)
		b.get(w.shop, "/api/user").want(t, 404, "not_logged_in", "")
		if n := strings.Count(w.log.String(), "key="+id); n != 2 {
			t.Errorf("%d lines name the key %s after a minute", n, id)
		}
		b.login(w.shop)
		b.get(w.shop, "/api/private").ok(t, false)
	})
}

// A node with the others' store and not their keys reports it when one of them writes, even if it
// sees none of their browsers.
func TestUnknownKey_ofANode(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		var alarms [3]atomic.Int64
		store := newTellingStore()
		start := func(i int, keys latchkey.KeyRing) *app {
			node := &app{w: w, name: w.shop.name, host: w.shop.host, application: w.shop.application}
			config := w.config(node, discard)
			config.Store, config.Keys = store, keys
			config.OnEvent = func(_ context.Context, e latchkey.Event) {
				if e.Kind == latchkey.EventUnknownKey {
					alarms[i].Add(1)
				}
			}
			node.start(config)
			return node
		}
		other := latchkey.NewKey()
		here, there := start(0, w.keys), start(1, latchkey.KeyRing{other})
		synctest.Wait()
		for range 10 {
			newBrowser().login(here)
			synctest.Wait()
			time.Sleep(2 * time.Second)
		}
		if n, m := alarms[0].Load(), alarms[1].Load(); n != 0 || m != 1 {
			t.Errorf("%d alarms at the node that wrote, %d at the other; want one there", n, m)
		}
		newBrowser().login(there)
		time.Sleep(time.Second)
		if n := alarms[0].Load(); n != 1 {
			t.Errorf("%d alarms at the first node", n)
		}
		start(2, latchkey.KeyRing{other, w.keys[0]})
		time.Sleep(2 * time.Second)
		newBrowser().login(here)
		time.Sleep(2 * time.Second)
		newBrowser().login(there)
		time.Sleep(time.Second)
		if n := alarms[2].Load(); n != 0 {
			t.Errorf("%d alarms at a node that has both keys", n)
		}
	})
}

// Apps that share a store hear of each other's writes. Another app's record is neither a mistake of
// the store's nor sealed for this app to open.
func TestUnknownKey_notOfAnotherApp(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		store := newTellingStore()
		var alarms atomic.Int64
		start := func(a *app, keys latchkey.KeyRing) {
			config := w.config(a, slog.New(slog.NewTextHandler(w.log, nil)))
			config.Store, config.Keys = store, keys
			config.OnEvent = func(_ context.Context, e latchkey.Event) {
				if e.Kind == latchkey.EventUnknownKey {
					alarms.Add(1)
				}
			}
			a.start(config)
		}
		start(w.shop, w.keys)
		start(w.forums, latchkey.KeyRing{latchkey.NewKey()})
		for _, a := range []*app{w.shop, w.forums} {
			newBrowser().login(a)
			time.Sleep(2 * time.Second)
		}
		if log := w.log.String(); alarms.Load() != 0 || strings.Contains(log, "level=ERROR") {
			t.Errorf("%d alarms; %s", alarms.Load(), log)
		}
	})
}
