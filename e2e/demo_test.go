package e2e_test

import (
	"bufio"
	"context"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A demo is the real program, running.
type demo struct {
	*testing.T
	process *exec.Cmd
	line    string            // the ready line, without its first word
	ready   map[string]string // what it says
	stopped chan error
}

// buildProgram builds the real binary.
func buildProgram(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "latchkey")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", program, "./cmd/latchkey")
	build.Dir = ".."
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", build, err, out)
	}
	return program
}

// startDemo starts the program and waits until it says that it is ready.
func startDemo(t *testing.T, program, data, addr, idpAddr string) *demo {
	t.Helper()
	return startProgram(t, program, "demo", "--addr", addr, "--idp-addr", idpAddr, "--data", data)
}

// startProgram starts one of the program's servers.
func startProgram(t *testing.T, program string, args ...string) *demo {
	t.Helper()
	d := &demo{T: t, stopped: make(chan error, 1)}
	d.process = exec.Command(program, args...)
	d.process.Stderr = t.Output()
	stdout, err := d.process.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := d.process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.process.Process.Kill() }) // no matter if it has stopped
	lines := make(chan string)
	go func() {
		out := bufio.NewScanner(stdout)
		for out.Scan() {
			select {
			case lines <- out.Text():
			case <-t.Context().Done():
			}
		}
		close(lines)
		io.Copy(io.Discard, stdout)
		d.stopped <- d.process.Wait()
	}()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for {
		select {
		case line, ok := <-lines:
			if !ok {
				t.Fatal("the program ended before it was ready")
			}
			if rest, found := strings.CutPrefix(line, "ready "); found {
				d.line, d.ready = rest, fields(rest)
				return d
			}
		case <-ctx.Done():
			t.Fatal("the program is not ready in time")
		}
	}
}

// fields reads "a=1 b=2".
func fields(line string) map[string]string {
	found := make(map[string]string)
	for _, field := range strings.Fields(line) {
		name, value, _ := strings.Cut(field, "=")
		found[name] = value
	}
	return found
}

// interrupt does what Ctrl-C does. The program must end cleanly.
func (d *demo) interrupt() {
	d.Helper()
	if err := d.process.Process.Signal(os.Interrupt); err != nil {
		d.Fatal(err)
	}
	select {
	case err := <-d.stopped:
		if err != nil {
			d.Errorf("the demo ended with %v, want exit status 0", err)
		}
	case <-time.After(patience):
		d.Fatal("the demo does not stop")
	}
}

// loopback is the address behind one of the demo's URLs.
func (d *demo) loopback(name string) string {
	d.Helper()
	u, err := url.Parse(d.ready[name])
	if err != nil || u.Port() == "" {
		d.Fatalf("the ready line says %s=%q", name, d.ready[name])
	}
	return "127.0.0.1:" + u.Port()
}

// registerAt creates an account at one of the apps, with the mail in the folder that the ready line
// names.
func (d *demo) registerAt(app string, b *browser) {
	d.Helper()
	p := b.open(d.ready[app])
	p.fillRegistration("bob@example.com")
	p.click("register-submit")
	p.see("mailed")
	o := &outbox{T: d.T, folder: d.ready["outbox"], read: make(map[string]bool)}
	p = b.open(o.await(p, 1, "bob@example.com"))
	p.fill("verify-password", fresh)
	p.click("verify-submit")
	p.click("mail-link-go-on")
	p.logIn("bob@example.com", fresh)
}

// TestDemo uses the real program, and restarts it: users are still logged in, and the cart and the
// posts are there.
func TestDemo(t *testing.T) {
	t.Parallel()
	program, data, b := buildProgram(t), t.TempDir(), newBrowser(t)
	d := startDemo(t, program, data, "127.0.0.1:0", "127.0.0.1:0")
	shop := b.open(d.ready["store"])
	shop.click("add-lamp")
	shop.see("login-form")
	shop.logIn(d.ready["user"], d.ready["password"])
	shop.click("cart-open")
	shop.wantCart("lamp", "1", "€89.00")
	board := b.open(d.ready["forums"])
	board.see("login-form")
	board.logIn(d.ready["user"], d.ready["password"])
	board.click("new-thread")
	board.fill("thread-title", "The moth came back")
	board.fill("thread-body", someWords)
	board.click("thread-submit")
	board.untilText(someWords)
	d.registerAt("forums", newBrowser(t))
	d.interrupt()

	d = startDemo(t, program, data, d.loopback("store"), d.loopback("idp"))
	shop.reload()
	shop.see("user-name")
	shop.click("cart-open")
	shop.wantCart("lamp", "1", "€89.00")
	shop.click("add-lamp")
	shop.wantCart("lamp", "2", "€178.00")
	board.reload()
	board.see("user-name")
	board.untilText("The moth came back")
	board.untilText(someWords)
	d.interrupt()
}
