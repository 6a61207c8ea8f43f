package dbsctest_test

import (
	"crypto"
	"net/http"
	"testing"

	"github.com/latchkey-dev/latchkey/dbsc"
	"github.com/latchkey-dev/latchkey/dbsc/dbsctest"
)

// proves returns the key of a session, and whether a request is a proof by it.
func proves(t *testing.T, r *http.Request, key crypto.Signer) bool {
	t.Helper()
	public, err := dbsc.KeyOf(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	text, _ := dbsc.Response(r.Header)
	p, err := dbsc.ParseProof(text)
	return err == nil && p.Verify(public) == nil
}

// TestMisuse is what a test can do and a browser does not.
func TestMisuse(t *testing.T) {
	inBubble(t, func(w *world) {
		w.register = challenge("c2", good("s1"))
		w.bind()
		s := w.Sessions()[0]
		post := func(jwt string) *http.Request {
			t.Helper()
			resp, err := w.Post(w.Context(), s.RefreshURL, s.Origin, s.ID, jwt)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			return w.requests[len(w.requests)-1]
		}

		// Sign any challenge, and send the proof twice.
		proof, err := dbsctest.SignProof(s.Key, dbsc.Claims{Challenge: "of the test"})
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if r := post(proof); !proves(t, r, s.Key) || jti(r) != "of the test" || r.Header.Get(dbsc.HeaderSessionID) != "s1" {
				t.Errorf("%v", r.Header)
			}
		}
		// Prove nothing.
		if r := post(""); r.Header.Get(dbsc.HeaderResponse) != "" {
			t.Error("there is a proof")
		}
		// Sign with another key.
		other, err := dbsctest.GenerateKey(dbsc.RS256)
		if err != nil {
			t.Fatal(err)
		}
		changed := s
		changed.Key = other
		w.Put(changed)
		w.deleteBound()
		w.posts()
		w.get(home)
		if posts := w.posts(); len(posts) != 1 || proves(t, posts[0], s.Key) || !proves(t, posts[0], other) {
			t.Errorf("%d posts", len(posts))
		}
		// Lose the key, and not the cookies.
		w.Drop("s1")
		if !hasBound(w.get(home)) {
			t.Error("the cookie is lost")
		}
		w.deleteBound()
		if hasBound(w.get(home)) || len(w.posts()) != 0 {
			t.Error("refreshed without a key")
		}
		// Restore an old copy of the profile.
		w.Put(s)
		w.get(home)
		if posts := w.posts(); len(posts) != 1 || jti(posts[0]) != "c2" {
			t.Errorf("%d posts", len(posts))
		}
	})
}

// TestKeys_ofTheTest: a simulation can make keys of its own.
func TestKeys_ofTheTest(t *testing.T) {
	inBubble(t, func(w *world) {
		key, err := dbsctest.GenerateKey(dbsc.ES256)
		if err != nil {
			t.Fatal(err)
		}
		w.NewKey = func(dbsc.Algorithm) (crypto.Signer, error) { return key, nil }
		w.bind()
		if w.Sessions()[0].Key != key {
			t.Error("another key")
		}
	})
}
