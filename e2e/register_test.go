package e2e_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"
)

const fresh = "a new password for a new day"

// TestRegister creates an account with the form, follows the link in the mail, and logs in.
func TestRegister(t *testing.T) {
	inEach(t, func(t *testing.T, s *site, b *browser) {
		p := s.enter(b)
		p.click("to-register")
		p.until("the focus to be in the form", focused("register-firstName"))
		p.press("Bob" + kb.Tab + "bob" + kb.Tab + "short" + kb.Enter)
		p.until("the focus to be where something is wrong", focused("register-email"))
		p.wantAlert("register-email", "@")
		p.wantAlert("register-newPassword", "15 characters")
		s.wantNone("/api/register")
		p.fill("register-email", "bob@example.com")
		p.fill("register-newPassword", fresh)
		p.press(kb.Enter)
		p.see("mailed")
		link := s.outbox.link("bob@example.com")
		p.click("to-login")
		p.submitLogin("bob@example.com", fresh)
		p.wantAlert("login-password", "don’t match")
		p.click("login-unproven")
		p.see("mailed")
		if again := s.outbox.link("bob@example.com"); !strings.HasPrefix(again, s.origin+"/#verify-email=") {
			t.Errorf("the link of the second mail is %s", again)
		}
		p.click("mailed-again")
		p.untilText("Sent again")
		s.outbox.link("bob@example.com")

		p = b.open(link)
		p.see("verify-form")
		if url := read[string](p, `location.href`); strings.Contains(url, "#") {
			t.Errorf("the id of the mail stays in the address: %s", url)
		}
		p.fill("verify-password", fresh)
		p.click("verify-submit")
		p.click("mail-link-go-on")
		p.logIn("bob@example.com", fresh)
		p.see("user-name")
		if !read[bool](p, `(location.hash = "`+link[strings.Index(link, "#"):]+`").length > 0`) {
			t.Fatal("no link")
		}
		p.see("mail-link-invalid")
	})
}

// wantAlert waits until the field is marked as invalid, with a message that is shown and read out.
func (p *tab) wantAlert(field, part string) {
	p.Helper()
	p.until("something to be wrong with "+field, `document.querySelector('[data-testid="`+field+`"]').ariaInvalid === "true"`)
	said := read[string](p, `(() => {
		const described = document.querySelector('[data-testid="`+field+`"]').getAttribute("aria-describedby").split(" ");
		return described.map(id => document.getElementById(id)).filter(e => e.role === "alert").map(e => e.innerText).join("");
	})()`)
	if !strings.Contains(said, part) {
		p.Errorf("%s: %q is said, want something with %q", field, said, part)
	}
}

// wantNone fails the test if such a request has been made.
func (s *site) wantNone(path string) {
	s.Helper()
	if n := len(s.wire.to(s, path)); n > 0 {
		s.Errorf("%d requests to %s, want none", n, path)
	}
}

// TestUnconfirmed: the login says the same for an unknown address, a wrong password and an
// unverified address, and so does what it offers.
func TestUnconfirmed(t *testing.T) {
	inEach(t, func(t *testing.T, s *site, b *browser) {
		p := s.enter(b)
		p.fillRegistration("bob@example.com")
		p.press(kb.Enter)
		p.see("mailed")
		s.outbox.link("bob@example.com")
		p.click("to-login")
		said := make(map[string]bool)
		for _, email := range []string{"nobody@example.com", s.user.Email, "bob@example.com"} {
			p.submitLogin(email, fresh)
			p.see("login-unproven")
			login := p.text("login-form")
			if email == "nobody@example.com" {
				s.failOnce("/api/verify-email/send")
				p.click("login-unproven")
				p.untilText("Try again in 60 seconds")
			}
			p.click("login-unproven")
			p.see("mailed")
			said[login+strings.ReplaceAll(p.text("mailed"), email, "…")] = true
			p.click("to-login")
		}
		if len(said) != 1 {
			t.Errorf("an address is told apart: %v", said)
		}
		s.outbox.link("bob@example.com")
	})
}

// failOnce makes the next request to a path fail as if the provider were down.
func (s *site) failOnce(path string) {
	failed := make(chan struct{}, 1)
	s.front.answer(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == path {
			select {
			case failed <- struct{}{}:
				later(w)
				return
			default:
			}
		}
		s.app.ServeHTTP(w, r)
	})
}

// later answers that the provider is down, and for how long.
func later(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Retry-After", "60")
	w.WriteHeader(http.StatusServiceUnavailable)
	io.WriteString(w, `{"code": "provider_unavailable"}`)
}

// TestSlowNetwork: the button says that it is busy, and pressing it again sends nothing. What was
// typed is there when it fails.
func TestSlowNetwork(t *testing.T) {
	inEach(t, func(t *testing.T, s *site, b *browser) {
		p := s.enter(b)
		p.fillRegistration("bob@example.com")
		hold, tries := make(chan struct{}), make(chan struct{}, 10)
		s.front.answer(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/api/register" {
				tries <- struct{}{}
				<-hold
				later(w)
				return
			}
			s.app.ServeHTTP(w, r)
		})
		p.press(kb.Enter)
		p.untilText("Creating your account…")
		p.press(kb.Enter)
		p.click("register-submit")
		p.untilText("Still waiting for an answer…")
		close(hold)
		p.untilText("Try again in 60 seconds")
		if len(tries) != 1 || p.value("register-email") != "bob@example.com" || p.value("register-newPassword") != fresh {
			t.Errorf("sent %d times; the fields have %q and %q", len(tries), p.value("register-email"), p.value("register-newPassword"))
		}
		s.front.answer(nil)
		p.click("register-submit")
		p.see("mailed")
		s.outbox.link("bob@example.com")
	})
}
