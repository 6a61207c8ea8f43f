package e2e_test

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// patience is how long a test waits for what must happen. It is not what a person would call quick: the machine may be busy.
const patience = 20 * time.Second

// A tab is one page of a browser. Its methods end the test when the page does not do in time what is asked of it.
type tab struct {
	*testing.T
	ctx context.Context

	mu         sync.Mutex
	complaints []string
	underWay   map[network.RequestID]string // requests without an answer yet, by id
}

// newTab opens a tab with a context of chromedp. A test whose page complained fails at its end.
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

// hear notes what requests are under way, and what a developer would see in red in the console: exceptions, violations of a policy,
// errors that the page logs. That an answer is no success is expected now and then, and is in red too.
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

// takeComplaints returns what the page complained of, and forgets it.
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

// hook is the selector of the element that the page marks for tests.
func hook(id string) chromedp.CSS { return chromedp.CSS(fmt.Sprintf("[data-testid=%q]", id)) }

// see waits until the element is visible.
func (p *tab) see(id string) {
	p.Helper()
	p.do("see "+id, chromedp.WaitVisible(hook(id)))
}

// seeNo waits until the element is not there, or hidden.
func (p *tab) seeNo(id string) {
	p.Helper()
	p.until("see no "+id, fmt.Sprintf(`!document.querySelector(%q)?.checkVisibility()`, string(hook(id))))
}

// click waits until a person could click the element, with nothing in front of it, and does.
func (p *tab) click(id string) {
	p.Helper()
	p.see(id)
	p.until(id+" to be in reach", fmt.Sprintf(`(() => {
		const element = document.querySelector(%q);
		element.scrollIntoView({block: "center", behavior: "instant"});
		const { x, y, width, height } = element.getBoundingClientRect();
		return !element.disabled && element.contains(document.elementFromPoint(x + width / 2, y + height / 2));
	})()`, string(hook(id))))
	p.do("click "+id, chromedp.Click(hook(id), chromedp.NodeVisible))
}

// clickButton clicks the button with that text.
func (p *tab) clickButton(text string) {
	p.Helper()
	p.do("click "+text, chromedp.Click(chromedp.Search(fmt.Sprintf(`//button[normalize-space()=%q]`, text)), chromedp.NodeVisible))
}

// fill puts text into a field in place of what is there, as one keystroke would.
func (p *tab) fill(id, text string) {
	p.Helper()
	p.do("fill "+id, chromedp.Steps(
		chromedp.WaitVisible(hook(id)),
		chromedp.Focus(hook(id)),
		chromedp.Evaluate[chromedp.Void]("document.activeElement.select()"),
		p.insert(text),
	))
}

func (p *tab) insert(text string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, input.InsertText, input.InsertTextParams{Text: text})
		return err
	})
}

// press presses keys, or types text, wherever the focus is.
func (p *tab) press(keys string) {
	p.Helper()
	p.do("press keys", chromedp.KeyEvent(keys))
}

// text returns the visible text of the element.
func (p *tab) text(id string) string {
	p.Helper()
	p.see(id)
	return read[string](p, fmt.Sprintf(`document.querySelector(%q).innerText`, string(hook(id))))
}

// value returns what is in a field.
func (p *tab) value(id string) string {
	p.Helper()
	p.see(id)
	return read[string](p, fmt.Sprintf(`document.querySelector(%q).value`, string(hook(id))))
}

// until waits until the JavaScript expression is true, or truthy.
func (p *tab) until(what, expression string) {
	p.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	if _, err := chromedp.Run(ctx, chromedp.Poll[bool]("Boolean("+expression+")", chromedp.WithPollingInterval(20*time.Millisecond))); err != nil {
		p.Fatalf("%s: %v", what, err)
	}
}

// untilText waits until the page shows the text.
func (p *tab) untilText(text string) {
	p.Helper()
	p.until("text "+text, fmt.Sprintf(`document.body.innerText.includes(%q)`, text))
}

// afterDrawing waits until the page has drawn itself and has done what it does after that.
func (p *tab) afterDrawing() {
	p.Helper()
	read[bool](p, `new Promise(done => {
		const twice = then => requestAnimationFrame(() => setTimeout(then));
		twice(() => twice(() => done(true)));
	})`)
}

// rest waits until the page has drawn itself and waits for no answer.
func (p *tab) rest() {
	p.Helper()
	for deadline := time.Now().Add(patience); ; {
		p.afterDrawing()
		p.mu.Lock()
		waiting := slices.Collect(maps.Values(p.underWay))
		p.mu.Unlock()
		if len(waiting) == 0 {
			return
		}
		if time.Now().After(deadline) {
			p.Fatalf("the page still waits for %q", waiting)
		}
	}
}

// read evaluates a JavaScript expression, and waits for it where it is a promise.
func read[T any](p *tab, expression string) T {
	p.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		p.Fatalf("%s: %v", expression, err)
	}
	return v
}

// An answer is what the page's own script can see of one.
type answer struct {
	Status int
	Body   string
}

// problem reads the body of an answer that is no success.
func (a answer) problem() (p struct{ Code, EndReason string }) {
	if json.Unmarshal([]byte(a.Body), &p) != nil {
		p.Code = "not a problem: " + a.Body
	}
	return p
}

// fetch sends a GET from the page's own script.
func (p *tab) fetch(url string) answer {
	p.Helper()
	return read[answer](p, fmt.Sprintf(`fetch(%q).then(async r => ({Status: r.status, Body: await r.text()}))`, url))
}

// picture leaves a picture of the page where the test's log says.
func (p *tab) picture() {
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	png, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	if err != nil {
		p.Logf("no picture of the page: %v", err)
		return
	}
	file, err := os.CreateTemp(pictures(p.T), strings.ReplaceAll(p.Name(), "/", "_")+"-*.png")
	if err != nil {
		p.Log(err)
		return
	}
	defer file.Close()
	if _, err := file.Write(png); err != nil {
		p.Log(err)
	}
	p.Logf("a picture of the page: %s", file.Name())
}

// pictures returns the directory for pictures: that of the test's artifacts where they are kept.
func pictures(t *testing.T) string {
	if kept := flag.Lookup("test.artifacts"); kept != nil && kept.Value.String() == "true" {
		return t.ArtifactDir()
	}
	dir := filepath.Join(os.TempDir(), "latchkey-e2e-pictures")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Log(err)
	}
	return dir
}

// rememberThisPage leaves a mark in the page that is gone when it is loaded again.
func (p *tab) rememberThisPage() {
	p.Helper()
	read[bool](p, `(window.thisPage = true)`)
}

// wantThisPage fails the test if the page was loaded again since rememberThisPage.
func (p *tab) wantThisPage() {
	p.Helper()
	if !read[bool](p, `window.thisPage === true`) {
		p.Error("the page was loaded again")
	}
}
