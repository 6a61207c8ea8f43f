package latchkey_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey/idp/idptest"
)

const tokenRefused = `{"fieldErrors":{"refreshToken":[{"code":"[invalid]refreshToken"}]}}`

// One user with many dead sessions does not keep other users' refusals from ending theirs.
func TestRefusals_ofOneUser(t *testing.T) {
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

// Many accounts do not either: a session counts once, however often it is presented.
func TestRefusals_oneSessionCountsOnce(t *testing.T) {
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

// A bad deploy at the provider refuses everybody: after the sessions of twenty users, refusals end
// nothing.
func TestRefusals_ofEverybodyEndNothing(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		var browsers []*browser
		for i := range 30 {
			email := fmt.Sprintf("user%d@example.com", i)
			w.provider.AddUser(email, w.shop.application.ID)
			b := newBrowser()
			b.try(w.shop, email, idptest.Password).want(t, 200, "", "")
			browsers = append(browsers, b)
		}
		time.Sleep(time.Hour)
		w.faults.set(answer(400, "application/json", tokenRefused))
		statuses := make(map[int]int)
		for _, b := range browsers {
			statuses[b.get(w.shop, "/api/private").status]++
		}
		if statuses[401] != 20 || statuses[503] != 10 {
			t.Errorf("statuses %v, want 20 refusals and 10 times do not know", statuses)
		}
		w.faults.set(nil)
		for _, b := range browsers[20:] {
			if got := b.get(w.shop, "/api/private"); got.status != 200 {
				t.Errorf("status %d", got.status)
			}
		}
		if !strings.Contains(w.log.String(), "refuses every session") {
			t.Error("the operator is not told")
		}
	})
}
