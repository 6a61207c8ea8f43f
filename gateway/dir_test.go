package gateway_test

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/latchkey-dev/latchkey/gateway"
)

// A folder that holds keys, data or the configuration cannot be a page, whatever name refers to it.
func TestDirHoldsNothingPrivate(t *testing.T) {
	w := newWorld(t)
	check := func(page string, private ...string) error {
		g, err := gateway.New(gateway.Config{Private: private, Apps: []gateway.App{{Login: w.login, Upstream: w.app.URL, Page: gateway.Dir(page)}}})
		if err == nil {
			g.Close(t.Context())
		}
		return err
	}
	top := t.TempDir()
	at := func(name string) string { return filepath.Join(top, name) }
	write(t, at("www/index.html"), html)
	write(t, at("www/assets/index.html"), html)
	write(t, at("www/latchkey.yaml"), "a: b")
	write(t, at("www/data/session.keys"), "key")
	write(t, at("etc/latchkey.yaml"), "a: b")
	for link, to := range map[string]string{"page": at("www"), "data": at("www/data"), "round": at("www/assets/../../page"), "www/link.yaml": at("etc/latchkey.yaml")} {
		if err := os.Symlink(to, at(link)); err != nil {
			t.Skip(err)
		}
	}
	t.Chdir(top)
	for _, c := range []struct{ page, private string }{
		{at("www"), at("www/latchkey.yaml")}, {at("www"), at("www/data")}, {at("www"), at("www/data/session.keys")}, {at("www"), at("www")}, {at("page"), at("www/data")}, {at("www"), at("page/data")}, {at("www"), at("data")},
		{at("www"), at("data/session.keys")}, {at("round"), at("data")}, {"www", "www/latchkey.yaml"}, {"./www/.", at("data")}, {at("www"), at("www/not/made/yet")}, {at("www"), at("data/not/made/yet")}, {top + "/www", "page/not-yet"},
	} {
		if err := check(c.page, at("etc"), c.private); err == nil || !strings.Contains(err.Error(), c.private) {
			t.Errorf("page %s with %s: %v", c.page, c.private, err)
		}
	}
	for _, private := range []string{at("etc"), at("www2"), at("www-data"), top, filepath.Dir(top), at("www/link.yaml")} {
		if err := check(at("www"), private); err != nil {
			t.Errorf("page www with %s: %v", private, err)
		}
	}
	if err := check(at("www/assets"), at("www/data"), at("www/latchkey.yaml")); err != nil {
		t.Errorf("a folder beside them: %v", err)
	}
}

// A file that others may not read is never served, and the log says so once, with its mode.
func TestFilesForEverybody(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("there are no modes")
	}
	w := newWorld(t)
	dir := dist(t)
	for name, mode := range map[string]os.FileMode{"session.keys": 0o600, "group.txt": 0o640, "assets/app-5JQ2XKZA.js": 0o600, "open.txt": 0o604} {
		write(t, filepath.Join(dir, name), "secret")
		if err := os.Chmod(filepath.Join(dir, name), mode); err != nil {
			t.Fatal(err)
		}
	}
	n := w.serve(func(c *gateway.Config) { c.Apps[0].Page = gateway.Dir(dir) })
	for range 3 {
		for _, path := range []string{"/session.keys", "/group.txt", "/assets/app-5JQ2XKZA.js"} {
			if got := n.stranger().do("GET", path, ""); got.body != "ok" { // the app's
				t.Errorf("%s: %d %s", path, got.status, got.body)
			}
		}
	}
	n.stranger().do("GET", "/open.txt", "").want(t, 200, "")
	for _, want := range []string{"session.keys is not readable by everyone (mode 0600): move it elsewhere ", "group.txt is not readable by everyone (mode 0640)"} {
		if got := strings.Count(w.log.String(), want); got != 1 {
			t.Errorf("told %d times: %s", got, want)
		}
	}
	// A file that becomes unreadable is not served from memory either.
	n.stranger().do("GET", "/app.js", "").want(t, 200, "")
	os.Chmod(filepath.Join(dir, "app.js"), 0o600)
	if got := n.stranger().do("GET", "/app.js", ""); got.body != "ok" {
		t.Errorf("/app.js: %d %.20s", got.status, got.body)
	}
	os.Chmod(filepath.Join(dir, "index.html"), 0o600)
	_, err := gateway.New(gateway.Config{Apps: []gateway.App{{Login: w.login, Page: gateway.Dir(dir)}}})
	if err == nil || !strings.Contains(err.Error(), "mode 0600") {
		t.Errorf("a page that nobody may read: %v", err)
	}
}
