package password

import (
	"errors"
	"strings"
	"testing"

	"golang.org/x/crypto/bcrypt"
)

// Hashes of "password": the first was published by FusionAuth, the others follow from the documented rules.
var foreignHashes = []Foreign{
	{"salted-pbkdf2-hmac-sha256", 24000, "huT0jZQYfZ2frJeZx29J4YTL7SWqeqAIoFQ35TdkTkI=", "jHsm+KgtcleCjG/jyC7SuY088G2n/2eiZyNYYEianwU="},
	{"salted-pbkdf2-hmac-sha256", 0, "MDEyMzQ1Njc4OWFiY2RlZg==", "Yq30033Xwp24jsd8Q2HUY4FuDIPEBT2giMEoOWViMhk="},
	{"salted-pbkdf2-hmac-sha256-512", 24000, "MDEyMzQ1Njc4OWFiY2RlZg==", "Yq30033Xwp24jsd8Q2HUY4FuDIPEBT2giMEoOWViMhmIf3TxBoEg4jRrpZtKerx2iHV6EGJ4BkC/EPGW2KE4/Q=="},
	{"salted-pbkdf2-hmac-sha512-512", 24000, "MDEyMzQ1Njc4OWFiY2RlZg==", "qsIZai6WGZVEouDfI+xwrCw+cPLFV1z4epjoiIX5QxnXrWzhgxiyb3DmNvvYYv97oQpN0g7Q+3Cxp0R3g3F5ug=="},
	{"salted-sha256", 20000, "MDEyMzQ1Njc4OWFiY2RlZg==", "fU84GxYOFWnfFZ96Tft5+wpA+klsHQyv1jcgP6YugJ8="},
	{"salted-md5", 20000, "MDEyMzQ1Njc4OWFiY2RlZg==", "hQdBMDzASVapy+BIH+0rLA=="},
	{"salted-md5", 1, "", "X03MO1qnZdYdgyfeuILPmQ=="}, // no salt, md5 once
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
	for _, f := range append(foreignHashes, Foreign{"argon2id", 0, "", own}, Foreign{"bcrypt", bcrypt.MinCost, string(bc[7:29]), string(bc[29:])}) {
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
	f.Add("bcrypt", 4, strings.Repeat("a", 22), strings.Repeat("b", 31))
	f.Fuzz(func(t *testing.T, scheme string, factor int, salt, hash string) {
		stored, err := Foreign{scheme, factor % 100, salt, hash}.Stored()
		if err != nil || strings.HasPrefix(stored, "$argon2id$") || strings.HasPrefix(stored, "$2a$") && factor%100 > 5 {
			return
		}
		if _, err := matchesForeign(stored, "password"); err != nil {
			t.Errorf("%q is stored and cannot be verified: %v", stored, err)
		}
	})
}
