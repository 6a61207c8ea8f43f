package account_test

import (
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey/account"
)

// A page learns whether a link is valid before it asks for a password, and the check does not use
// it up.
func TestCheckOfALink(t *testing.T) {
	w := newWorld(t, account.RegistrationClosed)
	b := w.browser()
	check := func(id string) reply { return b.post("/api/reset-password/check", object{"id": id}) }
	check("").want(404, "link_invalid")
	check("nonsense").want(404, "link_invalid")
	b.post("/api/forgot-password", object{"email": ada}).want(202, "")
	id := w.link(ada, "reset-password")
	for range 2 {
		got := check(id).want(200, "")
		if got.text("email") != ada || got.body["passwordMinLength"] != 15.0 || len(got.body) != 2 {
			t.Errorf("%v", got.body)
		}
	}
	b.send("GET", "/api/reset-password/check?id="+id, nil).want(405, "method_not_allowed")
	b.post("/api/reset-password", object{"id": id, "password": fresh}).want(200, "")
	check(id).want(404, "link_invalid")

	b.post("/api/forgot-password", object{"email": ada}).want(202, "")
	id = w.link(ada, "reset-password")
	w.pass(time.Hour)
	check(id).want(404, "link_invalid")
}
