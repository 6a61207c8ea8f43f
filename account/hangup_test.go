package account_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/latchkey-dev/latchkey/account"
	"github.com/latchkey-dev/latchkey/idp/idptest"
)

// A browser that hangs up while its new password is being set leaves no session from before it.
func TestHangUpDuringANewPassword(t *testing.T) {
	w := newWorld(t, account.RegistrationUnverified)
	b, thief := w.browser(), w.browser()
	b.login(nil).want(200, "")
	thief.login(nil).want(200, "")
	body, err := json.Marshal(object{"currentPassword": idptest.Password, "password": fresh})
	if err != nil {
		t.Fatal(err)
	}
	ctx, hangUp := context.WithCancel(t.Context())
	w.hangUp = hangUp
	r := httptest.NewRequestWithContext(ctx, "POST", w.url+"/api/password", strings.NewReader(string(body)))
	r.Header.Set("Origin", w.url)
	r.Header.Set("Content-Type", "application/json")
	for _, c := range b.client.Jar.Cookies(r.URL) {
		r.AddCookie(c)
	}
	w.accounts.ServeHTTP(httptest.NewRecorder(), r)
	thief.send(http.MethodGet, "/api/private", nil).want(401, "login_required")
}
