package latchkey_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/latchkey-dev/latchkey"
)

// onTwoNodes runs a test with two nodes of one app on a store with a stream of changes.
func onTwoNodes(t *testing.T, run func(t *testing.T, w *world, store *tellingStore, nodes [2]*app), change ...func(*latchkey.Config)) {
	simulate(t, func(t *testing.T, w *world) {
		store := newTellingStore()
		config := w.config(w.shop, discard)
		config.Store = store
		for _, c := range change {
			c(&config)
		}
		w.shop.start(config)
		other := &app{w: w, host: w.shop.host, application: w.shop.application}
		other.start(config)
		synctest.Wait()
		run(t, w, store, [2]*app{w.shop, other})
	})
}

func reads(store *tellingStore, do func()) int {
	before := store.readCount()
	do()
	return store.readCount() - before
}

// A node that knows the session does not ask the store.
func TestCache_sparesTheStore(t *testing.T) {
	onTwoNodes(t, func(t *testing.T, w *world, store *tellingStore, nodes [2]*app) {
		b := newBrowser()
		b.login(nodes[0])
		for _, node := range nodes {
			b.get(node, "/api/private").ok(t, false)
			if n := reads(store, func() {
				for range 100 {
					b.get(node, "/api/private").ok(t, false)
				}
			}); n != 0 {
				t.Errorf("%d reads of a known session", n)
			}
		}
		if n := reads(store, func() { time.Sleep(time.Hour); b.get(nodes[1], "/api/private").ok(t, true) }); n == 0 {
			t.Error("a refresh was decided without the store")
		}
	})
}

// SES-07: an end holds on its own node when it returns, and on the others when the stream announces
// it.
func TestCache_forgetsTheEnded(t *testing.T) {
	onTwoNodes(t, func(t *testing.T, w *world, store *tellingStore, nodes [2]*app) {
		b := newBrowser()
		b.login(nodes[0])
		thief := b.copy(nodes[0])
		for _, node := range nodes {
			thief.get(node, "/api/private").ok(t, false)
		}
		b.send(nodes[0], "POST", "/api/logout", "").want(t, 204, "", "")
		for _, node := range nodes {
			thief.get(node, "/api/private").want(t, 401, "login_required", "logout")
		}
	})
}

// After a failover that lost the newest writes, the node that made an end stores it again by
// itself, without a request.
func TestCache_looksForEndsAfterABreak(t *testing.T) {
	onTwoNodes(t, func(t *testing.T, w *world, store *tellingStore, nodes [2]*app) {
		b := newBrowser()
		b.login(nodes[0])
		thief := b.copy(nodes[0])
		store.snapshot()
		b.send(nodes[0], "POST", "/api/logout", "").want(t, 204, "", "")
		synctest.Wait()
		store.rollback()
		thief.get(nodes[1], "/api/private").ok(t, false) // as far as this node can know
		store.breakStreams()
		time.Sleep(time.Second)
		thief.get(nodes[1], "/api/private").want(t, 401, "login_required", "logout")
	})
}

// A stream that is cut without a word is not believed for longer than 1.5 s.
func TestCache_ofASilentStream(t *testing.T) {
	onTwoNodes(t, func(t *testing.T, w *world, store *tellingStore, nodes [2]*app) {
		b := newBrowser()
		b.login(nodes[0])
		thief := b.copy(nodes[0])
		thief.get(nodes[0], "/api/private").ok(t, false)
		thief.get(nodes[1], "/api/private").ok(t, false)
		store.silent.Store(true)
		b.send(nodes[0], "POST", "/api/logout", "").want(t, 204, "", "")
		thief.get(nodes[0], "/api/private").want(t, 401, "login_required", "logout")
		thief.get(nodes[1], "/api/private").ok(t, false) // cannot be known yet
		time.Sleep(1500 * time.Millisecond)
		thief.get(nodes[1], "/api/private").want(t, 401, "login_required", "logout")
		time.Sleep(time.Minute)
		store.silent.Store(false)
		time.Sleep(time.Second)
		thief.get(nodes[1], "/api/private").want(t, 401, "login_required", "logout")
	})
}

// While the stream is broken the store is read, and what was known before counts no more.
func TestCache_ofABrokenStream(t *testing.T) {
	onTwoNodes(t, func(t *testing.T, w *world, store *tellingStore, nodes [2]*app) {
		b := newBrowser()
		b.login(nodes[0])
		b.get(nodes[0], "/api/private").ok(t, false)
		store.silent.Store(true)
		store.breakStreams()
		synctest.Wait()
		if n := reads(store, func() { b.get(nodes[0], "/api/private").ok(t, false); b.get(nodes[0], "/api/private").ok(t, false) }); n != 2 {
			t.Errorf("%d reads, want one for each request", n)
		}
		c := newBrowser()
		c.login(nodes[0])
		c.get(nodes[1], "/api/private").ok(t, false)
		store.silent.Store(false)
		time.Sleep(time.Second)
		c.get(nodes[1], "/api/private").ok(t, false)
		store.silent.Store(true)
		store.breakStreams()
		c.copy(nodes[0]).send(nodes[0], "POST", "/api/logout", "").want(t, 204, "", "")
		store.silent.Store(false)
		time.Sleep(time.Second)
		c.get(nodes[1], "/api/private").want(t, 401, "login_required", "logout")

		b.get(nodes[0], "/api/private").ok(t, false)
		if n := reads(store, func() { b.get(nodes[0], "/api/private").ok(t, false) }); n != 0 {
			t.Errorf("%d reads after the stream has come back", n)
		}
	})
}

// What was read before a change must not be kept after it.
func TestCache_keepsNothingOld(t *testing.T) {
	onTwoNodes(t, func(t *testing.T, w *world, store *tellingStore, nodes [2]*app) {
		b := newBrowser()
		b.login(nodes[0])
		thief := b.copy(nodes[0])
		store.mu.Lock()
		// between the read of the other node and its answer
		store.during = func() { b.send(nodes[0], "POST", "/api/logout", "").want(t, 204, "", "") }
		store.mu.Unlock()
		thief.get(nodes[1], "/api/private").ok(t, false) // it began before the end
		thief.get(nodes[1], "/api/private").want(t, 401, "login_required", "logout")
	})
}

// An end that cannot be stored is known on its node all the same.
func TestCache_endThatIsNotStored(t *testing.T) {
	onTwoNodes(t, func(t *testing.T, w *world, store *tellingStore, nodes [2]*app) {
		b := newBrowser()
		b.login(nodes[0])
		thief := b.copy(nodes[0])
		thief.get(nodes[0], "/api/private").ok(t, false)
		store.cut(true)
		// the cache bears an outage as long as the stream is whole
		thief.get(nodes[0], "/api/private").ok(t, false)
		b.send(nodes[0], "POST", "/api/logout", "").want(t, 503, "logout_incomplete", "")
		thief.get(nodes[0], "/api/private").want(t, 401, "login_required", "logout")
		store.cut(false)
		thief.get(nodes[0], "/api/private").want(t, 401, "login_required", "logout")
	})
}

// A cache that is full serves as well, and reads more.
func TestCache_isBounded(t *testing.T) {
	onTwoNodes(t, func(t *testing.T, w *world, store *tellingStore, nodes [2]*app) {
		var browsers []*browser
		for range 400 { // 256 places
			b := newBrowser()
			b.set(nodes[0], "__Host-device", "")
			b.login(nodes[0])
			browsers = append(browsers, b)
		}
		for _, b := range browsers {
			b.get(nodes[0], "/api/private").ok(t, false)
		}
		n := reads(store, func() {
			for _, b := range browsers {
				b.get(nodes[0], "/api/private").ok(t, false)
			}
		})
		if n < 400-256 || n == 400 {
			t.Errorf("%d reads for 400 sessions, of which 256 are kept at most", n)
		}
	}, func(c *latchkey.Config) { c.CacheSize = 256 })
}

func TestCache_switchedOff(t *testing.T) {
	onTwoNodes(t, func(t *testing.T, w *world, store *tellingStore, nodes [2]*app) {
		b := newBrowser()
		b.login(nodes[0])
		if n := reads(store, func() { b.get(nodes[0], "/api/private").ok(t, false); b.get(nodes[0], "/api/private").ok(t, false) }); n != 2 {
			t.Errorf("%d reads, want one for each request", n)
		}
		if len(store.streams) != 0 {
			t.Error("somebody listens")
		}
	}, func(c *latchkey.Config) { c.CacheSize = -1 })
}

// The last use is known across nodes: a session is not over for idleness on a node that has not
// seen its uses elsewhere.
func TestCache_useElsewhere(t *testing.T) {
	onTwoNodes(t, func(t *testing.T, w *world, store *tellingStore, nodes [2]*app) {
		b := newBrowser()
		b.login(nodes[0])
		b.get(nodes[1], "/api/private").ok(t, false)
		for range 10 {
			time.Sleep(4 * time.Minute)
			b.get(nodes[0], "/api/private").ok(t, false)
		}
		time.Sleep(4 * time.Minute)
		b.get(nodes[1], "/api/private").ok(t, false)
	})
}

// The JWT of a record in memory is opened once, and is never that of an older record.
func TestCache_token(t *testing.T) {
	onTwoNodes(t, func(t *testing.T, w *world, store *tellingStore, nodes [2]*app) {
		var token latchkey.Secret
		var until time.Time
		protected := nodes[0].guard.Protect(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			session, _ := latchkey.From(r.Context())
			var err error
			token, until, err = session.Token(r.Context())
			must(t, err)
		}))
		b := newBrowser()
		b.login(nodes[0])
		use := func() latchkey.Secret {
			t.Helper()
			rec := httptest.NewRecorder()
			protected.ServeHTTP(rec, b.request(nodes[0], "/x"))
			b.keep(nodes[0], rec.Result())
			if rec.Code != 200 || token == "" || !until.After(time.Now()) {
				t.Fatalf("%d, a token of %d bytes until %v", rec.Code, len(token), until)
			}
			return token
		}
		first := use()
		for range 2 {
			if use() != first {
				t.Error("another token")
			}
		}
		time.Sleep(time.Hour)
		second := use()
		for range 2 {
			if second == first || use() != second {
				t.Error("not the token of the refresh")
			}
		}
	})
}
