package idp_test

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/latchkey-dev/latchkey/idp"
	"github.com/latchkey-dev/latchkey/idp/idptest"
)

// node runs a program of the folder typescript with a package that it needs.
func node(t *testing.T, needs string, args ...string) {
	t.Helper()
	node, err := exec.LookPath("node")
	if err == nil {
		_, err = os.Stat(filepath.Join("typescript/node_modules", needs))
	}
	if err != nil && os.Getenv("CI") == "" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatalf("%v (make test installs it)", err)
	}
	cmd := exec.CommandContext(t.Context(), node, args...)
	cmd.Dir = "typescript"
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestTypeScriptClient has FusionAuth's own client make every call that it has for what is built,
// over a socket.
func TestTypeScriptClient(t *testing.T) {
	p := idptest.New(t)
	node(t, "@fusionauth/typescript-client", "calls.mjs", p.URL, p.APIKey)
}

// TestIssuer_openidClient has openid-client find the provider by its issuer, verify its tokens,
// refresh them and ask about them.
func TestIssuer_openidClient(t *testing.T) {
	w := &world{Provider: idptest.New(t), t: t}
	w.app = w.AddApplication(idp.Application{ClientSecret: clientSecret})
	w.AddUser("ada@example.com", w.app.ID)
	login := w.login(nil).want(http.StatusOK)
	node(t, "openid-client", "discovery.mjs", w.URL, w.app.ID, clientSecret, login.text("token"), login.text("refreshToken"))
}
