package latchkey_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"time"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/memstore"
	"github.com/latchkey-dev/latchkey/redisstore"
)

// newGuard stands for the guard of the app.
func newGuard(change ...func(*latchkey.Config)) *latchkey.Guard {
	c := latchkey.Config{Origin: "https://shop.example.com", Provider: newDirectory(600_000), Store: memstore.New(), Keys: latchkey.KeyRing{latchkey.NewKey()}, Logger: discard}
	for _, f := range change {
		f(&c)
	}
	guard, err := latchkey.New(c)
	check(err)
	return guard
}

// A page for everybody that greets those who are logged in.
func ExampleGuard_Identify() {
	guard := newGuard()
	defer guard.Close(context.Background())
	home := guard.Identify(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if session, ok := latchkey.From(r.Context()); ok {
			fmt.Fprintf(w, "Hello %s", session.User.FirstName)
			return
		}
		fmt.Fprint(w, "Hello stranger")
	}))

	w := httptest.NewRecorder()
	home.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	fmt.Println(w.Body)
	// Output: Hello stranger
}

// Only administrators who have logged in within the last quarter of an hour may delete a shop.
func ExampleGuard_Require() {
	guard := newGuard()
	defer guard.Close(context.Background())
	recentAdmin := guard.Require(latchkey.Requirements{AnyRole: []string{"admin"}, LoggedInWithin: 15 * time.Minute})
	mux := http.NewServeMux()
	mux.Handle("DELETE /api/shops/{id}", recentAdmin(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		latchkey.WriteError(w, &latchkey.Problem{Code: "shop_open", Status: http.StatusConflict, Title: "Close the shop first."})
	})))

	w := httptest.NewRecorder()
	mux.ServeHTTP(w, httptest.NewRequest("DELETE", "/api/shops/7", nil))
	fmt.Print(w.Body)
	// Output: {"title":"This needs a login.","status":401,"code":"login_required"}
}

// An administrator logs a user out everywhere, and then one session alone.
func ExampleGuard_EndUser() {
	guard := newGuard()
	defer guard.Close(context.Background())
	ctx := context.Background()

	ended, err := guard.EndUser(ctx, "ada", latchkey.EndRevokedByAdmin)
	fmt.Println(ended, err)

	sessions, err := guard.Sessions(ctx, "ada")
	check(err)
	for _, s := range sessions {
		if s.LastSeenAt.Before(time.Now().AddDate(0, 0, -30)) {
			check(guard.EndSession(ctx, s.ID, latchkey.EndRevokedByAdmin))
		}
	}
	// Output: 0 <nil>
}

// Alarms: a copied cookie, and a provider that does not answer.
func ExampleConfig_onEvent() {
	guard := newGuard(func(c *latchkey.Config) {
		// in the request's goroutine: it must return soon
		c.OnEvent = func(_ context.Context, e latchkey.Event) {
			switch e.Kind {
			case latchkey.EventTheft:
				fmt.Println("ask the user about", e.AtLogin.IP, "and", e.Device.IP)
			case latchkey.EventLoginFailed:
				fmt.Println("failed:", e.Code)
			}
		}
	})
	defer guard.Close(context.Background())

	r := httptest.NewRequest("POST", "/api/login", strings.NewReader(`{"email":"ada@example.com","password":"wrong"}`))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	guard.Handler().ServeHTTP(httptest.NewRecorder(), r)
	// Output: failed: invalid_credentials
}

// Several nodes share a store and the keys. A node without its key file must not start with a key
// of its own: LoadKeys makes none.
func Example_severalNodes() {
	ctx := context.Background()
	keys, err := latchkey.LoadKeys("/run/secrets/session.keys") // the same on every node
	check(err)
	store, err := redisstore.Open(ctx, os.Getenv("REDIS_URL"))
	check(err)
	guard, err := latchkey.New(latchkey.Config{
		Origin: "https://shop.example.com", Provider: newDirectory(600_000), Store: store, Keys: keys,
		EndsFile: "/var/lib/shop/ends", // of this node alone
	})
	check(err)
	defer guard.Close(ctx) // when the server has shut down
	check(http.ListenAndServe("127.0.0.1:8080", guard.Handler()))
}
