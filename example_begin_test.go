package latchkey_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/memstore"
)

// The callback of a login with OpenID Connect answers with a redirect to the page.
func ExampleGuard_Begin() {
	guard, err := latchkey.New(latchkey.Config{
		Origin: "https://shop.example.com", Provider: directory{}, Store: memstore.New(), Keys: latchkey.KeyRing{latchkey.NewKey()},
	})
	check(err)
	defer guard.Close(context.Background())

	callback := func(w http.ResponseWriter, r *http.Request) {
		state, err := r.Cookie("__Host-state") // set where the login began; SameSite=Lax
		if err != nil || state.Value != r.FormValue("state") {
			http.Redirect(w, r, "/login?failed", http.StatusSeeOther)
			return
		}
		grant, err := exchange(r.Context(), r.FormValue("code"))
		if err == nil {
			_, err = guard.Begin(w, r, grant, true)
		}
		if err != nil {
			http.Redirect(w, r, "/login?failed", http.StatusSeeOther)
			return
		}
		http.Redirect(w, r, "/", http.StatusSeeOther)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /login/callback", guard.LoginRoute(http.HandlerFunc(callback)))

	r := httptest.NewRequest("GET", "/login/callback?state=a1&code=c2", nil)
	r.AddCookie(&http.Cookie{Name: "__Host-state", Value: "a1"})
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, r)
	fmt.Println(w.Code, w.Header().Get("Location"))
	for _, cookie := range w.Result().Cookies() {
		fmt.Println(cookie.Name)
	}
	// Output:
	// 303 /
	// __Host-session
	// __Host-refresh
}

// exchange trades the code for tokens at the provider, and checks the ID token.
func exchange(_ context.Context, code string) (latchkey.Grant, error) {
	return latchkey.Grant{User: latchkey.User{ID: "ada"}, RefreshToken: latchkey.Secret("token for " + code)}, nil
}

// A directory is a Provider of the app's own.
type directory struct{}

func (directory) Login(context.Context, latchkey.Credentials) (latchkey.Grant, error) {
	return latchkey.Grant{}, &latchkey.ProviderError{Code: latchkey.CodeInvalidCredentials} // this app has no form
}

func (directory) Refresh(_ context.Context, r latchkey.Renewal) (latchkey.Grant, error) {
	return latchkey.Grant{User: r.User, RefreshToken: r.RefreshToken}, nil
}

func (directory) Revoke(context.Context, string) error { return nil }
