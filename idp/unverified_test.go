package idp_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey/idp"
	"github.com/latchkey-dev/latchkey/idp/idptest"
)

// Who was imported without a word about the address is counted, and marked by the time of the
// import; who has registered is not.
func TestUnverifiedImports(t *testing.T) {
	hear := newHearing(t)
	w := newWorld(t, hear.option())
	must(t, w.ChangeTenant(t.Context(), "", func(n *idp.Tenant) { n.UnverifiedBehavior = idp.UnverifiedGated }))
	w.keyed("POST", "/api/user", object{"user": object{"email": "registered@example.com", "password": idptest.Password}}.String()).want(http.StatusOK)
	imports := func(name string, many int) (until time.Time) {
		users := []object{{"email": name + "-verified@example.com", "password": idptest.Password, "verified": true}, {"username": name, "password": idptest.Password}}
		for i := range many {
			users = append(users, object{"email": fmt.Sprintf("%s%d@example.com", name, i), "encryptionScheme": "salted-md5", "factor": 1, "salt": "", "password": "X03MO1qnZdYdgyfeuILPmQ==", "insertInstant": 1})
		}
		w.keyed("POST", "/api/user/import", object{"users": users}.String()).want(http.StatusOK)
		w.clock.advance(time.Hour)
		return w.clock.now()
	}
	noon := imports("first", 3)
	imports("second", 250)
	count := func(of idp.Imports) int {
		t.Helper()
		n, err := w.CountUnverified(t.Context(), of)
		must(t, err)
		return n
	}
	for want, of := range map[int]idp.Imports{253: {}, 3: {Before: noon}, 250: {Since: noon}, 0: {Since: noon, Before: noon}} {
		if n := count(of); n != want {
			t.Errorf("%+v: %d, want %d", of, n, want)
		}
	}
	// An address that a user has given since was not the other system's to prove.
	moved, err := w.UserByLoginID(t.Context(), "second249@example.com")
	must(t, err)
	w.keyed("PATCH", "/api/user/"+moved.ID, `{"user":{"firstName":"Grace"}}`).want(http.StatusOK)
	if n := count(idp.Imports{}); n != 253 {
		t.Errorf("%d after a change of the name", n)
	}
	w.keyed("PATCH", "/api/user/"+moved.ID, `{"user":{"email":"somebody.else@example.com"}}`).want(http.StatusOK)
	w.hook("events.test", "user.email.verified")
	if n, err := w.MarkVerified(t.Context(), idp.Imports{Before: noon}); n != 3 || err != nil {
		t.Errorf("marked %d, %v", n, err)
	}
	for range 3 {
		if e := hear.next().event; e.Type != "user.email.verified" || !strings.HasPrefix(e.User["email"].(string), "first") {
			t.Errorf("%+v", e)
		}
	}
	login := func(id string) answer {
		return w.keyed("POST", "/api/login", object{"loginId": id, "password": "password"}.String())
	}
	login("first0@example.com").want(http.StatusOK)
	login("second0@example.com").want(212)
	if n, err := w.MarkVerified(t.Context(), idp.Imports{}); n != 249 || err != nil || count(idp.Imports{}) != 0 {
		t.Errorf("marked %d, %v", n, err)
	}
	for _, email := range []string{"registered@example.com", "somebody.else@example.com"} {
		if u, err := w.UserByLoginID(t.Context(), email); err != nil || u.Verified {
			t.Errorf("%s: %v, %v", email, u.Verified, err)
		}
	}
}

// Every answer that lets somebody in says whether the address is proved, and so does every token.
func TestVerifiedInEveryAnswer(t *testing.T) {
	w := newWorld(t)
	a := enrolled(w)
	for _, verified := range []bool{true, false} {
		must(t, w.SetUserVerified(t.Context(), w.user.ID, verified))
		says := func(what string, got answer) answer {
			t.Helper()
			var body struct{ User struct{ Verified *bool } }
			got.want(http.StatusOK).decode(&body)
			if v := body.User.Verified; v == nil || *v != verified {
				t.Errorf("%s: %s, want %v", what, got.body, verified)
			}
			if c := w.verified(got.text("token")); c.EmailVerified == nil || *c.EmailVerified != verified {
				t.Errorf("%s: a token with %+v, want %v", what, c, verified)
			}
			return got
		}
		w.clock.advance(time.Minute)
		in := says("with a code", w.second(a.code(), object{"trustComputer": true}))
		trusted := object{"twoFactorTrustId": in.text("twoFactorTrustId")}
		says("from a trusted computer", w.login(trusted))
		refreshed := w.refresh(in.text("refreshToken")).want(http.StatusOK)
		if c := w.verified(refreshed.text("token")); *c.EmailVerified != verified {
			t.Errorf("refreshed: %+v", c)
		}
		oneTime := w.send("POST", "/api/user/change-password", "application/json", object{"currentPassword": idptest.Password, "password": anotherPassword}.String(),
			"Authorization", "Bearer "+in.text("token")).want(http.StatusOK).text("oneTimePassword")
		says("with a new password", w.keyed("POST", "/api/login", object{"oneTimePassword": oneTime, "applicationId": w.app.ID, "twoFactorTrustId": trusted["twoFactorTrustId"]}.String()))
		must(t, w.SetPassword(t.Context(), w.user.ID, idptest.Password))
	}
	must(t, w.ChangeTenant(t.Context(), "", func(n *idp.Tenant) { n.UnverifiedBehavior = idp.UnverifiedGated }))
	must(t, w.DisableTwoFactor(t.Context(), w.user.ID))
	if got := w.login(nil).want(212); !strings.Contains(got.body, `"verified":false`) || got.text("token") != "" {
		t.Errorf("%s", got.body)
	}
}
