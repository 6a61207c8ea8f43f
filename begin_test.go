package latchkey_test

import (
	"net/http"
	"testing"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/idp/idptest"
)

// A login by other means than the form is one like any other: new ids, both cookies, and an end for the session that the browser had.
func TestBegin(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		grant, err := w.config(w.shop, discard).Provider.Login(t.Context(), latchkey.Credentials{LoginID: "ada@example.com", Password: idptest.Password})
		if err != nil {
			t.Fatal(err)
		}
		b := newBrowser()
		b.login(w.shop)
		before := b.copy(w.shop, sessionCookie, refreshCookie)
		b.send(w.shop, "POST", "/api/by-key", "").want(t, 503, "provider_unavailable", "") // no grant
		w.shop.grant = grant
		b.send(w.shop, "POST", "/api/by-key", "", func(r *http.Request) { r.Header.Set("Origin", "https://evil.example") }).want(t, 403, "cross_origin", "")
		b.get(w.shop, "/api/private").want(t, 200, "", "")
		b.send(w.shop, "POST", "/api/by-key", "").want(t, 200, "", "")
		b.get(w.shop, "/api/private").want(t, 200, "", "")
		before.get(w.shop, "/api/private").want(t, 401, "login_required", "logout")
		if b.jar(w.shop)[sessionCookie] == before.jar(w.shop)[sessionCookie] {
			t.Error("the cookies are the old ones")
		}
	})
}
