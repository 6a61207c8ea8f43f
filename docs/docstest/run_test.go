//go:build unix

package docstest

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// How many code blocks of each page are run, and how many are marked as not run. Pages without
// blocks are not listed.
var expected = map[string]struct {
	run, notRun int
	tools       string // needed besides Go and a shell
}{
	"README.md":                        {run: 8, notRun: 1, tools: "curl"},
	"client/README.md":                 {run: 2, tools: "node npm tsc"},
	"docs/backup.md":                   {run: 3, tools: "curl sqlite3"},
	"docs/development.md":              {run: 4, tools: "curl"},
	"docs/device-binding.md":           {run: 3, notRun: 2, tools: "curl"},
	"docs/fusionauth-compatibility.md": {run: 4, tools: "curl"},
	"docs/fusionauth.md":               {notRun: 3},
	"docs/gateway.md":                  {run: 3, notRun: 2, tools: "node python3"},
	"docs/http.md":                     {notRun: 2},
	"docs/keys.md":                     {run: 2, tools: "curl"},
	"docs/operating.md":                {run: 2, notRun: 3, tools: "curl"},
	"docs/own-users.md":                {run: 2, tools: "curl"},
	"docs/rotation.md":                 {notRun: 4},
	"docs/scaling.md":                  {notRun: 1},
	"docs/testing.md":                  {run: 1},
	"docs/two-nodes.md":                {run: 6, tools: "curl redis-server"},
	"web/README.md":                    {notRun: 1},
}

// The pages are true: their blocks run in order, on the ports that they name.
func TestPages(t *testing.T) {
	bin, clone := t.TempDir(), copyOfSource(t)
	packages, err := filepath.Abs("../../web/node_modules/.bin") // of tsc
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin+":"+os.Getenv("PATH")+":"+packages)
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", bin, "../../cmd/latchkey").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	seen := make(map[string]bool)
	for _, p := range pages(t) {
		if len(p.blocks) == 0 {
			continue
		}
		seen[p.path] = true
		t.Run(p.path, func(t *testing.T) {
			want := expected[p.path]
			for tool := range strings.FieldsSeq(want.tools) {
				needs(t, tool)
			}
			if run, notRun := p.run(t, clone); run != want.run || notRun != want.notRun {
				t.Errorf("%d blocks were run and %d are marked as not run, want %d and %d", run, notRun, want.run, want.notRun)
			}
		})
	}
	for path := range expected {
		if !seen[path] {
			t.Errorf("%s has no code blocks, or is not there", path)
		}
	}
}

// needs skips the test if a program is missing, but fails it in CI.
func needs(t *testing.T, program string) {
	t.Helper()
	switch _, err := exec.LookPath(program); {
	case err == nil:
	case os.Getenv("CI") != "":
		t.Fatalf("%v (make test installs it)", err)
	default:
		t.Skip(err)
	}
}

// run runs the page's blocks and counts them.
func (p page) run(t *testing.T, clone string) (run, notRun int) {
	t.Helper()
	commands, err := script(p)
	if err != nil {
		t.Fatal(err)
	}
	around := t.TempDir()
	progress, typed, dir := filepath.Join(around, "progress"), filepath.Join(around, "typed"), filepath.Join(around, "page")
	for path, text := range map[string]string{progress: "", typed: "correct horse battery staple\n", filepath.Join(around, "script"): commands} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "bash", filepath.Join(around, "script"))
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "PROGRESS="+progress, "TYPED="+typed, "LOGS="+around, "CLONE="+clone, "NO_PROXY=*", "GOPROXY=off", "npm_config_offline=true")
	out, err := together(cmd)
	steps, readErr := os.ReadFile(progress)
	if readErr != nil {
		t.Fatal(readErr)
	}
	if err != nil {
		lines := strings.Split(strings.TrimSpace(string(steps)), "\n")
		t.Fatalf("%s:%s: %v\n%s", p.path, strings.TrimPrefix(cmp.Or(lines[len(lines)-1], "begin 1"), "begin "), err, out)
	}
	for _, b := range p.blocks {
		switch {
		case b.comment.verb == "not run":
			notRun++
		case b.comment.verb != "run" && strings.Contains(string(steps), fmt.Sprintf("end %d\n", b.line)):
			run++
		}
	}
	return run, notRun
}

// together runs the command in its own process group, so that all of it can be stopped.
func together(cmd *exec.Cmd) (string, error) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
	cmd.WaitDelay = 10 * time.Second
	err := cmd.Start()
	if err == nil {
		err = cmd.Wait()
	}
	return out.String(), err
}

// copyOfSource is a clone of the repository, with uncommitted changes.
func copyOfSource(t *testing.T) string {
	t.Helper()
	clone := t.TempDir()
	err := walk(func(path string) error {
		to := filepath.Join(clone, path)
		text, err := os.ReadFile(filepath.Join(root, path))
		if err == nil {
			err = os.MkdirAll(filepath.Dir(to), 0o700)
		}
		if err == nil {
			err = os.WriteFile(to, text, 0o600)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return clone
}
