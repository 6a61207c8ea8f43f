package latchkeytest_test

import (
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/latchkeytest"
)

// newShop is the app under test.
func newShop(guard *latchkey.Guard) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/api/", guard.Handler())
	mux.Handle("/orders", guard.Protect(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		session, _ := latchkey.From(r.Context())
		io.WriteString(w, "the orders of "+session.User.Email)
	})))
	return mux
}

// A test of an app: who may read the orders, and for how long.
func Example() {
	var t *testing.T // the test's own

	w := latchkeytest.New(t)
	app := w.NewApp("shop", func(a *latchkeytest.App) http.Handler { return newShop(a.Guard) })
	app.AddUser("ada@example.com", "customer")

	b := w.NewBrowser()
	if got := b.Get(app, "/orders"); got.Status != http.StatusUnauthorized {
		t.Errorf("orders without a login: %d %s", got.Status, got.Body)
	}
	b.Login(app, "ada@example.com")
	w.Clock.Advance(24 * time.Hour) // the session is refreshed
	if got := b.Get(app, "/orders"); got.Body != "the orders of ada@example.com" {
		t.Errorf("orders: %d %s", got.Status, got.Body)
	}
	b.Logout(app)
	if got := b.Get(app, "/orders"); got.EndReason != string(latchkey.EndLogout) {
		t.Errorf("orders after the logout: %d %s", got.Status, got.Body)
	}
}

// What the app does while nobody can log in.
func ExampleWorld_FailProvider() {
	var t *testing.T // the test's own

	w := latchkeytest.New(t)
	app := w.NewApp("shop", func(a *latchkeytest.App) http.Handler { return newShop(a.Guard) })
	w.FailProvider(latchkeytest.Answer(http.StatusServiceUnavailable, "", ""))
	got := w.NewBrowser().Post(app, "/api/login", `{"email":"ada@example.com","password":"any"}`)
	if got.Code != "provider_unavailable" {
		t.Errorf("login: %d %s", got.Status, got.Body)
	}
}
