package e2e_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"

	"github.com/latchkey-dev/latchkey/idp/idptest"
)

// TestLoginByKeyboard logs in with the keyboard alone.
func TestLoginByKeyboard(t *testing.T) {
	inEach(t, func(t *testing.T, s *site, b *browser) {
		p := b.open(s.origin + s.page())
		if s.name == "store" {
			p.see("product-kettle")
			p.tabTo("cart-open")
			p.press(kb.Enter)
		}
		p.see("login-form")
		p.until("the focus to be in the form", focused("login-email"))
		p.press(s.user.Email)
		p.tabTo("login-password")
		p.press(idptest.Password + kb.Enter)
		s.seePrivate(p)
	})
}

// tabTo presses Tab until the element has the focus.
func (p *tab) tabTo(id string) {
	p.Helper()
	for range 20 {
		if read[bool](p, focused(id)) {
			return
		}
		p.press(kb.Tab)
	}
	p.Fatalf("%s cannot be reached by Tab", id)
}

func focused(id string) string { return `document.activeElement?.dataset.testid === "` + id + `"` }

// TestWrongPassword: the page says so where it can be seen and is read out, in the same words for
// an unknown address.
func TestWrongPassword(t *testing.T) {
	inEach(t, func(t *testing.T, s *site, b *browser) {
		p := s.enter(b)
		if live := read[string](p, `document.querySelector('[data-testid="login-error"]').role`); live != "alert" {
			t.Errorf("the role of the message is %q", live)
		}
		said := make(map[string]bool)
		for _, email := range []string{s.user.Email, "nobody@example.com"} {
			s.forget()
			p.submitLogin(email, "not the password")
			s.await(1, "POST", "/api/login")
			p.until("a message", `document.querySelector('[data-testid="login-error"]').innerText && document.querySelector('[data-testid="login-form"]').ariaBusy !== "true"`)
			said[p.text("login-error")] = true
			if e := s.only("POST", "/api/login"); e.status != http.StatusUnauthorized || len(e.setCookies()) != 0 {
				t.Errorf("%s: %d, sets %v", email, e.status, e.setCookies())
			}
			if got := p.value("login-email"); got != email {
				t.Errorf("the address that was typed, %s, has become %q", email, got)
			}
		}
		if len(said) != 1 {
			t.Errorf("a wrong password and an unknown address are told apart: %v", said)
		}
		if len(b.cookies(s)) != 0 {
			t.Error("there are cookies without a login")
		}
		p.logIn(s.user.Email, idptest.Password)
		s.seePrivate(p)
	})
}

// TestFormForPasswordManagersLGN14: a password manager recognizes the fields, pasting is allowed,
// the password can be shown.
func TestFormForPasswordManagersLGN14(t *testing.T) {
	inEach(t, func(t *testing.T, s *site, b *browser) {
		p := s.enter(b)
		for expression, want := range map[string]string{
			`password.type`:                                        "password",
			`password.autocomplete`:                                "current-password",
			`email.autocomplete`:                                   "username",
			`email.autocapitalize`:                                 "none",
			`email.form.tagName`:                                   "FORM",
			`String(password.form === email.form)`:                 "true",
			`String(email.labels.length * password.labels.length)`: "1",
			`String(password.dispatchEvent(new ClipboardEvent("paste", {bubbles: true, cancelable: true})))`: "true",
		} {
			got := read[string](p, `(() => {
				const email = document.querySelector('[data-testid="login-email"]'), password = document.querySelector('[data-testid="login-password"]');
				return `+expression+`;
			})()`)
			if got != want {
				t.Errorf("%s is %q, want %q", expression, got, want)
			}
		}
		p.fill("login-password", idptest.Password)
		p.clickButton("Show")
		p.until("the password to be shown", `document.querySelector('[data-testid="login-password"]').type === "text"`)
		p.fill("login-email", s.user.Email)
		p.click("login-submit")
		s.seePrivate(p)
		if e := s.only("POST", "/api/login"); !strings.HasPrefix(e.request.Get("Content-Type"), "application/json") {
			t.Errorf("the form was sent as %s", e.request.Get("Content-Type"))
		}
	})
}

// TestNotRemembered: without "keep me signed in" both cookies end with the browser. Until then the
// session is refreshed like any other.
func TestNotRemembered(t *testing.T) {
	inEach(t, func(t *testing.T, s *site, b *browser) {
		p := s.enter(b)
		p.click("login-remember")
		p.logIn(s.user.Email, idptest.Password)
		s.seePrivate(p)
		for range 2 {
			for name, c := range b.cookies(s) {
				if !c.Session {
					t.Errorf("%s outlives the browser", name)
				}
			}
			s.clock.advance(idle + time.Second)
			if !s.wantRenewed(b, p) {
				t.Error("the session was not refreshed")
			}
		}
	})
}

// wantRenewed makes the page send a request, and reports whether the browser then has new cookies
// of both names.
func (s *site) wantRenewed(b *browser, p *tab) bool {
	s.Helper()
	before := b.copyCookies(s)
	s.wantServed("after the session expired", s.asPage(p))
	after := b.copyCookies(s)
	return before[sessionCookie] != after[sessionCookie] && before[refreshCookie] != after[refreshCookie]
}
