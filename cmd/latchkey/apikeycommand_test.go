package main

import (
	"encoding/json"
	"strings"
	"testing"
)

// A key made by the command opens what it lists, at a running provider, until it is deleted.
func TestAPIKeyCommand(t *testing.T) {
	s := newServed(t)
	url, _, _ := startIDP(t, "--data", s.dir)
	command := func(args ...string) string {
		t.Helper()
		out := &buffer{}
		if status := run(t.Context(), append([]string{"api-key"}, args...), out, s.stderr); status != 0 {
			t.Fatalf("api-key %s: exit status %d: %s", strings.Join(args, " "), status, s.stderr)
		}
		return out.String()
	}
	var made shownAPIKey
	if err := json.Unmarshal([]byte(command("add", "--data", s.dir, "--json", "--may", "/api/user:GET", "reports")), &made); err != nil {
		t.Fatal(err)
	}
	want := func(method, path string, status int) {
		t.Helper()
		if got, answer := call(t, method, url+path, made.Key, ""); got != status {
			t.Errorf("%s %s: %d %v, want %d", method, path, got, answer, status)
		}
	}
	want("GET", "/api/user?email=ada@example.com", 200)
	want("GET", "/api/application", 401)
	command("delete", "--data", s.dir, strings.ToUpper(made.ID))
	want("GET", "/api/user?email=ada@example.com", 401)
}
