package latchkey_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/dbsc"
	"github.com/latchkey-dev/latchkey/dbsc/dbsctest"
)

// A registration is what is posted to the route where browsers register keys.
type registration struct {
	method, jwt, mode, origin string
	cookies                   map[string]string
}

func (p registration) post(a *app) reply {
	b := newBrowser()
	for name, value := range p.cookies {
		b.set(a, name, value)
	}
	return b.send(a, p.method, deviceRegisterRoute, "", func(r *http.Request) {
		r.Header.Del("Origin")
		for name, value := range map[string]string{dbsc.HeaderResponse: p.jwt, "Sec-Fetch-Mode": p.mode, "Origin": p.origin} {
			if value != "" {
				r.Header.Set(name, value)
			}
		}
	})
}

// offer logs in, and returns the challenge for a key.
func (b *browser) offer(a *app) string {
	a.w.Helper()
	offers, err := dbsc.ParseOffers(b.login(a).header)
	must(a.w, err)
	if len(offers) != 1 || offers[0].Path != deviceRegisterRoute {
		a.w.Fatalf("offers %+v", offers)
	}
	return offers[0].Challenge
}

// registering is what the browser posts with a new key of an algorithm.
func (b *browser) registering(a *app, challenge string, algorithm dbsc.Algorithm) registration {
	a.w.Helper()
	key, err := dbsctest.GenerateKey(algorithm)
	must(a.w, err)
	jwt, err := dbsctest.SignRegistration(key, dbsc.Claims{Challenge: challenge})
	must(a.w, err)
	return registration{method: "POST", jwt: jwt, mode: "no-cors", origin: a.Config.Origin, cookies: b.jar(a)}
}

func (p registration) with(change func(*registration)) registration {
	change(&p)
	return p
}

// The route answers 200, 403 or 503, whatever comes, and stores the key of nobody but the browser
// that has just logged in.
func TestDeviceRegistration_answers(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		store := &lateStore{flakyStore: w.store}
		node := w.anotherNode(w.shop, func(c *latchkey.Config) { c.Store = store })
		b, other, ended := newBrowser(), newBrowser(), newBrowser()
		challenge := b.offer(node)
		good := b.registering(node, challenge, dbsc.ES256)
		over := ended.registering(node, ended.offer(node), dbsc.ES256)
		ended.copy(node).send(node, "POST", "/api/logout", "").want(t, 204, "", "")
		foreign, ofForums := other.offer(node), newBrowser().offer(w.forums)

		type row struct {
			name string
			registration
			up, down, empty int // the status with a store that is there, is away, and has lost all
		}
		refused := func(name string, p registration) row { return row{name, p, 403, 403, 403} }
		for _, c := range []row{
			{"a key", good, 200, 503, 403},
			{"without Fetch Metadata", good.with(func(p *registration) { p.mode, p.origin = "", "" }), 200, 503, 403},
			{"a session that has ended", over, 403, 403, 403}, // this node knows
			refused("GET", good.with(func(p *registration) { p.method = "GET" })),
			refused("script of the page", good.with(func(p *registration) { p.mode = "cors" })),
			refused("another origin", good.with(func(p *registration) { p.origin = "https://evil.example" })),
			refused("no cookies", good.with(func(p *registration) { p.cookies = nil })),
			refused("cookies of another session", good.with(func(p *registration) { p.cookies = other.jar(node) })),
			refused("no JWT", good.with(func(p *registration) { p.jwt = "" })),
			refused("a proof in its place", good.with(func(p *registration) { p.jwt = w.signed(challenge) })),
			refused("an algorithm that was not offered", b.registering(node, challenge, dbsc.RS256)),
			refused("no challenge of ours", b.registering(node, "made up", dbsc.ES256)),
			refused("the challenge of another session", b.registering(node, foreign, dbsc.ES256)),
			refused("the challenge of another app", b.registering(node, ofForums, dbsc.ES256)),
			{"a signature with another key", good.with(func(p *registration) { p.jwt = p.jwt[:len(p.jwt)-8] + "AAAAAAAA" }), 403, 503, 403},
		} {
			before := w.store.Snapshot()
			check := func(state string, want int) {
				t.Helper()
				if got := c.post(node); got.status != want || got.status != 200 && got.header["Set-Cookie"] != nil {
					t.Errorf("%s, the store %s: %d %v, want %d", c.name, state, got.status, got.header["Set-Cookie"], want)
				}
				if keys := w.keysStored(); keys != 0 && want != 200 {
					t.Errorf("%s, the store %s: %d keys are stored", c.name, state, keys)
				}
			}
			check("is there", c.up)
			before()
			store.wait.Store(int64(500 * time.Millisecond)) // and it is asked twice
			check("is slow", c.up)
			before()
			store.wait.Store(int64(3 * time.Second))
			check("is too slow", c.down)
			store.wait.Store(0)
			w.store.cut(true)
			check("is away", c.down)
			w.store.cut(false)
			w.store.lose()
			check("is empty", c.empty)
			before()
		}
		time.Sleep(2 * time.Minute)
		good.post(node).want(t, 403, "", "") // too late
	})
}

// keysStored counts the keys in the store.
func (w *world) keysStored() (n int) {
	for _, rec := range w.store.Records() {
		if rec.Binding != nil {
			n++
		}
	}
	return n
}

// The first key is the key of a session for good. The operator learns of a second one.
func TestDeviceRegistration_contested(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		var events eventLog
		node := w.anotherNode(w.shop, events.observe)
		b := newBrowser()
		challenge := b.offer(node)
		first, second := b.registering(node, challenge, dbsc.ES256), b.registering(node, challenge, dbsc.ES256)
		first.post(node).want(t, 200, "", "")
		key := b.record(node).Binding.Key
		for _, again := range []registration{second, first} {
			events.take("")
			for range 20 { // as often as somebody with the cookies likes
				again.post(node).want(t, 403, "", "")
			}
			contested := events.take(latchkey.EventBindingContested)
			if len(contested) != 1 || contested[0].Session != b.record(node).ID || contested[0].AtLogin != b.record(node).Device {
				t.Errorf("%+v", contested)
			}
			time.Sleep(time.Minute)
		}
		if b.record(node).Binding.Key != key {
			t.Error("the key was replaced")
		}
	})
}

// A flood of forged posts costs no read of the store.
func TestDeviceRoutes_flood(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		b, elsewhere := w.bound(w.shop), w.registered(w.forums)
		proof := b.proof(w.shop, b.challenge(w.shop))
		forged := b.registering(w.shop, "made up", dbsc.ES256)
		reads := w.store.readCount()
		for range 1000 {
			for _, p := range []keyProof{proof.of(""), proof.of(forgedID(proof.id)), proof.without(refreshCookie).of("A" + proof.id[1:]), proof.of(elsewhere.newest(w.forums).ID)} {
				if got := w.straight(w.shop.guard.ServeDeviceRefresh, p.id, p.jwt, p.cookies); got != 503 {
					t.Fatalf("refresh: %d", got)
				}
			}
			for _, cookies := range []map[string]string{b.jar(w.shop), elsewhere.jar(w.forums), nil} {
				if got := w.straight(w.shop.guard.ServeDeviceRegistration, "", forged.jwt, cookies); got != 403 {
					t.Fatalf("registration: %d", got)
				}
			}
		}
		if n := w.store.readCount() - reads; n != 0 {
			t.Errorf("%d reads", n)
		}
	})
}

// straight calls a handler without a server.
func (w *world) straight(handler http.HandlerFunc, id, jwt string, cookies map[string]string) int {
	r := httptest.NewRequest("POST", "/", nil)
	r.Header.Set(dbsc.HeaderSessionID, id)
	r.Header.Set(dbsc.HeaderResponse, jwt)
	for name, value := range cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	answer := httptest.NewRecorder()
	handler(answer, r)
	return answer.Code
}
