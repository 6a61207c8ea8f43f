package latchkey_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/idp/idptest"
)

// occupy has strangers fail at Ada's account until new browsers must wait.
func occupy(t *testing.T, w *world) {
	t.Helper()
	for i := range 7 {
		newBrowser().try(w.shop, "ada@example.com", "wrong", from(fmt.Sprintf("192.0.2.%d", i)))
	}
	newBrowser().try(w.shop, "ada@example.com", idptest.Password, from("192.0.2.99")).want(t, 429, "too_many_attempts", "")
}

// isKnown reports whether the browser has a bucket of its own while failed logins fill the
// account's.
func (b *browser) isKnown(w *world) bool {
	return b.copy(w.shop, deviceCookie).try(w.shop, "ada@example.com", "wrong").status == http.StatusUnauthorized
}

// THR-03: many device cookies of one account bring no more guesses than one.
func TestTHR03_ManyDeviceCookies(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		w.withAddresses()
		var thieves []*browser
		for i := range 100 {
			b := newBrowser()
			// one account, whatever the spelling
			email := []string{"ada@example.com", "ａda@example.com", "aⓓa@example.com"}[i%3]
			b.try(w.shop, email, idptest.Password).want(t, 200, "", "")
			thieves = append(thieves, b.copy(w.shop, deviceCookie))
		}
		checked := 0
		for range 3 {
			for i, b := range thieves {
				email := []string{"ada@example.com", "ａda@example.com", "aⓓa@example.com"}[i%3]
				if b.try(w.shop, email, "wrong", from(fmt.Sprintf("198.51.100.%d", i))).status == http.StatusUnauthorized {
					checked++
				}
			}
		}
		if checked > 31 { // the first beyond the allowance waits a second
			t.Errorf("%d guesses at once", checked)
		}
		if last := thieves[99].try(w.shop, "ada@example.com", idptest.Password); last.status == http.StatusOK {
			t.Error("there is no wait")
		}
	})
}

// A browser is known for 180 days after its last login.
func TestDeviceCookie_expires(t *testing.T) {
	simulateMonths(t, func(t *testing.T, w *world) {
		w.withAddresses()
		b := newBrowser()
		got := b.login(w.shop)
		if cookie := strings.Join(got.header["Set-Cookie"], "\n"); !strings.Contains(cookie, "Max-Age=15552000") {
			t.Errorf("cookies %s", cookie)
		}
		time.Sleep(179 * 24 * time.Hour)
		occupy(t, w)
		if !b.isKnown(w) {
			t.Error("forgotten after 179 days")
		}
		copied := b.copy(w.shop)
		b.login(w.shop)
		time.Sleep(2 * 24 * time.Hour)
		occupy(t, w)
		if !b.isKnown(w) {
			t.Error("a login has not renewed the cookie")
		}
		if copied.isKnown(w) {
			t.Error("known after 181 days")
		}
	})
}

// A device cookie from before the newest password change is worthless, however the node learned of
// the change.
func TestDeviceCookie_fromBeforeANewPassword(t *testing.T) {
	for name, change := range map[string]func(t *testing.T, w *world){
		"told": func(t *testing.T, w *world) {
			_, err := w.shop.guard.EndUser(t.Context(), w.user.ID, latchkey.EndPasswordChanged)
			must(t, err)
		},
		"event": func(t *testing.T, w *world) {
			_, err := w.shop.guard.EndUser(t.Context(), w.user.ID, latchkey.EndPasswordChanged, latchkey.StartedUntil(time.Now()))
			must(t, err)
		},
		"before a reload": func(t *testing.T, w *world) {
			old := w.shop.guard
			_, err := old.EndUser(t.Context(), w.user.ID, latchkey.EndPasswordChanged)
			must(t, err)
			config := w.config(w.shop, discard)
			config.Replaces = old
			w.shop.start(config)
		},
		"form": func(t *testing.T, w *world) {
			w.demandNewPassword("Breached")
			body := `{"email":"ada@example.com","password":"` + idptest.Password + `","newPassword":"` + idptest.Password + `x"}`
			newBrowser().send(w.shop, "POST", "/api/login", body).want(t, 200, "", "")
		},
	} {
		t.Run(name, func(t *testing.T) {
			simulate(t, func(t *testing.T, w *world) {
				w.withAddresses()
				b := newBrowser()
				b.login(w.shop)
				thief := b.copy(w.shop)
				time.Sleep(time.Second)
				change(t, w)
				occupy(t, w)
				if thief.isKnown(w) {
					t.Error("the old cookie has a bucket of its own")
				}
			})
		})
	}
}

// Other end reasons leave the device cookies valid, and so does another user's password change.
func TestDeviceCookie_outlivesOtherEnds(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		w.withAddresses()
		b := newBrowser()
		b.login(w.shop)
		time.Sleep(time.Second)
		for user, reason := range map[string]latchkey.EndReason{w.user.ID: latchkey.EndRevokedByAdmin, "somebody else": latchkey.EndPasswordChanged} {
			_, err := w.shop.guard.EndUser(t.Context(), user, reason)
			must(t, err)
		}
		occupy(t, w)
		if !b.isKnown(w) {
			t.Error("the browser is not known")
		}
	})
}

// The browser in which the password was changed stays known: it logs in at once, by other means
// than the form.
func TestDeviceCookie_isRenewedByBegin(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		w.withAddresses()
		b := newBrowser()
		b.login(w.shop)
		grant, err := w.config(w.shop, discard).Provider.Login(t.Context(), latchkey.Credentials{LoginID: "ada@example.com", Password: idptest.Password})
		must(t, err)
		time.Sleep(time.Second)
		w.shop.grant = grant
		_, err = w.shop.guard.EndUser(t.Context(), w.user.ID, latchkey.EndPasswordChanged)
		must(t, err)
		b.send(w.shop, "POST", "/api/by-key", "").want(t, 200, "", "")
		stranger := newBrowser()
		stranger.send(w.shop, "POST", "/api/by-key", "").want(t, 200, "", "")
		if stranger.jar(w.shop)[deviceCookie] != "" {
			t.Error("a browser is known that never logged in by the form")
		}
		occupy(t, w)
		if !b.isKnown(w) {
			t.Error("the browser is not known")
		}
		// A key of somebody else does not renew Ada's.
		before := b.jar(w.shop)[deviceCookie]
		w.shop.grant.User.ID = "somebody else"
		b.send(w.shop, "POST", "/api/by-key", "").want(t, 200, "", "")
		if b.jar(w.shop)[deviceCookie] != before {
			t.Error("somebody else's login has renewed the cookie")
		}
	})
}

// A browser that is not to be remembered is not known either.
func TestDeviceCookie_onlyIfRemembered(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		b := newBrowser()
		b.send(w.shop, "POST", "/api/login", `{"email":"ada@example.com","remember":false,"password":"`+idptest.Password+`"}`).want(t, 200, "", "")
		if b.jar(w.shop)[deviceCookie] != "" {
			t.Error("a device cookie")
		}
		b.login(w.shop)
		first := b.jar(w.shop)[deviceCookie]
		b.login(w.shop)
		// 16 bytes
		if again := b.jar(w.shop)[deviceCookie]; first == "" || again[:21] != first[:21] {
			t.Errorf("the browser's name changed from %q to %q", first, again)
		}
	})
}

// That a browser has bound a session is kept over its next logins, of any user: if it stops binding
// them, the operator is told that it could.
func TestDeviceCookie_keepsThatTheBrowserCanBind(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		var events eventLog
		node := w.anotherNode(w.shop, events.observe)
		w.provider.AddUser("bob@example.com", w.shop.application.ID)
		b := w.bound(node).copy(node, deviceCookie)
		for _, email := range []string{"ada@example.com", "ada@example.com", "bob@example.com"} {
			b.try(node, email, idptest.Password).want(t, 200, "", "")
			time.Sleep(2 * time.Minute)
			events.take("")
			b.get(node, "/api/private").want(t, 200, "", "")
			if unbound := events.take(latchkey.EventUnbound); len(unbound) != 1 || !unbound[0].Expected {
				t.Errorf("login of %s: %+v", email, unbound)
			}
		}
	})
}
