package cookie

import (
	"testing"
	"time"
	"unsafe"

	"github.com/latchkey-dev/latchkey/internal/race"
)

func TestBoundCookies_ofAnotherKey(t *testing.T) {
	bound := NewBoundCookies(newKeys(), "store", "store.test")
	text := bound.Format(someSubject.id, someSubject.thumbprint, someTime)
	if len(text) != 60 {
		t.Errorf("%d characters", len(text))
	}
	if _, ok := bound.Parse(text, someSubject.id, [32]byte{3}); ok {
		t.Error("it is genuine for another key of the same session")
	}
}

// A later program may mean something else by the same bytes.
func TestBoundCookies_ofAnotherVersion(t *testing.T) {
	bound := NewBoundCookies(newKeys(), "store", "store.test")
	raw, err := Encoding.DecodeString(bound.Format(someSubject.id, someSubject.thumbprint, someTime))
	if err != nil {
		t.Fatal(err)
	}
	raw[0] = boundVersion + 1
	sum := code(bound.keys[0], raw[:boundHeadSize], someSubject.id[:], someSubject.thumbprint[:])
	copy(raw[boundHeadSize:], sum[:])
	if _, ok := bound.Parse(Encoding.EncodeToString(raw), someSubject.id, someSubject.thumbprint); ok {
		t.Error("a cookie of a version that is not known is believed")
	}
}

func FuzzBoundCookie(f *testing.F) {
	keys := fuzzKeys()
	bound := NewBoundCookies(keys, "store", "store.test")
	genuine := bound.Format(someSubject.id, someSubject.thumbprint, someTime)
	f.Add(genuine)
	f.Add(bound.Format([16]byte{9}, someSubject.thumbprint, someTime))
	f.Add(NewBoundCookies(keys, "forums", "store.test").Format(someSubject.id, someSubject.thumbprint, someTime))
	f.Add("")
	f.Fuzz(func(t *testing.T, text string) {
		if end, ok := bound.Parse(text, someSubject.id, someSubject.thumbprint); ok && (text != genuine || !end.Equal(someTime)) {
			t.Errorf("%q is taken for one that ends at %v", text, end)
		}
	})
}

func TestVerifiedBound(t *testing.T) {
	text := NewBoundCookies(newKeys(), "store", "store.test").Format(someSubject.id, someSubject.thumbprint, someTime)
	v := NewVerifiedBound(text, someTime)
	if !v.Is(text) || !v.End().Equal(someTime.Truncate(time.Second)) {
		t.Errorf("%s is not known again, or ends at %v", text, v.End())
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

// There is one of each for a session in memory: they fill their size classes.
func TestVerified_sizes(t *testing.T) {
	if size := unsafe.Sizeof(Verified{}); size != 128 {
		t.Errorf("a verified session cookie takes %d bytes", size)
	}
	if size := unsafe.Sizeof(VerifiedBound{}); size != 64 {
		t.Errorf("a verified bound cookie takes %d bytes", size)
	}
}

func TestBoundCookies_allocateNothing(t *testing.T) {
	if race.Enabled {
		t.Skip("under the race detector, a pool forgets at random")
	}
	bound := NewBoundCookies(newKeys(), "store", "store.test")
	text := bound.Format(someSubject.id, someSubject.thumbprint, someTime)
	v := NewVerifiedBound(text, someTime)
	session := NewVerified(NewSessions(newKeys(), "store", "store.test").Format(Mark{Keyed: true}), Mark{})
	for what, run := range map[string]func(){
		"Parse": func() { bound.Parse(text, someSubject.id, someSubject.thumbprint) },
		"Is":    func() { v.Is(text) },
		"Keyed": func() { session.Keyed() },
	} {
		if n := testing.AllocsPerRun(100, run); n >= 1 {
			t.Errorf("%s: %v allocations", what, n)
		}
	}
}
