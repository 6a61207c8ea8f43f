package password

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

var cheap = Params{MemoryKiB: 8, Iterations: 1, Lanes: 1}

func newHasher(t *testing.T, p Params, workers, queue int) *Hasher {
	t.Helper()
	h, err := NewHasher(p, workers, queue)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestPWD01_DefaultIsStrong(t *testing.T) {
	if !OWASP.Strong() {
		t.Error("the default is weaker than OWASP's rows")
	}
	for p, want := range map[Params]bool{
		{47104, 1, 1}: true, {47103, 1, 1}: false, {19455, 2, 1}: false, {12288, 3, 1}: true, {12288, 2, 1}: false,
		{9216, 4, 1}: true, {7168, 5, 1}: true, {7167, 16, 1}: false,
	} {
		if p.Strong() != want {
			t.Errorf("%+v: Strong = %v, want %v", p, !want, want)
		}
	}
}

func TestVerify(t *testing.T) {
	h, ctx := newHasher(t, cheap, 1, 1), t.Context()
	stored, err := h.Hash(ctx, "cafe\u0301 au lait")
	if err != nil {
		t.Fatal(err)
	}
	if again, err := h.Hash(ctx, "cafe\u0301 au lait"); err != nil || again == stored {
		t.Error("PWD-02: one password, one hash: the salt is missing")
	}
	if !strings.HasPrefix(stored, "$argon2id$v=19$m=8,t=1,p=1$") {
		t.Errorf("PWD-01: stored as %q", stored)
	}
	for _, c := range []struct {
		stored, password string
		want             bool
	}{
		{stored, "caf\u00e9 au lait", true},
		{stored, "cafe au lait", false},
		{stored, "", false},
		{stored, strings.Repeat("x", MaxBytes+1), false},
		{"", "caf\u00e9 au lait", false},
		{"", "", false},
	} {
		ok, renewed, err := h.Verify(ctx, c.stored, c.password)
		if err != nil || ok != c.want || renewed != "" {
			t.Errorf("Verify(%q, %q) = %v, %q, %v, want %v", c.stored, c.password, ok, renewed, err, c.want)
		}
	}
	if _, err := h.Hash(ctx, strings.Repeat("x", MaxBytes+1)); !errors.Is(err, ErrTooLong) {
		t.Errorf("PWD-06: error %v, want ErrTooLong", err)
	}
}

// TestOverlongIsNotEmpty: an over-long password is hashed as something else,
// and must not match what that something is.
func TestOverlongIsNotEmpty(t *testing.T) {
	h := newHasher(t, cheap, 1, 1)
	stored, err := h.Hash(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	if ok, _, _ := h.Verify(t.Context(), stored, strings.Repeat("x", MaxBytes+1)); ok {
		t.Error("an over-long password matches the empty one")
	}
}

func TestPWD04_RenewsAtTodaysCost(t *testing.T) {
	old, ctx := newHasher(t, cheap, 1, 1), t.Context()
	stored, err := old.Hash(ctx, "secret")
	if err != nil {
		t.Fatal(err)
	}
	today := newHasher(t, Params{16, 1, 1}, 1, 1)
	ok, renewed, err := today.Verify(ctx, stored, "secret")
	if err != nil || !ok || !strings.Contains(renewed, "m=16,t=1,p=1") {
		t.Fatalf("Verify = %v, %q, %v", ok, renewed, err)
	}
	if ok, more, err := today.Verify(ctx, renewed, "secret"); err != nil || !ok || more != "" {
		t.Errorf("the renewed hash: %v, %q, %v", ok, more, err)
	}
	if _, renewed, _ := today.Verify(ctx, stored, "wrong"); renewed != "" {
		t.Error("a wrong password renewed the hash")
	}
}

// TestPWD07_PoisonedHashes are refused before they cost anything.
func TestPWD07_PoisonedHashes(t *testing.T) {
	h := newHasher(t, cheap, 1, 1)
	good, err := h.Hash(t.Context(), "secret")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range [][2]string{
		{"m=8,", "m=4194304,"}, {"m=8,", "m=262145,"}, {"m=8,", "m=7,"}, {"m=8,", "m=08,"}, {"m=8,", "m=-8,"}, {"m=8,", "m=4294967304,"},
		{"t=1,", "t=17,"}, {"t=1,", "t=0,"}, {"p=1", "p=9"}, {"p=1", "p=0"}, {"p=1", "p=257"}, {"p=1", "p=1,x=1"},
		{"argon2id", "argon2i"}, {"v=19", "v=16"}, {"$v=19", ""}, {"$argon2id", "argon2id"},
	} {
		bad := strings.Replace(good, r[0], r[1], 1)
		if bad == good {
			t.Fatalf("%v changes nothing", r)
		}
		if ok, _, err := h.Verify(t.Context(), bad, "secret"); ok || err == nil {
			t.Errorf("%v was taken", r)
		}
	}
	for _, cut := range []string{good[:len(good)-30], good + strings.Repeat("A", 100), good + "$", good + "="} {
		if _, _, err := h.Verify(t.Context(), cut, "secret"); err == nil {
			t.Errorf("%q was taken", cut)
		}
	}
}

// TestQueue: one runs, one waits, the next is refused at once, and a caller that
// goes away makes room.
func TestQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, ctx := newHasher(t, cheap, 1, 1), t.Context()
		if err := h.ours.enter(ctx); err != nil { // the worker is busy
			t.Fatal(err)
		}
		began := time.Now()
		impatient, leave := context.WithCancel(ctx)
		left, served := make(chan error, 1), make(chan error, 1)
		go func() {
			_, err := h.Hash(impatient, "secret")
			left <- err
		}()
		synctest.Wait()
		if _, err := h.Hash(ctx, "secret"); !errors.Is(err, ErrBusy) {
			t.Errorf("error %v, want ErrBusy", err)
		}
		leave()
		if err := <-left; !errors.Is(err, context.Canceled) {
			t.Errorf("error %v, want Canceled", err)
		}
		go func() {
			_, err := h.Hash(ctx, "secret")
			served <- err
		}()
		synctest.Wait()
		if _, _, err := h.Verify(ctx, "", "secret"); !errors.Is(err, ErrBusy) {
			t.Errorf("error %v, want ErrBusy", err)
		}
		h.ours.leave()
		if err := <-served; err != nil {
			t.Error(err)
		}
		if _, err := h.Hash(impatient, "secret"); !errors.Is(err, context.Canceled) {
			t.Errorf("error %v, want Canceled", err)
		}
		if time.Since(began) != 0 {
			t.Error("somebody waited for the clock")
		}
	})
}

func FuzzPHC(f *testing.F) {
	f.Add("$argon2id$v=19$m=8,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
	f.Add("$argon2id$v=19$m=,t=,p=$$")
	f.Fuzz(func(t *testing.T, s string) {
		h, err := parsePHC(s)
		if err != nil {
			return
		}
		if h.MemoryKiB > maxMemoryKiB || h.Iterations > maxIterations || h.Lanes > maxLanes || len(h.salt) > maxSalt || len(h.key) > maxKey {
			t.Errorf("%q exceeds the bounds", s)
		}
		if h.String() != s {
			t.Errorf("%q is read as %q", s, h)
		}
	})
}
