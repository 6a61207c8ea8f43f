package latchkey_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/latchkey-dev/latchkey"
)

// The callback of a login with OpenID Connect answers with a redirect to the page.
func ExampleGuard_Begin() {
	guard := newGuard()
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
