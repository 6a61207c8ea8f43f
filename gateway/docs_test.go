package gateway_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey/gateway"
)

// GWY-15: the checks in docs/gateway.md accept a genuine Latchkey-User header, and nothing else.
func TestDocumentedChecks(t *testing.T) {
	text, err := os.ReadFile("../docs/gateway.md")
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t)
	n := w.serve(withUserKey)
	w.clock.Advance(time.Hour) // the programs below have a clock of their own, and may take long
	n.loggedIn().do("GET", "/api/x", "").want(t, 200, "")
	good := w.app.last(t).Header.Get("Latchkey-User")
	w.clock.Advance(-2 * time.Hour)
	n.loggedIn().do("GET", "/api/x", "").want(t, 200, "")
	old := w.app.last(t).Header.Get("Latchkey-User")
	for _, c := range []struct{ language, program, flag, call string }{
		{"js", "node", "-e", `;const [h,k,o]=process.argv.slice(1);const u=user(h,k,o);console.log(u?u.email:"nobody")`},
		{"python", "python3", "-c", "\nimport sys\nu = user(*sys.argv[1:])\nprint(u['email'] if u else 'nobody')"},
	} {
		t.Run(c.language, func(t *testing.T) {
			program, err := exec.LookPath(c.program)
			if err != nil && os.Getenv("CI") != "" {
				t.Fatal(err)
			} else if err != nil {
				t.Skip(err)
			}
			_, code, _ := strings.Cut(string(text), "```"+c.language+"\n")
			code, _, _ = strings.Cut(code, "```")
			for name, args := range map[string][]string{
				"ada@example.com": {good, userKey, origin}, "another key": {good, strings.Repeat("x", 32), origin}, "another app": {good, userKey, "http://other.localhost"},
				"old": {old, userKey, origin}, "changed": {good[:len(good)-4] + "AAAA", userKey, origin}, "four segments": {good + ".s", userKey, origin}, "a dot behind": {good + ".", userKey, origin}, "empty": {"", userKey, origin}, "words": {"mallory", userKey, origin}, "dots": {"..", userKey, origin},
			} {
				ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
				defer cancel()
				out, err := exec.CommandContext(ctx, program, append([]string{c.flag, code + c.call}, args...)...).CombinedOutput()
				var failed *exec.ExitError
				if err != nil && !errors.As(err, &failed) {
					t.Fatal(err)
				}
				want := "nobody"
				if name == "ada@example.com" {
					want = name
				}
				if got := strings.TrimSpace(string(out)); got != want {
					t.Errorf("%s: %s, want %s", name, got, want)
				}
			}
		})
	}
}

// docs/gateway.md lists exactly the headers that the code removes.
func TestDocumentedIdentityHeaders(t *testing.T) {
	text, err := os.ReadFile("../docs/gateway.md")
	if err != nil {
		t.Fatal(err)
	}
	if table := gateway.IdentityTable(); !strings.Contains(string(text), "|---|---|\n"+table+"\n") {
		t.Errorf("docs/gateway.md wants this table:\n%s", table)
	}
}
