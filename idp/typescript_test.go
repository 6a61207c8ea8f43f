package idp_test

import (
	"os"
	"os/exec"
	"testing"

	"github.com/latchkey-dev/latchkey/idp/idptest"
)

// TestTypeScriptClient has FusionAuth's own client make every call that it has for what is built,
// over a socket.
func TestTypeScriptClient(t *testing.T) {
	node, err := exec.LookPath("node")
	if err == nil {
		_, err = os.Stat("typescript/node_modules/@fusionauth/typescript-client")
	}
	if err != nil && os.Getenv("CI") == "" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatalf("%v (make test installs it)", err)
	}
	p := idptest.New(t)
	cmd := exec.CommandContext(t.Context(), node, "calls.mjs", p.URL, p.APIKey)
	cmd.Dir = "typescript"
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
