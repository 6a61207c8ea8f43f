package steps

import (
	"context"
	"crypto"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey/dbsc"
	"github.com/latchkey-dev/latchkey/dbsc/dbsctest"
	"github.com/latchkey-dev/latchkey/latchkeytest"
)

const boundCookie = "__Host-bound"

// A device is the key of a scene's browser, and what the browser knows of its session.
type device struct {
	*scene
	key       crypto.Signer
	offered   string // the challenge of the login
	id        string // of the session, as the browser has it; empty: not registered
	challenge string // for the next proof
}

// beginOffered begins a session, the only one there is, whose browser may register a key.
func (s *stage) beginOffered() *device {
	s.Helper()
	s.store.Lose()
	d := &device{scene: &scene{victim: s.world.NewBrowser()}, key: s.newKey()}
	got := s.send(s.Context(), 0, d.victim, "POST", "/api/login", credentials)
	offers, err := dbsc.ParseOffers(got.Header)
	must(s, err)
	if len(offers) != 1 {
		s.Fatalf("login: %d, %d offers", got.Status, len(offers))
	}
	d.scene.id, d.offered = s.living()[0].ID, offers[0].Challenge
	return d
}

// beginRegistered begins one whose browser has registered a key.
func (s *stage) beginRegistered() *device {
	s.Helper()
	d := s.beginOffered()
	if got := s.register(s.Context(), 0, d, d.key, d.victim); got.Status != 200 {
		s.Fatalf("registration: %d %s", got.Status, got.Body)
	}
	return d
}

// beginBound begins one that is bound.
func (s *stage) beginBound() *device {
	s.Helper()
	d := s.beginRegistered()
	if got := s.prove(s.Context(), 0, d, d.victim); got.Status != 200 {
		s.Fatalf("first proof: %d %s", got.Status, got.Body)
	}
	return d
}

func (s *stage) newKey() crypto.Signer {
	s.Helper()
	key, err := dbsctest.GenerateKey(dbsc.ES256)
	must(s, err)
	return key
}

// post sends what a browser sends beside the page, from one of its tabs.
func (s *stage) post(ctx context.Context, node int, tab *latchkeytest.Browser, path, id, jwt string) *latchkeytest.Response {
	s.Helper()
	r := s.nodes[node].NewRequest(ctx, "POST", "/api/dbsc/"+path, "")
	for name, value := range map[string]string{dbsc.HeaderSessionID: id, dbsc.HeaderResponse: jwt} {
		if value != "" {
			r.Header.Set(name, value)
		}
	}
	got, err := latchkeytest.Read(tab.DoDirectly(s.nodes[node], r))
	must(s, err)
	return got
}

// register registers a key for the session.
func (s *stage) register(ctx context.Context, node int, d *device, key crypto.Signer, tab *latchkeytest.Browser) *latchkeytest.Response {
	s.Helper()
	jwt, err := dbsctest.SignRegistration(key, dbsc.Claims{Challenge: d.offered})
	must(s, err)
	got := s.post(ctx, node, tab, "register", "", jwt)
	if got.Status == 200 {
		d.take(s, key, got)
	}
	return got
}

// take keeps what an answer says to the browser.
func (d *device) take(s *stage, key crypto.Signer, got *latchkeytest.Response) {
	s.Helper()
	var told dbsc.Instructions
	must(s, json.Unmarshal([]byte(got.Body), &told))
	d.key, d.id = key, told.SessionID
	d.takeChallenge(s, got)
}

func (d *device) takeChallenge(s *stage, got *latchkeytest.Response) {
	s.Helper()
	challenges, err := dbsc.ParseChallenges(got.Header)
	must(s, err)
	if len(challenges) != 1 {
		s.Fatalf("%d %s, and %d challenges", got.Status, got.Body, len(challenges))
	}
	d.challenge = challenges[0].Value
}

// prove posts a proof of the key. ask gets its challenge.
func (s *stage) prove(ctx context.Context, node int, d *device, tab *latchkeytest.Browser) *latchkeytest.Response {
	s.Helper()
	jwt, err := dbsctest.SignProof(d.key, dbsc.Claims{Challenge: d.challenge})
	must(s, err)
	return s.post(ctx, node, tab, "refresh", d.id, jwt)
}

// ask gets a challenge of now.
func (s *stage) ask(d *device) {
	s.Helper()
	d.takeChallenge(s, s.post(s.Context(), 0, d.victim.Copy(s.nodes[0]), "refresh", d.id, ""))
}

// proven reports whether an answer is a bound cookie.
func proven(got *latchkeytest.Response) bool { return got.Status == 200 && got.SetsCookie(boundCookie) }

// forgotten reports whether an answer takes the key from the browser.
func forgotten(got *latchkeytest.Response) bool {
	return got.Status == 200 && strings.Contains(got.Body, `"continue":false`)
}

// goesOnBound has the browser prove its key whenever that is due, and use the session past
// everything that the rules do later.
func (s *stage) goesOnBound(t *testing.T, d *device) {
	t.Helper()
	for _, pause := range []time.Duration{0, 2 * time.Minute, 5 * time.Minute, time.Hour, 2 * time.Minute} {
		time.Sleep(pause)
		s.ask(d)
		if got := s.prove(s.Context(), 1, d, d.victim); !proven(got) {
			t.Errorf("the next proof: %d %s", got.Status, got.Body)
		}
		if got := s.get(s.Context(), 0, d.victim); got.Status != 200 {
			t.Errorf("afterwards: %d %s", got.Status, got.Body)
		}
	}
	if rec := s.record(d.scene); rec.Binding == nil || rec.Binding.BoundAt.IsZero() {
		t.Error("the session is not bound")
	}
	copied := d.victim.Copy(s.nodes[0], sessionCookie, refreshCookie)
	want(t, s.get(s.Context(), 0, copied), 401, "device_proof_required", "")
}
