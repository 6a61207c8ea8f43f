package latchkey_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/dbsc"
	"github.com/latchkey-dev/latchkey/dbsc/dbsctest"
	"github.com/latchkey-dev/latchkey/idp/idptest"
)

const boundCookie = "__Host-bound"

// bindingBrowser returns a browser that binds sessions to keys.
func (w *world) bindingBrowser() *browser { return &browser{Browser: w.NewBindingBrowser()} }

// bound logs a browser in and waits until its session is bound, and the grace is over.
func (w *world) bound(a *app) *browser {
	w.Helper()
	b := w.bindingBrowser()
	b.login(a)
	b.get(a, "/api/private").ok(w, false)
	if !strings.Contains(b.get(a, "/api/sessions").body, `"deviceBound":true`) {
		w.Fatal("the session is not bound")
	}
	time.Sleep(time.Minute + time.Second)
	b.get(a, "/api/private").ok(w, false)
	return b
}

// bindings counts events.
func (w *world) events(a *app, change func(*latchkey.Config)) (count func(latchkey.EventKind) int) {
	c := a.Config
	seen := make(chan latchkey.EventKind, 10_000)
	c.OnEvent = func(_ context.Context, e latchkey.Event) { seen <- e.Kind }
	if change != nil {
		change(&c)
	}
	a.Close()
	a.start(c)
	counts := make(map[latchkey.EventKind]int)
	return func(kind latchkey.EventKind) int {
		for {
			select {
			case k := <-seen:
				counts[k]++
			default:
				return counts[kind]
			}
		}
	}
}

// A copy of the session and refresh cookies of a bound session is worthless at once, one of the
// whole jar after the life of its bound cookie. The owner notices nothing, for hours.
func TestBinding_stolenCookies(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		for _, a := range []*app{w.shop, w.forums} {
			happened := w.events(a, nil)
			b := w.bound(a)
			pair, jar := b.copy(a, sessionCookie, refreshCookie), b.copy(a)
			stolen := time.Now()
			if happened(latchkey.EventBound) != 1 {
				t.Error("not bound once")
			}
			pair.get(a, "/api/private").want(t, 401, "device_proof_required", "")
			pair.get(a, "/api/user").want(t, 401, "device_proof_required", "")
			pair.get(a, "/api/sessions").want(t, 401, "device_proof_required", "")
			if got := pair.get(a, "/api/public"); got.body != "nobody" {
				t.Errorf("behind Identify: %d %q", got.status, got.body)
			}
			jar.get(a, "/api/private").ok(t, false)
			for time.Since(stolen) < 8*time.Hour {
				time.Sleep(7 * time.Minute)
				if got := b.get(a, "/api/private"); got.status != 200 {
					t.Fatalf("the owner after %v: %d %s", time.Since(stolen), got.status, got.body)
				}
				if got := jar.get(a, "/api/private"); time.Since(stolen) > 14*time.Minute {
					got.want(t, 401, "device_proof_required", "")
				}
				pair.get(a, "/api/private").want(t, 401, "device_proof_required", "")
			}
			if happened(latchkey.EventEnded) != 0 || happened(latchkey.EventTheft) != 0 || happened(latchkey.EventProofMissing) < 60 {
				t.Errorf("%d ends, %d thefts, %d missing proofs", happened(latchkey.EventEnded), happened(latchkey.EventTheft), happened(latchkey.EventProofMissing))
			}
			b.send(a, "POST", "/api/logout", "").want(t, 204, "", "")
			if left := b.jar(a)[boundCookie]; left != "" {
				t.Error("the bound cookie outlives the logout")
			}
			b.get(a, "/api/private").want(t, 401, "login_required", "")
		}
	})
}

// A thief with the whole jar refreshes first, while its bound cookie lives. The owner goes on.
func TestBinding_thiefRefreshesFirst(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		b := w.bound(w.shop)
		time.Sleep(28*time.Minute + 30*time.Second) // the session id is idle soon
		b.get(w.shop, "/api/private").ok(t, false)
		thief := b.copy(w.shop)
		time.Sleep(9 * time.Minute)
		for range 12 {
			thief.get(w.shop, "/api/private")
			time.Sleep(time.Minute)
		}
		for range 30 {
			if got := b.get(w.shop, "/api/private"); got.status != 200 {
				t.Fatalf("the owner: %d %s", got.status, got.body)
			}
			thief.get(w.shop, "/api/private").want(t, 401, "device_proof_required", "")
			time.Sleep(10 * time.Minute)
		}
	})
}

// Whatever keeps the browser from proving its key for the first time leaves the session unbound, as
// if the browser could not bind: the response to the registration is lost, or the browser rejects
// it, or something on the way drops a header.
func TestBinding_unbound(t *testing.T) {
	spoil := map[string]func(*http.Request, *http.Response) error{
		"registration is lost": func(r *http.Request, resp *http.Response) error {
			if strings.HasSuffix(r.URL.Path, "/register") {
				return errors.New("the answer is lost")
			}
			return nil
		},
		"offer is dropped": func(_ *http.Request, resp *http.Response) error {
			resp.Header.Del(dbsc.HeaderRegistration)
			return nil
		},
		"instructions are rejected": func(r *http.Request, resp *http.Response) error {
			if strings.HasSuffix(r.URL.Path, "/register") {
				resp.Body = io.NopCloser(strings.NewReader("{}"))
			}
			return nil
		},
	}
	for name, spoil := range spoil {
		t.Run(name, func(t *testing.T) {
			simulate(t, func(t *testing.T, w *world) {
				happened := w.events(w.shop, nil)
				b := w.bindingBrowser()
				b.Keys.Transport = spoiled{b.Keys.Transport, spoil}
				b.login(w.shop)
				for range 12 {
					if got := b.get(w.shop, "/api/private"); got.status != 200 {
						t.Fatalf("%d %s", got.status, got.body)
					}
					time.Sleep(15 * time.Minute)
				}
				if happened(latchkey.EventBound) != 0 || happened(latchkey.EventUnbound) != 1 {
					t.Errorf("%d bound, %d unbound", happened(latchkey.EventBound), happened(latchkey.EventUnbound))
				}
			})
		})
	}
}

// spoiled changes responses on their way.
type spoiled struct {
	http.RoundTripper
	spoil func(*http.Request, *http.Response) error
}

func (s spoiled) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := s.RoundTripper.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	if err := s.spoil(r, resp); err != nil {
		resp.Body.Close()
		return nil, err
	}
	return resp, nil
}

// The store forgets the binding: the keyed refresh cookie brings it back, and a copy of the cookies
// is as worthless as before. One that forgets everything is no help to a thief either.
func TestBinding_storeForgets(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		for _, lose := range []string{"the binding", "everything"} {
			b := w.bindingBrowser()
			b.login(w.shop)
			w.store.snapshot()
			b.get(w.shop, "/api/private").ok(t, false)
			time.Sleep(2 * time.Minute)
			thief := b.copy(w.shop, sessionCookie, refreshCookie)
			if lose == "everything" {
				w.store.lose()
			} else {
				w.store.rollback()
			}
			thief.get(w.shop, "/api/private").want(t, 401, "device_proof_required", "")
			if got := b.get(w.shop, "/api/private"); got.status != 200 {
				t.Fatalf("%s: %d %s", lose, got.status, got.body)
			}
			thief.get(w.shop, "/api/private").want(t, 401, "device_proof_required", "")
			time.Sleep(3 * time.Hour)
			if got := b.get(w.shop, "/api/private"); got.status != 200 {
				t.Fatalf("%s, later: %d %s", lose, got.status, got.body)
			}
			thief.get(w.shop, "/api/private").want(t, 401, "device_proof_required", "")
		}
	})
}

// A session that is over is told to be over, whether the store still has it or not. Nobody is asked
// for a proof, and no operator is alarmed: the browser has dropped its key.
func TestBinding_endsBeforeItsProof(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		count := w.events(w.shop, func(c *latchkey.Config) { c.AbsoluteTimeout = 8 * time.Hour })
		for _, end := range []struct {
			reason string
			happen func()
		}{
			{"absolute_timeout", func() { time.Sleep(8 * time.Hour) }},
			{"revoked_by_admin", func() {
				must(t, w.shop.guard.EndAppSessions(t.Context(), time.Now(), latchkey.EndRevokedByAdmin))
			}},
		} {
			b := w.bindingBrowser()
			b.send(w.shop, "POST", "/api/login", `{"email":"ada@example.com","password":"`+idptest.Password+`","remember":false}`).want(t, 200, "", "")
			b.get(w.shop, "/api/private").ok(t, false) // binds it
			time.Sleep(time.Minute)
			w.store.lose()
			end.happen()
			time.Sleep(15 * time.Minute)
			b.get(w.shop, "/api/private").want(t, 401, "login_required", end.reason)
		}
		if n := count(latchkey.EventProofMissing); n != 0 {
			t.Errorf("%d requests are said to be without a proof", n)
		}
	})
}

// A session that is served from memory is not served without its proof.
func TestBinding_fromMemory(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		b := w.bound(w.shop)
		b.get(w.shop, "/api/private").ok(t, false)
		b.copy(w.shop, sessionCookie).get(w.shop, "/api/private").want(t, 401, "device_proof_required", "")
		b.get(w.shop, "/api/private").ok(t, false)
	})
}

// The browser's key of an earlier login must not get in the way of a later one.
func TestBinding_secondLogin(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		b := w.bound(w.shop)
		first := b.Keys.Sessions()[0].ID
		b.login(w.shop)
		for range 20 {
			if got := b.get(w.shop, "/api/private"); got.status != 200 {
				t.Fatalf("%d %s", got.status, got.body)
			}
			time.Sleep(11 * time.Minute)
		}
		left := b.Keys.Sessions()
		if len(left) != 1 || left[0].ID == first {
			t.Errorf("the browser has %d keys", len(left))
		}
	})
}

// A browser that has lost its key needs a login, and only that.
func TestBinding_keyLost(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		b := w.bound(w.shop)
		b.Keys.Drop(b.Keys.Sessions()[0].ID)
		time.Sleep(15 * time.Minute)
		b.get(w.shop, "/api/private").want(t, 401, "device_proof_required", "")
		b.login(w.shop)
		b.get(w.shop, "/api/private").ok(t, false)
	})
}

// On a new bound cookie's way the bound cookie of another session may still be in the jar.
func TestBinding_bridgesAForeignBoundCookie(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		b, other := w.bound(w.shop), w.bound(w.shop)
		b.set(w.shop, boundCookie, other.jar(w.shop)[boundCookie])
		b.get(w.shop, "/api/private").ok(t, false)
		b.set(w.shop, boundCookie, other.jar(w.shop)[boundCookie])
		b.stubborn = true
		b.get(w.shop, "/api/private").wantNoBoundCookie(t)
	})
}

// wantNoBoundCookie fails the test unless the browser is to come again without its bound cookie.
func (r reply) wantNoBoundCookie(t *testing.T) {
	t.Helper()
	cleared := func(c *http.Cookie) bool { return c.Name == boundCookie && c.MaxAge < 0 }
	if r.status != http.StatusTemporaryRedirect || !slices.ContainsFunc((&http.Response{Header: r.header}).Cookies(), cleared) {
		t.Errorf("%d %s, %v; want 307 that clears the bound cookie", r.status, r.body, r.header)
	}
}

// Modes. With watch and off, nothing is refused, and keys stay.
func TestBinding_modes(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		b := w.bound(w.shop)
		thief := b.copy(w.shop, sessionCookie, refreshCookie)
		mode := func(m latchkey.DeviceBinding) (count func(latchkey.EventKind) int) {
			return w.events(w.shop, func(c *latchkey.Config) { c.DeviceBinding = m })
		}
		happened := mode(latchkey.DeviceBindingWatch)
		thief.get(w.shop, "/api/private").ok(t, false)
		if happened(latchkey.EventProofMissing) != 1 {
			t.Error("what would be refused is not reported")
		}
		happened = mode(latchkey.DeviceBindingOff)
		thief.get(w.shop, "/api/private").ok(t, false)
		if happened(latchkey.EventProofMissing) != 0 {
			t.Error("reported although binding is off")
		}
		if got := w.bindingBrowser().login(w.shop); got.header.Get(dbsc.HeaderRegistration) != "" {
			t.Error("offered although binding is off")
		}
		for range 10 {
			b.get(w.shop, "/api/private")
			time.Sleep(10 * time.Minute)
		}
		mode(latchkey.DeviceBindingOn)
		if got := b.get(w.shop, "/api/private"); got.status != 200 {
			t.Errorf("the owner: %d %s", got.status, got.body)
		}
		thief.get(w.shop, "/api/private").want(t, 401, "device_proof_required", "")

		unbound := newBrowser()
		unbound.login(w.shop)
		mode(latchkey.DeviceBindingRequire)
		unbound.get(w.shop, "/api/private").ok(t, false)
		time.Sleep(2*time.Minute + time.Second)
		unbound.get(w.shop, "/api/private").want(t, 401, "login_required", "device_not_bound")
		b.get(w.shop, "/api/private").ok(t, false)
	})
}

// The bound cookie of an earlier login has landed on that of the new one, so the browser sees no
// need to prove the new key. Where sessions must be bound it gets the chance.
func TestBinding_requiredWithAForeignBoundCookie(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		w.events(w.shop, func(c *latchkey.Config) { c.DeviceBinding = latchkey.DeviceBindingRequire })
		other, b := w.bound(w.shop), w.bindingBrowser()
		b.login(w.shop)
		late := b.copy(w.shop, sessionCookie, refreshCookie)
		late.set(w.shop, boundCookie, other.jar(w.shop)[boundCookie])
		late.stubborn = true
		time.Sleep(2*time.Minute + time.Second)
		late.get(w.shop, "/api/private").wantNoBoundCookie(t)
		b.get(w.shop, "/api/private").ok(t, false)
	})
}

// A second key for a session is refused, with the same challenge and with any other.
func TestBinding_firstKeyWins(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		happened := w.events(w.shop, nil)
		b := w.bindingBrowser()
		got := b.login(w.shop)
		offers, err := dbsc.ParseOffers(got.header)
		must(t, err)
		key, err := dbsctest.GenerateKey(dbsc.ES256)
		must(t, err)
		register := func(as *browser, challenge string) int {
			jwt, err := dbsctest.SignRegistration(key, dbsc.Claims{Challenge: challenge})
			must(t, err)
			return as.send(w.shop, "POST", "/api/dbsc/register", "", header(dbsc.HeaderResponse, jwt)).status
		}
		thief := b.copy(w.shop)
		if status := register(thief, offers[0].Challenge); status != 403 || happened(latchkey.EventBindingContested) != 1 {
			t.Errorf("%d", status)
		}
		other := newBrowser()
		got = other.login(w.shop)
		theirs, err := dbsc.ParseOffers(got.header)
		must(t, err)
		for name, status := range map[string]int{
			"the challenge of another session": register(other, offers[0].Challenge),
			"no challenge":                     register(other, "x"),
			"no cookies":                       register(newBrowser(), theirs[0].Challenge),
		} {
			if status != 403 {
				t.Errorf("%s: %d", name, status)
			}
		}
		time.Sleep(2*time.Minute + time.Second)
		if status := register(other, theirs[0].Challenge); status != 403 {
			t.Errorf("too late: %d", status)
		}
	})
}
