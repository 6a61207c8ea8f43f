package totp

import (
	"testing"
	"time"
)

// The vectors of RFC 6238, appendix B, for SHA-1, and of RFC 4226, appendix D.
func TestVectors(t *testing.T) {
	secret := []byte("12345678901234567890")
	for seconds, want := range map[int64]string{
		59: "94287082", 1111111109: "07081804", 1111111111: "14050471", 1234567890: "89005924", 2000000000: "69279037", 20000000000: "65353130",
	} {
		if got := code(secret, Step(time.Unix(seconds, 0)), 8); got != want {
			t.Errorf("at %d: %s, want %s", seconds, got, want)
		}
	}
	for step, want := range []string{"755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"} {
		if got := Code(secret, int64(step)); got != want {
			t.Errorf("count %d: %s, want %s", step, got, want)
		}
	}
}

func TestMatch(t *testing.T) {
	secret, now := NewSecret(), time.Unix(1_900_000_000, 0)
	this := Step(now)
	for offset := int64(-3); offset <= 3; offset++ {
		step, ok := Match(secret, Code(secret, this+offset), now, 0)
		if near := offset >= -1 && offset <= 1; ok != near || ok && step != this+offset {
			t.Errorf("%+d steps: %v", offset, ok)
		}
	}
	if _, ok := Match(secret, Code(secret, this), now, this); ok {
		t.Error("a code was good twice")
	}
	for _, typed := range []string{"", "1", "1234567", "abcdef"} {
		if _, ok := Match(secret, typed, now, 0); ok {
			t.Errorf("%q is taken", typed)
		}
	}
}
