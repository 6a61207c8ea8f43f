package e2e_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/chromedp/chromedp"
)

// What a page's own script reads and does.

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

// rest waits until the page has drawn itself and waits for no response.
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

// read evaluates a JavaScript expression, and awaits it if it is a promise.
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

// An answer is what the page's own script can see of a response.
type answer struct {
	Status int
	Body   string
}

// problem reads the body of an error response.
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

// rememberThisPage marks the page; the mark is gone when it is loaded again.
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
