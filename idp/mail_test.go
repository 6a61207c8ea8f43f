package idp_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey/idp"
	"github.com/latchkey-dev/latchkey/idp/idptest"
)

const anotherPassword = "a new password of some length"

// mailWorld is a world whose letters come to letters.
func mailWorld(t *testing.T) (w *world, letters chan idp.Mail) {
	t.Helper()
	letters = make(chan idp.Mail, 10)
	w = newWorldOf(t, idp.Application{ClientSecret: clientSecret, Name: "Shop", PageURL: "https://shop.example.com/"}, idptest.WithConfig(func(c *idp.Config) {
		c.SendMail = func(_ context.Context, m idp.Mail) error { letters <- m; return nil }
	}))
	must(t, w.EnsureTenant(t.Context(), idp.Tenant{Name: "Default", UnverifiedBehavior: idp.UnverifiedGated, VerifyEmail: true}))
	return w, letters
}

// opened returns what stands behind the # of the link in the next letter.
func opened(t *testing.T, letters chan idp.Mail, to, what string) string {
	t.Helper()
	m := <-letters
	_, id, found := strings.Cut(m.Text, "https://shop.example.com/#"+what+"=")
	if !found || m.To != to || !strings.Contains(m.Subject, "Shop") {
		t.Fatalf("letter %+v, want a link to %s for %s", m, what, to)
	}
	id, _, _ = strings.Cut(id, "\n")
	return id
}

func TestForgotPassword(t *testing.T) {
	w, letters := mailWorld(t)
	refreshToken, _ := w.loggedIn()
	forgot := object{"loginId": "ada@example.com", "applicationId": w.app.ID}.String()
	w.keyed("POST", "/api/user/forgot-password", forgot).want(http.StatusOK)
	id := opened(t, letters, "ada@example.com", "reset-password")
	w.send("GET", "/api/user/change-password/"+id, "", "").wantEmpty(http.StatusOK)

	change := func(id, password string) answer {
		return w.send("POST", "/api/user/change-password", "application/json", object{"changePasswordId": id, "password": password}.String())
	}
	change(id, "short").wantCode("[tooShort]password")
	oneTime := change(id, anotherPassword).want(http.StatusOK).text("oneTimePassword")
	change(id, anotherPassword+"!").wantEmpty(http.StatusNotFound)
	w.login(nil).wantEmpty(http.StatusNotFound)
	w.refresh(refreshToken).wantEmpty(http.StatusNotFound)

	once := object{"loginId": nil, "password": nil, "oneTimePassword": oneTime}
	w.clock.advance(time.Second)
	w.login(once).want(http.StatusOK)
	w.login(once).wantEmpty(http.StatusNotFound)
	w.login(object{"password": anotherPassword}).want(http.StatusOK)

	w.keyed("POST", "/api/user/forgot-password", forgot).want(http.StatusOK)
	id = opened(t, letters, "ada@example.com", "reset-password")
	w.clock.advance(10 * time.Minute)
	change(id, anotherPassword+"!").wantEmpty(http.StatusNotFound)
}

func TestForgotPasswordRefused(t *testing.T) {
	w, letters := mailWorld(t)
	ask := func(more object, header ...string) answer {
		return w.keyed("POST", "/api/user/forgot-password", more.String(), header...)
	}
	ask(object{}).wantCode("[blank]loginId")
	ask(object{"loginId": "eve@example.com"}).wantEmpty(http.StatusNotFound)
	ask(object{"loginId": "ada@example.com"}, "Authorization", "").wantEmpty(http.StatusUnauthorized)
	if _, err := w.CreateUser(t.Context(), idp.NewUser{Username: "nomail", Password: idptest.Password}); err != nil {
		t.Fatal(err)
	}
	ask(object{"loginId": "nomail"}).wantEmpty(http.StatusUnprocessableEntity)
	must(t, w.SetUserActive(t.Context(), w.user.ID, false))
	ask(object{"loginId": "ada@example.com"}).wantEmpty(http.StatusNotFound)
	if len(letters) > 0 {
		t.Errorf("a letter for nobody: %v", <-letters)
	}
	without := newWorld(t)
	without.keyed("POST", "/api/user/forgot-password", object{"loginId": "ada@example.com"}.String()).wantEmpty(http.StatusForbidden)
	without.keyed("POST", "/api/user/forgot-password", object{"loginId": "ada@example.com", "sendForgotPasswordEmail": false}.String()).want(http.StatusOK)
}

func TestVerifyEmail(t *testing.T) {
	w, letters := mailWorld(t)
	w.keyed("POST", "/api/user/registration", object{
		"user": object{"email": "bob@example.com", "password": idptest.Password}, "registration": object{"applicationId": w.app.ID},
	}.String()).want(http.StatusOK)
	first := opened(t, letters, "bob@example.com", "verify-email")
	bob := object{"loginId": "bob@example.com"}
	w.login(bob).want(212)

	resend := "/api/user/verify-email?applicationId=" + w.app.ID + "&email="
	w.keyed("PUT", resend+"eve@example.com", "").wantEmpty(http.StatusNotFound)
	w.keyed("PUT", resend+"bob@example.com", "").want(http.StatusOK)
	second := opened(t, letters, "bob@example.com", "verify-email")

	verify := func(id string) answer {
		return w.send("POST", "/api/user/verify-email", "application/json", object{"verificationId": id}.String())
	}
	owner := func(id string) answer { return w.keyed("GET", "/api/user?verificationId="+id, "") }
	if a := owner(second).want(http.StatusOK); a.user().User.Email != "bob@example.com" {
		t.Errorf("the id is of %+v", a.user().User)
	}
	owner("nonsense").wantEmpty(http.StatusNotFound)
	// the id alone shows no user
	w.send("GET", "/api/user?verificationId="+second, "", "").wantEmpty(http.StatusUnauthorized)
	verify("nonsense").wantEmpty(http.StatusNotFound)
	verify(second).wantEmpty(http.StatusOK)
	w.login(bob).want(http.StatusOK)
	verify(first).wantEmpty(http.StatusNotFound) // there is nothing left to verify
	owner(first).wantEmpty(http.StatusNotFound)
	w.keyed("PUT", resend+"bob@example.com", "").wantEmpty(http.StatusNotFound)
}

// TestMailedChangeVerifies: a user who changes a password by mail reads the mailbox; one who gets
// the id from an API call need not.
func TestMailedChangeVerifies(t *testing.T) {
	w, letters := mailWorld(t)
	must(t, w.SetUserVerified(t.Context(), w.user.ID, false))
	byCall := w.keyed("POST", "/api/user/forgot-password", object{"loginId": "ada@example.com", "applicationId": w.app.ID}.String()).want(http.StatusOK).text("changePasswordId")
	mailed := opened(t, letters, "ada@example.com", "reset-password")
	w.send("POST", "/api/user/change-password/"+byCall, "application/json", object{"password": anotherPassword}.String()).want(http.StatusOK)
	w.login(object{"password": anotherPassword}).want(212)
	w.send("POST", "/api/user/change-password/"+mailed, "application/json", object{"password": anotherPassword}.String()).wantEmpty(http.StatusNotFound)
	w.keyed("POST", "/api/user/forgot-password", object{"loginId": "ada@example.com", "applicationId": w.app.ID}.String()).want(http.StatusOK)
	mailed = opened(t, letters, "ada@example.com", "reset-password")
	w.send("POST", "/api/user/change-password/"+mailed, "application/json", object{"password": anotherPassword + "!"}.String()).want(http.StatusOK)
	w.login(object{"password": anotherPassword + "!"}).want(http.StatusOK)
}

func TestChangePasswordByLoginID(t *testing.T) {
	w := newWorld(t)
	change := func(more object, header ...string) answer {
		return w.keyed("POST", "/api/user/change-password", more.String(), header...)
	}
	ok := object{"loginId": "ada@example.com", "currentPassword": idptest.Password, "password": anotherPassword}
	change(ok, "Authorization", "").wantEmpty(http.StatusUnauthorized)
	change(object{"loginId": "ada@example.com", "currentPassword": "wrong", "password": anotherPassword}).wantCode("[invalid]currentPassword")
	change(object{"loginId": "eve@example.com", "password": anotherPassword}).wantEmpty(http.StatusNotFound)
	change(ok).wantEmpty(http.StatusOK)
	w.login(object{"password": anotherPassword}).want(http.StatusOK)
}

func TestChangePasswordByJWT(t *testing.T) {
	w := newWorld(t)
	token := w.login(nil).want(http.StatusOK).text("token")
	change := func(current string) answer {
		return w.send("POST", "/api/user/change-password", "application/json", object{"currentPassword": current, "password": anotherPassword}.String(), "Authorization", "Bearer "+token)
	}
	change("").wantEmpty(http.StatusNotFound)
	change("wrong").wantEmpty(http.StatusNotFound)
	change(idptest.Password).want(http.StatusOK)
	w.login(object{"password": anotherPassword}).want(http.StatusOK)
}

// A change id of a mail is worth nothing once there is another address, and proves none that it was
// not mailed to.
func TestMailedChangeOfAnotherAddress(t *testing.T) {
	w, letters := mailWorld(t)
	w.keyed("POST", "/api/user/forgot-password", object{"loginId": w.user.Email, "applicationId": w.app.ID}.String()).want(http.StatusOK)
	id := opened(t, letters, w.user.Email, "reset-password")
	w.keyed("PATCH", "/api/user/"+w.user.ID, `{"user":{"email":"president@example.org"}}`).want(http.StatusOK)
	w.send("POST", "/api/user/change-password/"+id, "application/json", object{"password": anotherPassword}.String()).wantEmpty(http.StatusNotFound)
	if u, err := w.UserByID(t.Context(), w.user.ID); err != nil || u.Verified {
		t.Errorf("verified %t, %v", u.Verified, err)
	}
}

// A mail links to the very page that the application names.
func TestMailsLinkToThePage(t *testing.T) {
	w, letters := mailWorld(t)
	for page, want := range map[string]string{
		"https://shop.example.com":                     "https://shop.example.com/#reset-password=",
		"https://shop.example.com/":                    "https://shop.example.com/#reset-password=",
		"https://shop.example.com/account.html":        "https://shop.example.com/account.html#reset-password=",
		"https://shop.example.com/.latchkey/account/":  "https://shop.example.com/.latchkey/account/#reset-password=",
		"https://shop.example.com/a%2Fb/?page=account": "https://shop.example.com/a%2Fb/?page=account#reset-password=",
		"https://shop.example.com?page=account":        "https://shop.example.com/?page=account#reset-password=",
	} {
		must(t, w.ChangeApplication(t.Context(), w.app.ID, func(a *idp.Application) { a.PageURL = page }))
		w.keyed("POST", "/api/user/forgot-password", object{"loginId": "ada@example.com", "applicationId": w.app.ID}.String()).want(http.StatusOK)
		if m := <-letters; !strings.Contains(m.Text, "\n"+want) {
			t.Errorf("%s: %q, want a link to %s", page, m.Text, want)
		}
	}
}
