package e2e_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	cdpbrowser "github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// Device-bound sessions, with keys in software: as often as the browser likes, or, as users have
// it, with a quota of signatures for each site. Neither feature must be missing, and Chromium takes
// only one list of them.
var (
	bindsFreely   = []chromedp.ExecAllocatorOption{chromedp.Flag("enable-features", "DeviceBoundSessions:RefreshQuota/false,"+softwareKeys)}
	bindsRationed = []chromedp.ExecAllocatorOption{chromedp.Flag("enable-features", "DeviceBoundSessions,"+softwareKeys)}
)

const softwareKeys = "EnableBoundSessionCredentialsSoftwareKeysForManualTesting"

// A binder is a browser that binds sessions to a key of its device. It tells what becomes of them,
// while no page can see anything.
type binder struct {
	*browser
	mu      sync.Mutex
	active  bool
	heard   []string
	skip    int           // how many of these a test has seen
	changed chan struct{} // closed when there is more
}

// newBinder gives the test a browser of its own that binds sessions.
func newBinder(t *testing.T) *binder {
	t.Helper()
	return startBinder(newBrowserOf(t, binding))
}

// startBinder fails the test unless the browser can bind sessions.
func startBinder(of *browser) *binder {
	of.Helper()
	b := &binder{browser: of, changed: make(chan struct{})}
	if err := chromedp.Do(b.ctx); err != nil {
		b.Fatal(err)
	}
	if err := chromedp.Listen(b.ctx, b.hear); err != nil {
		b.Fatal(err)
	}
	if _, err := chromedp.Call(b.ctx, network.EnableDeviceBoundSessions, network.EnableDeviceBoundSessionsParams{Enable: true}); err != nil {
		b.Fatal(err)
	}
	version, err := chromedp.CallBrowser(b.ctx, cdpbrowser.GetVersion, cdp.Empty{})
	if err != nil {
		b.Fatal(err)
	}
	b.wait(version.Product+" binds sessions", func() bool { return b.active })
	return b
}

func (b *binder) hear(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *network.EventDeviceBoundSessionsAdded:
		b.active = true
	case *network.EventDeviceBoundSessionEventOccurred:
		b.heard = append(b.heard, told(e))
	default:
		return
	}
	close(b.changed)
	b.changed = make(chan struct{})
}

// told puts an event into words, with the reason that Chromium gives.
func told(e *network.EventDeviceBoundSessionEventOccurred) string {
	switch {
	case e.CreationEventDetails != nil:
		return "creation " + string(e.CreationEventDetails.FetchResult) + because(e.CreationEventDetails.FailedRequest)
	case e.RefreshEventDetails != nil:
		return "refresh " + string(e.RefreshEventDetails.RefreshResult) + because(e.RefreshEventDetails.FailedRequest)
	case e.TerminationEventDetails != nil:
		return "termination " + string(e.TerminationEventDetails.DeletionReason)
	case e.ChallengeEventDetails != nil:
		return "challenge " + string(e.ChallengeEventDetails.ChallengeResult)
	}
	return "unknown event"
}

func because(failed *network.DeviceBoundSessionFailedRequest) string {
	if failed == nil {
		return ""
	}
	return fmt.Sprintf(" (%s %d %s)", failed.NetError, failed.ResponseError, failed.ResponseErrorBody)
}

// awaitTold waits until the browser tells this, and skips what it told before.
func (b *binder) awaitTold(event string) {
	b.Helper()
	b.wait(event, func() bool {
		for i, heard := range b.heard[b.skip:] {
			if strings.HasPrefix(heard, event) {
				b.skip += i + 1
				return true
			}
		}
		return false
	})
}

// wait returns when the condition, which is evaluated under the lock, is true.
func (b *binder) wait(what string, condition func() bool) {
	b.Helper()
	patient, cancel := context.WithTimeout(b.Context(), patience)
	defer cancel()
	for {
		b.mu.Lock()
		done, changed, heard := condition(), b.changed, b.heard
		b.mu.Unlock()
		if done {
			return
		}
		select {
		case <-changed:
		case <-patient.Done():
			b.Fatalf("%s: did not happen; the browser told of %q", what, heard)
		}
	}
}
