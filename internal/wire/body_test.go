package wire_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/latchkey-dev/latchkey/internal/wire"
)

func readBody(contentType, body string, fields wire.Fields) error {
	r := httptest.NewRequest("POST", "/", strings.NewReader(body))
	r.Header.Set("Content-Type", contentType)
	return wire.Read(httptest.NewRecorder(), r, 64, fields)
}

func TestReadRefuses(t *testing.T) {
	for _, c := range []struct {
		name, contentType, body string
		status                  int
	}{
		{"form", "application/x-www-form-urlencoded", "n=1", 415},
		{"no type", "", `{"n":1,"s":""}`, 415},
		{"other charset", "application/json; charset=utf-16", `{"n":1,"s":""}`, 415},
		{"too large", "application/json", `{"n":1,"s":"` + strings.Repeat("x", 64) + `"}`, 413},
		{"empty", "application/json", "", 400},
		{"array", "application/json", "[]", 400},
		{"cut off", "application/json", `{"n":1,"s":"x"`, 400},
		{"missing key", "application/json", `{"n":1}`, 400},
		{"unknown key", "application/json", `{"n":1,"s":"","x":1}`, 400},
		{"other case", "application/json", `{"N":1,"s":""}`, 400},
		{"key twice", "application/json", `{"n":1,"n":2,"s":""}`, 400},
		{"null", "application/json", `{"n":null,"s":""}`, 400},
		{"text for a number", "application/json", `{"n":"1","s":""}`, 400},
		{"fraction", "application/json", `{"n":1.5,"s":""}`, 400},
		{"overflow", "application/json", `{"n":99999999999999999999,"s":""}`, 400},
		{"nested", "application/json", `{"n":{"n":1},"s":""}`, 400},
		{"trailing data", "application/json", `{"n":1,"s":""}{}`, 400},
		{"bad UTF-8", "application/json", "{\"n\":1,\"s\":\"\xff\"}", 400},
		{"lone surrogate", "application/json", `{"n":1,"s":"\ud800"}`, 400},
	} {
		t.Run(c.name, func(t *testing.T) {
			var n int
			var s string
			err := readBody(c.contentType, c.body, wire.Fields{"n": &n, "s": &s})
			var p wire.Problem
			if !errors.As(err, &p) || p.Status != c.status {
				t.Errorf("got %v, want a problem with status %d", err, c.status)
			}
		})
	}
}

// Readers differ in what they make of a header that is sent twice.
func TestReadRefusesDoubledHeaders(t *testing.T) {
	for name, two := range map[string][]string{"Content-Type": {"application/json", "application/json"}, "Content-Encoding": {"", "gzip"}} {
		r := httptest.NewRequest("POST", "/", strings.NewReader(`{"n":1}`))
		r.Header.Set("Content-Type", "application/json")
		r.Header[name] = two
		var n int
		var p wire.Problem
		if err := wire.Read(httptest.NewRecorder(), r, 64, wire.Fields{"n": &n}); !errors.As(err, &p) || p.Status != 415 {
			t.Errorf("%s %q: %v", name, two, err)
		}
	}
}

func TestReadFillsFields(t *testing.T) {
	var n int
	var s string
	if err := readBody("application/json; charset=UTF-8", ` {"s":"a b","n":-3} `, wire.Fields{"n": &n, "s": &s}); err != nil {
		t.Fatal(err)
	}
	if n != -3 || s != "a b" {
		t.Errorf("got %d and %q", n, s)
	}
}

func TestMethods(t *testing.T) {
	h := wire.Methods{"GET": func(w http.ResponseWriter, _ *http.Request) { wire.Write(w, 200, 1) }, "PUT": nil}
	for method, want := range map[string]int{"GET": 200, "HEAD": 200, "DELETE": 405, "OPTIONS": 405} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(method, "/", nil))
		if w.Code != want {
			t.Errorf("%s: got %d, want %d", method, w.Code, want)
		}
		if allow := w.Header().Get("Allow"); want == 405 && allow != "GET, HEAD, PUT" {
			t.Errorf("%s: Allow is %q", method, allow)
		}
	}
}

// FuzzRead compares the strict reader with encoding/json: a body that it accepts, encoding/json
// accepts too, with the same values.
func FuzzRead(f *testing.F) {
	for _, seed := range []string{`{"n":1,"s":"x"}`, `{"s":"\u00e9","n":-0}`, `{"n":1,"n":1,"s":""}`, `{"n":1e0,"s":""} {`, `{"S":"","n":1}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		var n int
		var s string
		if readBody("application/json", body, wire.Fields{"n": &n, "s": &s}) != nil {
			return
		}
		var same map[string]any
		if err := json.Unmarshal([]byte(body), &same); err != nil {
			t.Fatalf("taken, but not JSON: %q", body)
		}
		if len(same) != 2 || same["s"] != s || same["n"] != float64(n) {
			t.Errorf("%q: read n=%d s=%q, encoding/json says %v", body, n, s, same)
		}
	})
}
