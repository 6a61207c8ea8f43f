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

// chromium is the browser process of all tests, started by TestMain.
var chromium context.Context

func TestMain(m *testing.M) {
	os.Exit(withChromium(m))
}

func withChromium(m *testing.M) (status int) {
	profile, err := os.MkdirTemp("", "latchkey-e2e-profile-")
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		return 1
	}
	defer os.RemoveAll(profile)
	ctx, stop, err := startChromium(profile)
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		return 1
	}
	defer stop()
	chromium = ctx
	return m.Run()
}

// startChromium starts a browser process with a profile directory. The context is that of its first
// tab; stop ends the process and waits until it has written its profile.
func startChromium(profile string) (ctx context.Context, stop func() error, err error) {
	path, err := findChromium()
	if err != nil {
		return nil, nil, err
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.UserDataDir(profile), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.WindowSize(1280, 900),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true),
	)
	allocator, cancel := chromedp.NewExecAllocator(context.Background(), options...)
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
