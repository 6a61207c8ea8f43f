package password

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/crypto/bcrypt"
)

// storedKinds are hashes of "password" of every kind, and that of nobody.
func storedKinds(t *testing.T) map[string]string {
	t.Helper()
	bc, err := bcrypt.GenerateFromPassword([]byte("password"), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[string]string{
		"nobody": "", "ours": hash([]byte("password"), tests), "ours, of another cost": hash([]byte("password"), Params{MemoryKiB: 128, Iterations: 1, Lanes: 1}),
		"bcrypt": "$2a$" + string(bc[4:]), "firebase": strings.Replace(firebaseHash, "n=14", "n=4", 1),
	}
	for _, f := range foreignHashes {
		stored, err := f.Stored()
		if err != nil {
			t.Fatal(err)
		}
		kinds[f.Scheme+f.Salt] = stored
	}
	return kinds
}

// In a bubble no hash takes time, so what remains is the wait: every refusal leaves at the same
// moment, whatever hash there is, and who is right does not wait.
func TestRefusalsLeaveTogether(t *testing.T) {
	kinds := storedKinds(t)
	synctest.Test(t, func(t *testing.T) {
		h, err := NewHasher(tests, 1, 1)
		if err != nil {
			t.Fatal(err)
		}
		h.CoverRefusals(2 * time.Second)
		took := func(stored, typed string) time.Duration {
			began := time.Now()
			if ok, _, err := h.Verify(t.Context(), stored, typed); ok != (typed == "password") || err != nil {
				t.Errorf("%q: %v, %v", typed, ok, err)
			}
			return time.Since(began)
		}
		for name, stored := range kinds {
			for typed, want := range map[string]time.Duration{"wrong": 3 * time.Second, strings.Repeat("x", MaxBytes+1): 3 * time.Second, "cafe\u0301": longestWait} {
				if got := took(stored, typed); got != want {
					t.Errorf("%s, %.10q: %v, want %v", name, typed, got, want)
				}
			}
			began := time.Now()
			if _, _, err := h.VerifyOfRefused(t.Context(), stored, "password"); err != nil || time.Since(began) != 3*time.Second {
				t.Errorf("%s: the right password of a refused user waits for %v, %v", name, time.Since(began), err)
			}
			if name != "nobody" && name != "firebase" {
				if got := took(stored, "password"); got != 0 {
					t.Errorf("%s: the right password waits for %v", name, got)
				}
			}
		}
	})
}

// A delayed refusal holds up nobody else.
func TestRefusalsWaitOutsideThePool(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, err := NewHasher(tests, 1, 0)
		if err != nil {
			t.Fatal(err)
		}
		h.CoverRefusals(time.Hour)
		stored := hash([]byte("password"), tests)
		for range 100 {
			go h.Verify(t.Context(), "", "wrong")
			synctest.Wait()
		}
		began := time.Now()
		if ok, _, err := h.Verify(t.Context(), stored, "password"); !ok || err != nil || time.Since(began) != 0 {
			t.Errorf("%v, %v after %v", ok, err, time.Since(began))
		}
		time.Sleep(2 * time.Hour)
	})
}

// A client that waited behind an imported hash would learn what it costs. Only other imported
// hashes do, and they do not wait behind ours.
func TestPoolsOfTheirOwn(t *testing.T) {
	kinds := storedKinds(t)
	synctest.Test(t, func(t *testing.T) {
		h, err := NewHasher(tests, 1, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, full := range []*pool{h.others, h.ours} {
			if err := full.enter(t.Context()); err != nil {
				t.Fatal(err)
			}
			for name, stored := range kinds {
				same := full == h.ours
				if name == "nobody" || name == "ours" {
					same = !same
				}
				if _, _, err := h.Verify(t.Context(), stored, "wrong"); same != (err == nil) {
					t.Errorf("%s: %v", name, err)
				}
			}
			if _, err := h.Hash(t.Context(), "new"); (err == nil) != (full == h.others) {
				t.Errorf("a new hash: %v", err)
			}
			full.leave()
		}
	})
}

func TestDearest(t *testing.T) {
	all := []Class{"$2a$10$", "$2a$12$", "$2a$04$", "$salted-md5$9$", "$salted-md5$20000$", "$argon2id$v=19$m=19456,t=2,p=1$", "$argon2id$v=19$m=12288,t=4,p=1$",
		"$fbscrypt$v=1,n=14,r=8,p=1,", "$fbscrypt$v=1,n=15,r=1,p=1,", "$", "x"}
	for i := range 10_000 {
		all = append(all, Class(fmt.Sprintf("$salted-sha256$%d$", i+1)))
	}
	want := []Class{"$", "$2a$12$", "$argon2id$v=19$m=12288,t=4,p=1$", "$fbscrypt$v=1,n=14,r=8,p=1,", "$salted-md5$20000$", "$salted-sha256$10000$"}
	if got := Dearest(all); !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

func TestClasses(t *testing.T) {
	h, err := NewHasher(tests, 1, 1)
	if err != nil {
		t.Fatal(err)
	}
	classes := make(map[Class]string)
	for name, stored := range storedKinds(t) {
		class := ClassOf(stored)
		if (class == "") != (stored == "") || !strings.HasPrefix(stored, string(class)) || name == "ours" != (class == h.Own()) {
			t.Errorf("%s: %q of %q", name, class, stored)
		}
		if class == "" {
			continue
		}
		if other := ClassOf(class.sample()); other != class {
			t.Errorf("a sample of %s is of %s", class, other)
		}
		if took, err := h.Measure(t.Context(), class); err != nil || took <= 0 {
			t.Errorf("%s: %v, %v", class, took, err)
		}
		classes[class] = name
	}
	for _, want := range []Class{"$2a$04$", "$fbscrypt$v=1,n=4,r=8,p=1,", "$salted-md5$1$", "$salted-pbkdf2-hmac-sha256$24000$", "$salted-hmac-sha256$1$", "$argon2id$v=19$m=128,t=1,p=1$"} {
		if classes[want] == "" {
			t.Errorf("%s is missing in %v", want, classes)
		}
	}
	for _, none := range []string{"x", "$", "$2a", "$2a$10"} {
		if c := ClassOf(none); c != "" {
			t.Errorf("%q is of %q", none, c)
		}
	}
	if _, err := h.Measure(t.Context(), "$rot13$1$"); err == nil || errors.Is(err, ErrBusy) {
		t.Errorf("a scheme that is not known: %v", err)
	}
}
