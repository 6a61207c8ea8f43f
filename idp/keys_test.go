package idp_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey/idp"
	"github.com/latchkey-dev/latchkey/idp/idptest"
)

func (w *world) published() (kids []string) {
	w.t.Helper()
	var set struct{ Keys []struct{ Kid string } }
	w.send("GET", "/.well-known/jwks.json", "", "").decode(&set)
	for _, k := range set.Keys {
		kids = append(kids, k.Kid)
	}
	return kids
}

func (w *world) token() string { return w.login(nil).want(http.StatusOK).text("token") }

func (w *world) valid(token string) bool {
	return w.send("GET", "/api/jwt/validate", "", "", "Authorization", "Bearer "+token).status == http.StatusOK
}

// A new key is published before it signs, and the old one verifies as long as its tokens live.
func TestRotateSigningKey(t *testing.T) {
	w := newWorld(t)
	first := w.published()[0]
	old := w.token()
	w.clock.advance(time.Second)
	kid, err := w.RotateSigningKey(t.Context())
	must(t, err)
	if got := w.published(); len(got) != 2 || got[0] != kid || got[1] != first {
		t.Fatalf("published %v, want %s before %s", got, kid, first)
	}
	if keyOf(t, w.token()) != first {
		t.Error("the new key signs before everybody knows it")
	}
	w.clock.advance(10 * time.Minute)
	fresh := w.token()
	if keyOf(t, fresh) != kid || !w.valid(fresh) || !w.valid(old) {
		t.Errorf("signed by %s, want %s; the old token is valid: %v", keyOf(t, fresh), kid, w.valid(old))
	}
	w.clock.advance(2 * time.Hour)
	_, err = w.RotateSigningKey(t.Context())
	must(t, err)
	if got := w.published(); len(got) != 2 || got[1] != kid {
		t.Errorf("published %v: the first key has done its work", got)
	}
}

func TestKeysRotateByThemselves(t *testing.T) {
	w := newWorld(t, idptest.WithConfig(func(c *idp.Config) { c.KeyRotation = 24 * time.Hour }))
	seen := map[string]bool{}
	for range 4 * 24 {
		seen[keyOf(t, w.token())] = true
		w.clock.advance(time.Hour)
	}
	if len(seen) < 3 || len(seen) > 5 || len(w.published()) > 2 {
		t.Errorf("%d keys signed in four days, %d are published", len(seen), len(w.published()))
	}
}

// keyOf returns the id of the key that signed a JWT.
func keyOf(t *testing.T, token string) string {
	t.Helper()
	head, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[0])
	must(t, err)
	var header struct{ Kid string }
	must(t, json.Unmarshal(head, &header))
	return header.Kid
}
