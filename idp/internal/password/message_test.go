package password

import (
	"strings"
	"testing"
)

func TestRequest(t *testing.T) {
	for _, r := range []request{
		{cost: OWASP, password: "correct horse"},
		{cost: Params{maxMemoryKiB, maxIterations, maxLanes}, password: strings.Repeat("x", MaxBytes)},
		{stored: "$2a$10$x", password: ""},
		{stored: strings.Repeat("$", maxStored), password: strings.Repeat("\xff", MaxBytes)},
	} {
		if again, err := parseRequest(r.bytes()); err != nil || again != r {
			t.Errorf("%+v is read as %+v, %v", r, again, err)
		}
	}
	for name, r := range map[string]request{
		"too expensive":          {cost: Params{maxMemoryKiB + 1, 1, 1}},
		"no cost":                {},
		"password too long":      {cost: OWASP, password: strings.Repeat("x", MaxBytes+1)},
		"stored too long":        {stored: strings.Repeat("$", maxStored+1)},
		"password too long, too": {stored: "$", password: strings.Repeat("x", MaxBytes+1)},
	} {
		if again, err := parseRequest(r.bytes()); err == nil {
			t.Errorf("%s: taken as %.100v", name, again)
		}
	}
}

func FuzzRequest(f *testing.F) {
	f.Add(request{cost: OWASP, password: "correct horse"}.bytes())
	f.Add(request{stored: "$2a$10$x", password: "correct horse"}.bytes())
	f.Add([]byte("m"))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := parseRequest(b)
		if err != nil {
			return
		}
		if len(r.password) > MaxBytes || len(r.stored) > maxStored || r.stored == "" && r.cost.check() != nil {
			t.Errorf("%q exceeds the bounds", b)
		}
		if string(r.bytes()) != string(b) {
			t.Errorf("%q is read as %+v", b, r)
		}
	})
}

func FuzzAnswer(f *testing.F) {
	for _, a := range []answer{{}, {matches: true}, {err: "malformed"}, {hash: hash([]byte("password"), tests)}} {
		f.Add(a.bytes())
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := parseAnswer(b)
		if err != nil {
			return
		}
		if _, err := parsePHC(a.hash); a.hash != "" && err != nil {
			t.Errorf("%q has a malformed hash", b)
		}
		if string(a.bytes()) != string(b) {
			t.Errorf("%q is read as %+v", b, a)
		}
	})
}
