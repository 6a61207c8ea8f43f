package latchkey_test

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/dbsc"
	"github.com/latchkey-dev/latchkey/dbsc/dbsctest"
	"github.com/latchkey-dev/latchkey/idp/idptest"
)

// A lateStore answers reads after a while.
type lateStore struct {
	*flakyStore
	wait atomic.Int64
}

func (s *lateStore) Get(ctx context.Context, id latchkey.ID) (*latchkey.Record, error) {
	select {
	case <-time.After(time.Duration(s.wait.Load())):
		return s.flakyStore.Get(ctx, id)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// A keyProof is what is posted to the route where browsers prove their keys.
type keyProof struct {
	method, id, jwt string
	cookies         map[string]string
}

// The answers of that route.
const (
	keyProven     = "200, a bound cookie"
	keyBound      = "200, a bound cookie, and new cookies of the session"
	keyForgotten  = "200, the session is over"
	keyChallenged = "403, a challenge"
	keyRetry      = "503"
)

// post posts a proof, and tells which answer came.
func (p keyProof) post(a *app) string { return p.send(a).deviceAnswer() }

func (p keyProof) send(a *app) reply {
	b := newBrowser()
	for name, value := range p.cookies {
		b.set(a, name, value)
	}
	return b.send(a, p.method, deviceRefreshRoute, "", func(r *http.Request) {
		r.Header.Del("Origin")
		for name, value := range map[string]string{dbsc.HeaderSessionID: p.id, dbsc.HeaderResponse: p.jwt} {
			if value != "" {
				r.Header.Set(name, value)
			}
		}
	})
}

// deviceAnswer names an answer of the route, or says what is wrong with it.
func (r reply) deviceAnswer() string {
	var body struct {
		dbsc.Instructions
		Continue *bool `json:"continue"`
	}
	_ = json.Unmarshal([]byte(r.body), &body) // a 403 has none
	set := strings.Join(r.header["Set-Cookie"], "\n")
	challenges, err := dbsc.ParseChallenges(r.header)
	switch {
	case err != nil || r.header.Get("Cache-Control") != "no-store" || r.header.Get("Cross-Origin-Resource-Policy") != "same-origin":
		return "not as all are: " + set
	case r.status == 503 && set == "":
		return keyRetry
	case r.status == 403 && len(challenges) == 1 && challenges[0].SessionID != "" && set == "":
		return keyChallenged
	case r.status == 200 && body.Continue != nil && !*body.Continue && body.SessionID != "" && set == "":
		return keyForgotten
	case r.status != 200 || len(challenges) != 1 || body.Validate() != nil || !strings.Contains(set, boundCookie):
		return "none of the answers: " + r.body + set
	case strings.Contains(set, sessionCookie) && strings.Contains(set, refreshCookie):
		return keyBound
	case strings.Contains(set, sessionCookie) || strings.Contains(set, refreshCookie):
		return "one cookie without the other"
	}
	return keyProven
}

// forgedID names another session in an identifier of a key that the node has.
func forgedID(id string) string {
	other := "A"
	if id[20] == 'A' {
		other = "B"
	}
	return id[:20] + other + id[21:]
}

// signed is a challenge signed with a key of nobody.
func (w *world) signed(challenge string) string {
	w.Helper()
	key, err := dbsctest.GenerateKey(dbsc.ES256)
	must(w, err)
	jwt, err := dbsctest.SignProof(key, dbsc.Claims{Challenge: challenge})
	must(w, err)
	return jwt
}

func (p keyProof) by(method string) keyProof { p.method = method; return p }

func (p keyProof) of(id string) keyProof { p.id = id; return p }

func (p keyProof) signed(jwt string) keyProof { p.jwt = jwt; return p }

func (p keyProof) with(cookies map[string]string) keyProof { p.cookies = cookies; return p }

func (p keyProof) without(names ...string) keyProof {
	p.cookies = maps.Clone(p.cookies)
	for _, name := range names {
		delete(p.cookies, name)
	}
	return p
}

// The route answers 200, 403 with a challenge, or 503, whatever comes and whatever the store does:
// another status costs a browser its key. And a key is given up only for what is known.
func TestDeviceRefresh_answers(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		store := &lateStore{flakyStore: w.store}
		node := w.anotherNode(w.shop, func(c *latchkey.Config) { c.Store = store })
		bound := w.registered(node)
		unkeyed, late := bound.jar(node), bound.proof(node, bound.challenge(node))
		bound.get(node, "/api/private").ok(t, false) // it proves the key
		time.Sleep(7 * time.Minute)
		registered, ended, closed, plain := w.registered(node), w.bound(node), w.bindingBrowser(), newBrowser()
		over := ended.proof(node, ended.challenge(node))
		ended.send(node, "POST", "/api/logout", "").want(t, 204, "", "")
		plain.login(node)
		closed.send(node, "POST", "/api/login", `{"email":"ada@example.com","remember":false,"password":"`+idptest.Password+`"}`)
		closed.get(node, "/api/private").ok(t, false)
		ahead := bound.newest(node).Challenge // for the time when the browser will need it
		good, first, open := bound.proof(node, bound.challenge(node)), registered.proof(node, registered.challenge(node)), closed.proof(node, closed.challenge(node))
		elsewhere := w.registered(w.forums).newest(w.forums)

		type row struct {
			name string
			keyProof
			up, down, empty string // the answer with a store that is there, is away, and has lost all
		}
		always := func(name string, p keyProof, answer string) row { return row{name, p, answer, answer, answer} }
		for _, c := range []row{
			always("GET", good.by("GET"), keyRetry),
			always("PUT", good.by("PUT"), keyRetry),
			always("no id", good.of(""), keyRetry),
			always("a forged id", good.of(forgedID(good.id)), keyRetry),
			{"an id of a key that is gone", good.of("A" + good.id[1:]), keyProven, keyRetry, keyProven},
			always("the same, without a cookie that confirms it", good.of("A"+good.id[1:]).without(refreshCookie), keyRetry),
			always("the same, with that of another session", good.of("A"+good.id[1:]).with(plain.jar(node)), keyRetry),
			always("the id of another app", good.of(elsewhere.ID), keyRetry),

			always("cookies of another session", good.with(plain.jar(node)), keyForgotten),
			always("the session cookie of another", good.with(plain.jar(node)).without(refreshCookie), keyForgotten),
			always("the end, which this node knows", over, keyForgotten),
			always("the end, and no proof", over.signed(""), keyForgotten),

			{"a proof", good, keyProven, keyRetry, keyProven},
			{"without cookies", good.with(nil), keyProven, keyRetry, keyRetry},
			{"without the refresh cookie", good.without(refreshCookie), keyProven, keyRetry, keyRetry},
			{"without the session cookie", good.without(sessionCookie), keyProven, keyRetry, keyProven},
			{"with cookies from before the binding", good.with(unkeyed), keyBound, keyRetry, keyRetry},
			{"the first proof", first, keyBound, keyRetry, keyRetry},
			{"the first proof, without cookies", first.with(nil), keyProven, keyRetry, keyRetry},

			{"no proof", good.signed(""), keyChallenged, keyRetry, keyChallenged},
			{"no JWT", good.signed("x"), keyChallenged, keyRetry, keyChallenged},
			{"a challenge of the past", late.with(good.cookies), keyChallenged, keyRetry, keyChallenged},
			{"a challenge of the future", bound.proof(node, ahead), keyChallenged, keyRetry, keyChallenged},
			{"no challenge of ours", bound.proof(node, "made up"), keyChallenged, keyRetry, keyChallenged},
			{"a challenge of another session", bound.proof(node, registered.challenge(node)), keyChallenged, keyRetry, keyChallenged},
			{"another key", good.signed(first.jwt), keyChallenged, keyRetry, keyChallenged},
			{"another key, the right challenge", good.signed(w.signed(bound.challenge(node))), keyChallenged, keyRetry, keyChallenged},

			{"not to be remembered", open, keyProven, keyRetry, keyProven},
			{"not to be remembered, and the browser was closed", open.without(sessionCookie, refreshCookie), keyForgotten, keyRetry, keyRetry},
		} {
			before := w.store.Snapshot()
			check := func(state, want string) {
				t.Helper()
				if got := c.post(node); got != want {
					t.Errorf("%s, the store %s: %s, want %s", c.name, state, got, want)
				}
			}
			check("is there", c.up)
			before()
			store.wait.Store(int64(time.Second))
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
		bound.get(node, "/api/private").ok(t, false)
	})
}

// A proof buys one bound cookie, until one time, whenever and wherever it comes.
func TestDeviceRefresh_replay(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		b, other := w.bound(w.shop), w.anotherNode(w.shop)
		proof, version := b.proof(w.shop, b.challenge(w.shop)), b.record(w.shop).Version
		var first string
		for i, node := range []*app{w.shop, w.shop, other, w.shop, other} {
			got := proof.send(node)
			if i == 0 {
				first = got.header.Get("Set-Cookie")
			}
			value, _, _ := strings.Cut(got.header.Get("Set-Cookie"), ";")
			if got.deviceAnswer() != keyProven || !strings.HasPrefix(first, value) {
				t.Errorf("%d: %s %s, want the cookie %s", i, got.deviceAnswer(), value, first)
			}
			time.Sleep(80 * time.Second)
		}
		if got := proof.post(w.shop); got != keyChallenged {
			t.Errorf("after half of its life: %s", got)
		}
		if n := b.record(w.shop).Version - version; n != 0 {
			t.Errorf("%d writes", n)
		}
	})
}

// A client that signs each challenge at once, and posts it as soon as it is taken, gets no cookie
// that ends later than one life and a minute from then.
func TestDeviceRefresh_signedAhead(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		b := w.bound(w.shop)
		challenge := b.newest(w.shop).Challenge
		taken := 0
		for range 4 * 60 {
			got := b.proof(w.shop, challenge).send(w.shop)
			switch got.deviceAnswer() {
			case keyProven:
				taken++
				challenges, err := dbsc.ParseChallenges(got.header)
				must(t, err)
				challenge = challenges[0].Value
				for _, c := range (&http.Response{Header: got.header}).Cookies() {
					if life := time.Duration(c.MaxAge) * time.Second; life > 13*time.Minute {
						t.Errorf("a cookie that lives for %v", life)
					}
				}
			case keyChallenged: // too early
			default:
				t.Fatal(got.deviceAnswer())
			}
			time.Sleep(15 * time.Second)
		}
		if taken < 5 {
			t.Errorf("%d cookies in an hour", taken)
		}
	})
}
