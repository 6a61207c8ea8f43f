package e2e_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"testing"

	"github.com/chromedp/chromedp"
)

// The browser processes of all tests, each started by the first test that needs it.
var (
	chromium = &process{}
	binding  = &process{options: bindsFreely}
	rationed = &process{options: bindsRationed}
)

func TestMain(m *testing.M) {
	status := m.Run()
	for _, p := range []*process{chromium, binding, rationed} {
		if err := p.end(); err != nil {
			fmt.Fprintln(os.Stderr, "e2e:", err)
			status = 1
		}
	}
	os.Exit(status)
}

// A process is a Chromium with an empty profile of its own.
type process struct {
	options []chromedp.ExecAllocatorOption
	once    sync.Once
	profile string
	ctx     context.Context // of its first tab
	stop    func() error
	err     error
}

// context starts the process if no test has, and returns the context of its first tab.
func (p *process) context(t *testing.T) context.Context {
	t.Helper()
	p.once.Do(func() {
		if p.profile, p.err = os.MkdirTemp("", "latchkey-e2e-profile-"); p.err == nil {
			p.ctx, p.stop, p.err = startChromium(p.profile, p.options...)
		}
	})
	if p.err != nil {
		t.Fatal(p.err)
	}
	return p.ctx
}

// end ends the process, if it has started.
func (p *process) end() (err error) {
	if p.stop != nil {
		err = p.stop()
	}
	return errors.Join(err, os.RemoveAll(p.profile))
}

// startChromium starts a browser process with a profile directory. The context is that of its first
// tab; stop ends the process and waits until it has written its profile.
func startChromium(profile string, more ...chromedp.ExecAllocatorOption) (ctx context.Context, stop func() error, err error) {
	path, err := findChromium()
	if err != nil {
		return nil, nil, err
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.UserDataDir(profile), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.WindowSize(1280, 900),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("ignore-certificate-errors-spki-list", certificate().keyDigest),
	)
	allocator, cancel := chromedp.NewExecAllocator(context.Background(), append(options, more...)...)
	ctx, _ = chromedp.NewContext(allocator)
	stop = sync.OnceValue(func() error {
		defer cancel()
		return chromedp.Cancel(ctx)
	})
	if err := chromedp.Do(ctx); err != nil {
		return nil, nil, errors.Join(fmt.Errorf("start %s: %w", path, err), stop())
	}
	return ctx, stop, nil
}

// findChromium returns the browser's path: $CHROMIUM, or the first of the usual names.
func findChromium() (string, error) {
	if path := os.Getenv("CHROMIUM"); path != "" {
		return exec.LookPath(path)
	}
	for _, name := range []string{"/usr/bin/chromium", "chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", errors.New("no Chromium: these tests need one; install it, or say in $CHROMIUM where it is")
}
