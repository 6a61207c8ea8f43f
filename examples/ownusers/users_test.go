package main

import (
	"errors"
	"net/http"
	"path/filepath"
	"sync"
	"testing"

	"golang.org/x/crypto/bcrypt"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/latchkeytest"
	"github.com/latchkey-dev/latchkey/providertest"
)

const password latchkey.Secret = "correct horse battery staple"

func openUsers(t *testing.T) Users {
	t.Helper()
	users, err := OpenUsers(t.Context(), filepath.Join(t.TempDir(), "users.db"))
	if err == nil {
		t.Cleanup(func() { users.db.Close() })
		users.cost = bcrypt.MinCost
		err = users.Add(t.Context(), "ada@example.com", "admin", password)
	}
	if err == nil {
		err = users.Add(t.Context(), "bob@example.com", "", password)
	}
	if err != nil {
		t.Fatal(err)
	}
	return users
}

func (u Users) id(t *testing.T, email string) (id string) {
	t.Helper()
	if err := u.db.QueryRowContext(t.Context(), `SELECT id FROM users WHERE email = ?`, email).Scan(&id); err != nil {
		t.Fatal(err)
	}
	return id
}

func TestProvider(t *testing.T) {
	providertest.Run(t, func(t *testing.T) providertest.Subject {
		users := openUsers(t)
		return providertest.Subject{
			Provider: users, LoginID: "ada@example.com", Password: password,
			Deactivate: func(t *testing.T) {
				if _, err := users.db.ExecContext(t.Context(), `UPDATE users SET disabled = 1`); err != nil {
					t.Fatal(err)
				}
			},
			CutOff: func(*testing.T) { users.db.Close() },
		}
	})
}

func TestAdd_refuses(t *testing.T) {
	users := openUsers(t)
	if err := users.Add(t.Context(), "ADA@example.com", "", password); err == nil {
		t.Error("the same address in another case: no error")
	}
	if err := users.Add(t.Context(), "eve@example.com", "", latchkey.Secret(make([]byte, 73))); err == nil {
		t.Error("a password of 73 bytes: no error")
	}
}

// A disabled user is logged out at once, and a new password ends the sessions from before.
func TestApp(t *testing.T) {
	users := openUsers(t)
	w := latchkeytest.New(t)
	app := w.Start(w.Config("own", users), func(a *latchkeytest.App) http.Handler { return routes(a.Guard, users) })
	login := `","password":"` + string(password) + `"}`
	ada, bob := w.NewBrowser(), w.NewBrowser()
	want := func(got *latchkeytest.Response, status int, code string) {
		t.Helper()
		if got.Status != status || got.Code != code {
			t.Errorf("%d %s, want %d %s", got.Status, got.Body, status, code)
		}
	}
	disableBob := "/api/disable?user=" + users.id(t, "bob@example.com")
	want(ada.Get(app, "/"), 200, "")
	want(ada.Post(app, "/api/login", `{"email":"Ada@example.com`+login), 200, "")
	want(bob.Post(app, "/api/login", `{"email":"bob@example.com`+login), 200, "")
	want(bob.Post(app, disableBob, ""), 403, "role_required")
	want(ada.Post(app, disableBob, ""), 204, "")
	want(bob.Get(app, "/api/user"), 404, "not_logged_in")
	want(bob.Post(app, "/api/login", `{"email":"bob@example.com`+login), 403, "login_prevented")

	if err := users.SetPassword(t.Context(), users.id(t, "ada@example.com"), "another one"); err != nil {
		t.Fatal(err)
	}
	if _, err := app.Guard.EndUser(t.Context(), users.id(t, "ada@example.com"), latchkey.EndPasswordChanged); err != nil {
		t.Fatal(err)
	}
	if got := ada.Get(app, "/api/user"); got.EndReason != string(latchkey.EndPasswordChanged) {
		t.Errorf("%d %s", got.Status, got.Body)
	}
	want(ada.Post(app, "/api/login", `{"email":"ada@example.com`+login), 401, "invalid_credentials")
}

// A session that began with the old password does not outlive it, although nobody called EndUser,
// and although its login was under way when the password changed.
func TestSetPassword_revokes(t *testing.T) {
	users := openUsers(t)
	credentials := latchkey.Credentials{LoginID: "ada@example.com", Password: password}
	grant, err := users.Login(t.Context(), credentials)
	if err != nil {
		t.Fatal(err)
	}
	var logins sync.WaitGroup
	for range 8 {
		logins.Go(func() {
			for err := error(nil); err == nil; {
				_, err = users.Login(t.Context(), credentials)
			}
		})
	}
	if err := users.SetPassword(t.Context(), grant.User.ID, "another one"); err != nil {
		t.Error(err)
	}
	logins.Wait()
	left := 0
	if err := users.db.QueryRowContext(t.Context(), `SELECT count(*) FROM refresh_tokens`).Scan(&left); err != nil || left != 0 {
		t.Errorf("%d tokens, %v", left, err)
	}
	var refused *latchkey.ProviderError
	if _, err := users.Refresh(t.Context(), latchkey.Renewal{RefreshToken: grant.RefreshToken, User: grant.User}); !errors.As(err, &refused) {
		t.Errorf("refresh: %v", err)
	}
}
