package latchkey_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey/idp/idptest"
)

const tokenRefused = `{"fieldErrors":{"refreshToken":[{"code":"[invalid]refreshToken"}]}}`

// A stranger who collects dead sessions of their own does not keep others from hearing that theirs are over.
func TestDeadSessionsOfOneUser(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		w.provider.AddUser("mallory@example.com", w.shop.application.ID)
		ada := newBrowser()
		ada.login(w.shop)
		var mallory []*browser
		for range 45 {
			b := newBrowser()
			b.try(w.shop, "mallory@example.com", idptest.Password).want(t, 200, "", "")
			mallory = append(mallory, b)
		}
		time.Sleep(time.Hour)
		w.faults.set(answer(400, "application/json", tokenRefused)) // all of these tokens are dead
		for _, b := range mallory {
			b.get(w.shop, "/api/user").want(t, 404, "not_logged_in", "refresh_refused")
		}
		ada.get(w.shop, "/api/user").want(t, 404, "not_logged_in", "refresh_refused")
	})
}

// Nor does one who has as many accounts: a session counts once, though it is presented again and again.
func TestDeadSessionsCountOnce(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		ada := newBrowser()
		ada.login(w.shop)
		var mallory []*browser
		for i := range 45 {
			email := fmt.Sprintf("mallory%d@example.com", i)
			w.provider.AddUser(email, w.shop.application.ID)
			b := newBrowser()
			b.try(w.shop, email, idptest.Password).want(t, 200, "", "")
			mallory = append(mallory, b)
			time.Sleep(time.Second)
		}
		time.Sleep(time.Hour)
		w.faults.set(answer(400, "application/json", tokenRefused))
		for range 4 {
			for _, b := range mallory {
				b.get(w.shop, "/api/user")
			}
			time.Sleep(30 * time.Second)
		}
		ada.get(w.shop, "/api/user").want(t, 404, "not_logged_in", "refresh_refused")
	})
}

// TestProviderThatRefusesEverybody in loss_test.go has the other side: many users, and none of their sessions ends.
