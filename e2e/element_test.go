package e2e_test

import (
	"context"
	"fmt"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
)

// What a person sees of a page, and does with mouse and keyboard.

// hook is the selector of the element that the page marks for tests.
func hook(id string) chromedp.CSS { return chromedp.CSS(fmt.Sprintf("[data-testid=%q]", id)) }

// see waits until the element is visible.
func (p *tab) see(id string) {
	p.Helper()
	p.do("see "+id, chromedp.WaitVisible(hook(id)))
}

// seeNo waits until the element is gone or hidden.
func (p *tab) seeNo(id string) {
	p.Helper()
	p.until("see no "+id, fmt.Sprintf(`!document.querySelector(%q)?.checkVisibility()`, string(hook(id))))
}

// click waits until a person could click the element, with nothing in front of it, and clicks it.
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

// fill replaces the content of a field, as one keystroke would.
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
