package account_test

import (
	"context"
	"encoding/json"
	"net/http"
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
	b.DoDirectly(w.app, w.app.NewRequest(ctx, "POST", "/api/password", string(body)))
	thief.send(http.MethodGet, "/api/private", nil).want(401, "login_required")
}
