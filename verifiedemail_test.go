package latchkey_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/idp"
	"github.com/latchkey-dev/latchkey/idp/idptest"
)

// unproved adds a user to the shop whose address nobody has verified, at a provider that lets such
// users log in.
func (w *world) unproved(email string) idp.User {
	w.Helper()
	u, err := w.provider.CreateUser(w.Context(), idp.NewUser{Email: email, Password: idptest.Password})
	if err == nil {
		err = w.provider.Register(w.Context(), u.ID, w.shop.application.ID)
	}
	if err != nil {
		w.Fatal(err)
	}
	return u
}

// refreshTokensOf lists a user's refresh tokens as the provider shows them.
func (w *world) refreshTokensOf(userID string) string {
	r := httptest.NewRequest("GET", "/api/jwt/refresh?userId="+userID, nil)
	r.Header.Set("Authorization", w.provider.APIKey)
	rec := httptest.NewRecorder()
	w.provider.Server.ServeHTTP(rec, r)
	return rec.Body.String()
}

func tryLogin(a *app, email, password string) (reply, time.Duration) {
	began := time.Now()
	got := newBrowser().send(a, http.MethodPost, "/api/login", `{"email":"`+email+`","password":"`+password+`"}`)
	return got, time.Since(began)
}

// If addresses must be verified, the right password of an unverified account is answered as a
// wrong one is, and as fast; and no token is left over.
func TestVerifiedEmail_refusedLikeAWrongPassword(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		w.shop.guard.RequireVerifiedEmail()
		bob := w.unproved("bob@example.com")
		failures := 2
		w.faults.set(func(rw http.ResponseWriter, r *http.Request, next http.Handler) {
			if r.Method == http.MethodDelete { // a revocation is slow, and fails at first
				time.Sleep(3 * time.Second)
				if failures--; failures >= 0 {
					rw.WriteHeader(http.StatusBadGateway)
					return
				}
			}
			next.ServeHTTP(rw, r)
		})
		for i := range 7 { // also when there are too many
			right, rightTook := tryLogin(w.shop, "bob@example.com", idptest.Password)
			wrong, wrongTook := tryLogin(w.shop, "carol@example.com", "wrong")
			if right.status != wrong.status || right.body != wrong.body || len(right.header["Set-Cookie"]) > 0 || right.header.Get("Retry-After") != wrong.header.Get("Retry-After") {
				t.Errorf("attempt %d: %d %s, a wrong password gets %d %s", i, right.status, right.body, wrong.status, wrong.body)
			}
			if rightTook != wrongTook {
				t.Errorf("attempt %d took %v, with a wrong password %v", i, rightTook, wrongTook)
			}
		}
		time.Sleep(5 * time.Minute)
		if list := w.refreshTokensOf(bob.ID); strings.Contains(list, "startInstant") {
			t.Errorf("refresh tokens are left over: %s", list)
		}
		if strings.Contains(w.log.String(), "bob@example.com") {
			t.Error("the address is in the log")
		}
	})
}

// Begin requires a verified address too. Sessions from before go on.
func TestVerifiedEmail_noOtherWayToASession(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		w.unproved("bob@example.com")
		b := newBrowser()
		b.send(w.shop, http.MethodPost, "/api/login", `{"email":"bob@example.com","password":"`+idptest.Password+`"}`).want(t, 200, "", "")
		w.shop.guard.RequireVerifiedEmail()
		w.shop.grant = latchkey.Grant{User: latchkey.User{ID: w.user.ID, Email: "ada@example.com"}, RefreshToken: "opaque", RefreshTokenID: "00000000-0000-4000-8000-000000000000"}
		newBrowser().send(w.shop, http.MethodPost, "/api/by-key", "").want(t, 401, "invalid_credentials", "")
		w.shop.grant.User.EmailVerified = true
		newBrowser().send(w.shop, http.MethodPost, "/api/by-key", "").want(t, 200, "", "")

		time.Sleep(2 * time.Hour)
		if got := b.get(w.shop, "/api/private"); got.status != 200 || !got.minted {
			t.Errorf("the refresh of a session from before: %d %s", got.status, got.body)
		}
	})
}

// HideUnverified gives nothing away either, and still lets unverified users in.
func TestVerifiedEmail_hidesTheUnverified(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		w.shop.guard.HideUnverified()
		w.unproved("bob@example.com")
		got, _ := tryLogin(w.shop, "bob@example.com", idptest.Password)
		got.want(t, 200, "", "")
		if err := w.provider.EnsureTenant(t.Context(), idp.Tenant{Name: "Default", UnverifiedBehavior: idp.UnverifiedGated}); err != nil {
			t.Fatal(err)
		}
		for range 6 { // nor does a count that starts afresh
			right, _ := tryLogin(w.shop, "bob@example.com", idptest.Password)
			wrong, _ := tryLogin(w.shop, "carol@example.com", "wrong")
			if right.status != wrong.status || right.body != wrong.body {
				t.Errorf("%d %s, a wrong password gets %d %s", right.status, right.body, wrong.status, wrong.body)
			}
		}
	})
}

// An unverified user who is not registered is refused like a wrong password too. A verified one
// gets not_registered.
func TestVerifiedEmail_tellsNobodyApart(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		w.shop.guard.RequireVerifiedEmail()
		for email, verified := range map[string]bool{"eve@example.com": false, "dan@example.com": true} {
			if _, err := w.provider.CreateUser(t.Context(), idp.NewUser{Email: email, Password: idptest.Password, Verified: verified}); err != nil {
				t.Fatal(err)
			}
		}
		got, _ := tryLogin(w.shop, "eve@example.com", idptest.Password)
		got.want(t, 401, "invalid_credentials", "")
		got, _ = tryLogin(w.shop, "dan@example.com", idptest.Password)
		got.want(t, 403, "not_registered", "")
	})
}

// A provider that gates by itself gives nothing away either.
func TestVerifiedEmail_gatedLikeAWrongPassword(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		if err := w.provider.EnsureTenant(t.Context(), idp.Tenant{Name: "Default", UnverifiedBehavior: idp.UnverifiedGated}); err != nil {
			t.Fatal(err)
		}
		w.unproved("bob@example.com")
		got, _ := tryLogin(w.shop, "bob@example.com", idptest.Password)
		got.want(t, 403, "email_not_verified", "")
		w.shop.guard.RequireVerifiedEmail()
		got, _ = tryLogin(w.shop, "bob@example.com", idptest.Password)
		got.want(t, 401, "invalid_credentials", "")
	})
}
