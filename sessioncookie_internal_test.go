package latchkey

import (
	"crypto/rand"
	"testing"
	"time"
)

// CKE-11: a cookie that was served before vouches for itself alone, and the id that is read without
// a MAC is the one under it.
func TestCKE11_ProvenCookie(t *testing.T) {
	mac := newSessionMAC(KeyRing{NewKey()}, "store", "store.example.com")
	for range 100 {
		m := mark{generation: 7, branch: newBranch(), mintedAt: time.UnixMilli(1893456000000)}
		rand.Read(m.id[:])
		text := mac.format(m)
		if id, ok := claimedSession(text); !ok || id != m.id {
			t.Fatalf("%s: claims %v, %v", text, id, ok)
		}
		var kept cachedRecord
		kept.remember(text, m)
		proven := kept.verified.Load()
		kept.ID, kept.Generation = m.id, m.generation
		p := proven.presented(&kept.Record, m.mintedAt.Add(40*24*time.Hour))
		if !proven.is(text) || p.id != m.id || p.generation != m.generation || !p.mintedAt.Equal(m.mintedAt) || Digest(p.proof().Branch) != m.branch.digest() {
			t.Fatalf("%s is not known again", text)
		}
		for i := range text {
			changed := []byte(text)
			changed[i] ^= 1
			if proven.is(string(changed)) {
				t.Errorf("character %d does not count", i)
			}
		}
		if proven.is(text[:len(text)-1]) || proven.is(text+"A") || proven.is("") {
			t.Error("the length does not count")
		}
	}
}

func FuzzClaimedSession(f *testing.F) {
	mac := newSessionMAC(KeyRing{NewKey()}, "store", "store.example.com")
	f.Add(mac.format(mark{branch: newBranch(), mintedAt: time.Now()}))
	f.Add("")
	f.Fuzz(func(t *testing.T, text string) {
		id, ok := claimedSession(text)
		if m, genuine := mac.parse(text); genuine && (!ok || id != m.id) {
			t.Errorf("%q: genuine for %v, claims %v, %v", text, m.id, id, ok)
		}
	})
}
