package e2e_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// patience is how long a test waits for what must happen. It is generous, because the machine may
// be busy.
const patience = 20 * time.Second

// A tab is one page of a browser. Its methods fail the test when the page does not do in time what
// they expect.
type tab struct {
	*testing.T
	ctx context.Context

	mu         sync.Mutex
	complaints []string
	underWay   map[network.RequestID]string // requests without an answer yet, by id
}

// newTab opens a tab with a context of chromedp. A test whose page reported errors fails at its
// end.
func newTab(t *testing.T, ctx context.Context) *tab {
	t.Helper()
	p := &tab{T: t, ctx: ctx, underWay: make(map[network.RequestID]string)}
	if err := chromedp.Do(ctx); err != nil {
		t.Fatal(err)
	}
	if err := chromedp.Listen(ctx, p.hear); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, complaint := range p.takeComplaints() {
			t.Errorf("the page complained: %s", complaint)
		}
		if t.Failed() {
			p.picture()
		}
	})
	return p
}

// hear records requests in flight, and what a developer would see in red in the console:
// exceptions, violations of a policy, errors that the page logs. Error responses are in red too,
// and expected now and then.
func (p *tab) hear(event any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		p.underWay[e.RequestID] = e.Request.URL
	case *network.EventLoadingFinished:
		delete(p.underWay, e.RequestID)
	case *network.EventLoadingFailed:
		delete(p.underWay, e.RequestID)
	case *runtime.EventExceptionThrown:
		p.complaints = append(p.complaints, "exception: "+e.ExceptionDetails.Text+" "+describe(e.ExceptionDetails.Exception))
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeAssert {
			p.complaints = append(p.complaints, fmt.Sprintf("console.%s: %s", e.Type, describe(e.Args...)))
		}
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError && e.Entry.Source != log.EntrySourceNetwork {
			p.complaints = append(p.complaints, fmt.Sprintf("%s: %s (%s)", e.Entry.Source, e.Entry.Text, e.Entry.URL))
		}
	}
}

func describe(objects ...*runtime.RemoteObject) string {
	var all []string
	for _, o := range objects {
		if o != nil {
			all = append(all, o.Description+string(o.Value))
		}
	}
	return strings.Join(all, " ")
}

// takeComplaints returns the errors that the page reported, and clears them.
func (p *tab) takeComplaints() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	taken := p.complaints
	p.complaints = nil
	return taken
}

func (p *tab) do(what string, action chromedp.Action[chromedp.Void]) {
	p.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, action); err != nil {
		p.Fatalf("%s: %v", what, err)
	}
}

func (p *tab) navigate(url string) {
	p.Helper()
	p.do("open "+url, chromedp.Navigate(url))
}

func (p *tab) reload() {
	p.Helper()
	p.do("reload", chromedp.Reload())
}
