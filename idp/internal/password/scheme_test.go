package password

import (
	"errors"
	"strings"
	"testing"

	"golang.org/x/crypto/bcrypt"
)

// Hashes of "password": the first was published by FusionAuth, the others follow from the
// documented rules.
var foreignHashes = []Foreign{
	{"salted-pbkdf2-hmac-sha256", 24000, "huT0jZQYfZ2frJeZx29J4YTL7SWqeqAIoFQ35TdkTkI=", "jHsm+KgtcleCjG/jyC7SuY088G2n/2eiZyNYYEianwU="},
	{"salted-pbkdf2-hmac-sha256", 0, "MDEyMzQ1Njc4OWFiY2RlZg==", "Yq30033Xwp24jsd8Q2HUY4FuDIPEBT2giMEoOWViMhk="},
	{"salted-pbkdf2-hmac-sha256-512", 24000, "MDEyMzQ1Njc4OWFiY2RlZg==", "Yq30033Xwp24jsd8Q2HUY4FuDIPEBT2giMEoOWViMhmIf3TxBoEg4jRrpZtKerx2iHV6EGJ4BkC/EPGW2KE4/Q=="},
	{"salted-pbkdf2-hmac-sha512-512", 24000, "MDEyMzQ1Njc4OWFiY2RlZg==", "qsIZai6WGZVEouDfI+xwrCw+cPLFV1z4epjoiIX5QxnXrWzhgxiyb3DmNvvYYv97oQpN0g7Q+3Cxp0R3g3F5ug=="},
	{"salted-sha256", 20000, "MDEyMzQ1Njc4OWFiY2RlZg==", "fU84GxYOFWnfFZ96Tft5+wpA+klsHQyv1jcgP6YugJ8="},
	{"salted-md5", 20000, "MDEyMzQ1Njc4OWFiY2RlZg==", "hQdBMDzASVapy+BIH+0rLA=="},
	// no salt, md5 once
	{"salted-md5", 1, "", "X03MO1qnZdYdgyfeuILPmQ=="},
	// published by passlib
	{"django", 0, "", "pbkdf2_sha256$10000$s1w0UXDd00XB$+4ORmyvVWAQvoAEWlDgN34vlaJx1ZTZpa1pCSRey2Yk="},
	{"salted-hmac-sha256", 0, "MDEyMzQ1Njc4OWFiY2RlZg==", "WLupRfi6ByUhCDR1pvDTlSlMIsCRngByQAoS951+X1A="},
}

var tests = Params{MemoryKiB: 64, Iterations: 1, Lanes: 1}

func TestForeignHashes(t *testing.T) {
	h, err := NewHasher(tests, 1, 1)
	if err != nil {
		t.Fatal(err)
	}
	own := hash([]byte("password"), Params{MemoryKiB: 128, Iterations: 1, Lanes: 1})
	bc, err := bcrypt.GenerateFromPassword([]byte("password"), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range append(foreignHashes,
		Foreign{"argon2id", 0, "", own}, Foreign{"django", 0, "", "argon2" + own}, Foreign{"bcrypt", bcrypt.MinCost, string(bc[7:29]), string(bc[29:])},
	) {
		stored, err := f.Stored()
		if err != nil {
			t.Errorf("%s: %v", f.Scheme, err)
			continue
		}
		for typed, want := range map[string]bool{"password": true, "Password": false, "password ": false, "": false, strings.Repeat("x", MaxBytes+1): false} {
			ok, renewed, err := h.Verify(t.Context(), stored, typed)
			if ok != want || err != nil || want != strings.HasPrefix(renewed, "$argon2id$v=19$m=64,") {
				t.Errorf("%s with %.10q: %v %q %v", f.Scheme, typed, ok, renewed, err)
			}
		}
	}
}

// The parameters, the salt and the hash that Firebase published with its scrypt.
const firebaseHash = "$fbscrypt$v=1,n=14,r=8,p=1,ss=Bw==,sk=jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==" +
	"$42xEC+ixf3L2lw==$lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ=="

func TestFirebaseHash(t *testing.T) {
	stored, err := Foreign{Scheme: "fbscrypt", Hash: firebaseHash}.Stored()
	if err != nil {
		t.Fatal(err)
	}
	h, err := NewHasher(tests, 1, 1)
	if err != nil {
		t.Fatal(err)
	}
	for typed, want := range map[string]bool{"user1password": true, "user2password": false, "": false} {
		ok, renewed, err := h.Verify(t.Context(), stored, typed)
		if ok != want || err != nil || want != strings.HasPrefix(renewed, "$argon2id$v=19$m=64,") {
			t.Errorf("%q: %v %q %v", typed, ok, renewed, err)
		}
	}
	for name, change := range map[string][2]string{
		"another version": {"v=1", "v=2"}, "too much memory": {"n=14", "n=16"}, "too many rounds": {"r=8", "r=9"}, "lanes": {"p=1", "p=2"}, "no memory": {"n=14", "n=0"},
		"leading zero": {"n=14", "n=014"}, "no separator": {"ss=Bw==,", ""}, "no key": {"sk=", "sk=$"}, "bad salt": {"42xEC", "%"}, "hash of another length": {"lSrf", ""},
	} {
		if stored, err := (Foreign{Scheme: "fbscrypt", Hash: strings.Replace(firebaseHash, change[0], change[1], 1)}).Stored(); err == nil {
			t.Errorf("%s: %q", name, stored)
		}
	}
}

func TestDjangoRefused(t *testing.T) {
	for _, text := range []string{"", "pbkdf2_sha256", "pbkdf2_sha256$0$salt$aGFzaA==", "pbkdf2_sha256$x$salt$aGFzaA==", "pbkdf2_sha1$10000$salt$aGFzaA==", "argon2$argon2i$v=19$m=64,t=1,p=1$c2FsdHNhbHQ$aGFzaA", "md5$salt$hash", "!"} {
		if stored, err := (Foreign{Scheme: "django", Hash: text}).Stored(); err == nil {
			t.Errorf("%q: %q", text, stored)
		}
	}
}

func TestForeignHashesRefused(t *testing.T) {
	good := foreignHashes[0]
	for name, change := range map[string]func(*Foreign){
		"unknown scheme":       func(f *Foreign) { f.Scheme = "rot13" },
		"factor too large":     func(f *Foreign) { f.Factor = 2_000_001 },
		"negative factor":      func(f *Foreign) { f.Factor = -1 },
		"salt is no base64":    func(f *Foreign) { f.Salt = "%" },
		"salt too long":        func(f *Foreign) { f.Salt = strings.Repeat("AAAA", 100) },
		"hash of another size": func(f *Foreign) { f.Hash = "AAAA" },
		"hash with a dollar":   func(f *Foreign) { f.Hash = "$" + f.Hash },
		"bcrypt too costly": func(f *Foreign) {
			f.Scheme, f.Factor, f.Salt, f.Hash = "bcrypt", 16, strings.Repeat("a", 22), strings.Repeat("a", 31)
		},
		"bcrypt too short": func(f *Foreign) { f.Scheme, f.Factor, f.Salt, f.Hash = "bcrypt", 10, "a", "b" },
		"bcrypt of no letters": func(f *Foreign) {
			f.Scheme, f.Factor, f.Salt, f.Hash = "bcrypt", 10, strings.Repeat("a", 22), "\x00"+strings.Repeat("a", 30)
		},
		"argon2id, no PHC": func(f *Foreign) { f.Scheme = "argon2id" },
	} {
		f := good
		change(&f)
		if stored, err := f.Stored(); err == nil || strings.Contains(err.Error(), good.Hash) {
			t.Errorf("%s: %q, %v", name, stored, err)
		}
	}
	f := good
	f.Scheme = "rot13"
	if _, err := f.Stored(); !errors.Is(err, ErrScheme) {
		t.Error(err)
	}
}

// What is too long to be a password is none, not the empty one.
func TestForeignHashOfNothing(t *testing.T) {
	bc, err := bcrypt.GenerateFromPassword(nil, bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	h, err := NewHasher(tests, 1, 1)
	if err != nil {
		t.Fatal(err)
	}
	if ok, _, err := h.Verify(t.Context(), string(bc), strings.Repeat("x", MaxBytes+1)); ok || err != nil {
		t.Errorf("%v, %v", ok, err)
	}
}

// A password of another system may have been hashed as it was typed.
func TestForeignNormalisation(t *testing.T) {
	typed := "cafe\u0301"
	for _, hashed := range []string{typed, Normalize(typed)} {
		bc, err := bcrypt.GenerateFromPassword([]byte(hashed), bcrypt.MinCost)
		if err != nil {
			t.Fatal(err)
		}
		if ok, err := matchesForeign(string(bc), typed); !ok || err != nil {
			t.Errorf("%q: %v, %v", hashed, ok, err)
		}
	}
}

func FuzzForeign(f *testing.F) {
	for _, h := range foreignHashes {
		f.Add(h.Scheme, 1, h.Salt, h.Hash)
	}
	f.Add("fbscrypt", 0, "", strings.Replace(firebaseHash, "n=14", "n=4", 1))
	f.Add("bcrypt", 4, strings.Repeat("a", 22), strings.Repeat("b", 31))
	f.Fuzz(func(t *testing.T, scheme string, factor int, salt, hash string) {
		stored, err := Foreign{scheme, factor % 100, salt, hash}.Stored()
		if err != nil || strings.HasPrefix(stored, "$argon2id$") || strings.HasPrefix(stored, "$fbscrypt$") && !strings.HasPrefix(stored, "$fbscrypt$v=1,n=4,") || strings.HasPrefix(stored, "$2a$") && factor%100 > 5 {
			return
		}
		if _, err := matchesForeign(stored, "password"); err != nil {
			t.Errorf("%q is stored and cannot be verified: %v", stored, err)
		}
	})
}
