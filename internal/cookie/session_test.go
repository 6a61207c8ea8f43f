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

// newKey returns a fresh key.
func newKey(id uint32) Key {
	var secret [32]byte
	rand.Read(secret[:])
	return keyOf(id, secret)
}

func keyOf(id uint32, secret [32]byte) Key {
	return Key{ID: id, Derive: func(purpose string, length int, parts ...string) []byte {
		key, err := hkdf.Key(sha256.New, secret[:], nil, strings.Join(append(parts, purpose), "\x00"), length)
		if err != nil {
			panic(err)
		}
		return key
	}}
}

// newKeys returns a ring of one fresh key.
func newKeys() Keys { return Keys{newKey(7)} }

// fuzzKeys returns one ring for all processes of a fuzz test: a text that one of them makes is
// genuine in the others.
func fuzzKeys() Keys { return Keys{keyOf(7, [32]byte{7})} }

// CKE-11: a cookie that was served before vouches for itself alone, and the id that is read without
// a MAC is the one under it.
func TestCKE11_VerifiedCookie(t *testing.T) {
	sessions := NewSessions(newKeys(), "store", "store.example.com")
	for i := range 100 {
		m := Mark{Generation: 7, Branch: NewBranch(), MintedAt: time.UnixMilli(1893456000000), Keyed: i%2 == 1}
		rand.Read(m.ID[:])
		text := sessions.Format(m)
		if id, ok := ClaimedSession(text); !ok || id != m.ID {
			t.Fatalf("%s: claims %v, %v", text, id, ok)
		}
		v := NewVerified(text, m)
		if !v.Is(text) || v.Keyed() != m.Keyed || !v.MintedAt(m.MintedAt.Add(40*24*time.Hour)).Equal(m.MintedAt) || v.Digest != m.Branch.Digest() {
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

// A mark is the same before and after its session is bound; the cookie says which it is.
func TestSessions_keyed(t *testing.T) {
	sessions := NewSessions(newKeys(), "store", "store.test")
	plain := Mark{ID: [16]byte{1}, Generation: 3, Branch: NewBranch(), MintedAt: time.UnixMilli(1893456000000)}
	keyed := plain
	keyed.Keyed = true
	if !plain.Same(keyed) {
		t.Error("a branch is another one after the binding")
	}
	for version, m := range map[byte]Mark{1: plain, 2: keyed} {
		text := sessions.Format(m)
		raw, err := Encoding.DecodeString(text)
		if err != nil || raw[0] != version || len(text) != sessionLength {
			t.Errorf("version %d: %x, %v", version, raw, err)
		}
		if got, ok := sessions.Parse(text); !ok || got != m {
			t.Errorf("version %d: %+v, %v; want %+v", version, got, ok, m)
		}
		raw[0] = 3 - version // the other
		if _, ok := sessions.Parse(Encoding.EncodeToString(raw)); ok {
			t.Errorf("version %d is taken for the other", version)
		}
	}
}

// The character that tells the version begins with bits of it and ends with bits of the key's id.
func TestVerified_keyed(t *testing.T) {
	for bits := range uint32(16) {
		sessions := NewSessions(Keys{newKey(bits<<28 | 1<<27)}, "store", "store.test")
		for _, keyed := range []bool{false, true} {
			m := Mark{Branch: NewBranch(), MintedAt: time.UnixMilli(1893456000000), Keyed: keyed}
			if text := sessions.Format(m); NewVerified(text, m).Keyed() != keyed {
				t.Errorf("%s: keyed is not %v", text, keyed)
			}
		}
	}
}

func FuzzSessionCookie(f *testing.F) {
	sessions := NewSessions(fuzzKeys(), "store", "store.test")
	m := Mark{ID: [16]byte{1}, Generation: 3, Branch: Branch{5}, MintedAt: time.UnixMilli(1893456000000)}
	plain := sessions.Format(m)
	m.Keyed = true
	keyed := sessions.Format(m)
	f.Add(plain)
	f.Add(keyed)
	f.Add("")
	f.Fuzz(func(t *testing.T, text string) {
		if m, ok := sessions.Parse(text); ok && (text != sessions.Format(m) || text != plain && text != keyed) {
			t.Errorf("%q is taken for %+v", text, m)
		}
	})
}
