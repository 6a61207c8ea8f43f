// The race detector has seen all of this on SQLite, and would take minutes over it: this is not for
// it.

//go:build !race

package idp_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestPostgres runs every test of this package again, in a process of its own, with each world in
// PostgreSQL.
func TestPostgres(t *testing.T) {
	server := sharedPostgres(t)
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.v", "-test.shuffle=on")
	cmd.Env = append(os.Environ(), onPostgres+"="+server.Database(t))
	out, err := cmd.CombinedOutput()
	text := string(out)
	t.Logf("%d tests passed, %d were skipped", strings.Count(text, "--- PASS"), strings.Count(text, "--- SKIP"))
	if err != nil {
		t.Errorf("on PostgreSQL: %v\n%s", err, text)
	}
}
