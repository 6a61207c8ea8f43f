package cookie

import (
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey/internal/race"
)

// newKeys returns one fresh key.
func newKeys() Keys {
	var secret [32]byte
	rand.Read(secret[:])
	return Keys{{ID: 7, Derive: func(purpose string, length int, parts ...string) []byte {
		key, err := hkdf.Key(sha256.New, secret[:], nil, strings.Join(append(parts, purpose), "\x00"), length)
		if err != nil {
			panic(err)
		}
		return key
	}}}
}

// CKE-11: a cookie that was served before vouches for itself alone, and the id that is read without
// a MAC is the one under it.
func TestCKE11_VerifiedCookie(t *testing.T) {
	sessions := NewSessions(newKeys(), "store", "store.example.com")
	for range 100 {
		m := Mark{Generation: 7, Branch: NewBranch(), MintedAt: time.UnixMilli(1893456000000)}
		rand.Read(m.ID[:])
		text := sessions.Format(m)
		if id, ok := ClaimedSession(text); !ok || id != m.ID {
			t.Fatalf("%s: claims %v, %v", text, id, ok)
		}
		v := NewVerified(text, m)
		if !v.Is(text) || !v.MintedAt(m.MintedAt.Add(40*24*time.Hour)).Equal(m.MintedAt) || v.Digest != m.Branch.Digest() {
			t.Fatalf("%s is not known again", text)
		}
		for i := range text {
			changed := []byte(text)
			changed[i] ^= 1
			if v.Is(string(changed)) {
				t.Errorf("character %d does not count", i)
			}
		}
		if v.Is(text[:len(text)-1]) || v.Is(text+"A") || v.Is("") {
			t.Error("the length does not count")
		}
	}
}

func FuzzClaimedSession(f *testing.F) {
	sessions := NewSessions(newKeys(), "store", "store.example.com")
	f.Add(sessions.Format(Mark{Branch: NewBranch(), MintedAt: time.Now()}))
	f.Add("")
	f.Fuzz(func(t *testing.T, text string) {
		id, ok := ClaimedSession(text)
		if m, genuine := sessions.Parse(text); genuine && (!ok || id != m.ID) {
			t.Errorf("%q: genuine for %v, claims %v, %v", text, m.ID, id, ok)
		}
	})
}

func TestSessions_parseAllocatesNothing(t *testing.T) {
	if race.Enabled {
		t.Skip("under the race detector, a pool forgets at random")
	}
	sessions := NewSessions(newKeys(), "store", "store.example.com")
	text := sessions.Format(Mark{Branch: NewBranch(), MintedAt: time.Now()})
	if n := testing.AllocsPerRun(100, func() { sessions.Parse(text) }); n >= 1 {
		t.Errorf("%v allocations", n)
	}
}
