package fusionauth_test

import (
	"fmt"
	"testing"

	"github.com/latchkey-dev/latchkey/fusionauth/fusionauthtest"
	"github.com/latchkey-dev/latchkey/fusionauth/internal/backendtest"
)

const fresh = "a new password for a new day"

// The login form is sent again with what the last response asked for, and the browser has nothing
// of the half-finished login meanwhile.
func TestStepsOfALogin(t *testing.T) {
	for _, c := range []struct {
		name              string
		change            func(*fusionauthtest.User)
		code, newPassword string
		status            int
		says              string
	}{
		{"a code", twoFactor, fusionauthtest.Code, "", 200, ""},
		{"no code", twoFactor, "", "", 409, "two_factor_required"},
		{"a wrong code", twoFactor, "000000", "", 401, "invalid_code"},
		{"a code that nobody asked for", nil, "000000", "", 200, ""},
		{"a new password", mustChange, "", fresh, 200, ""},
		{"a new password that nobody asked for", nil, "", fresh, 200, ""},
		{"a bad new password", mustChange, "", "short", 422, "password_refused"},
		{"a code, and the password is old", both, fusionauthtest.Code, "", 409, "password_change_required"},
		{"both", both, fusionauthtest.Code, fresh, 200, ""},
		{"both, with a wrong code", both, "000000", fresh, 401, "invalid_code"},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := fusionauthtest.New(t)
			b := backendtest.New(t, server, nil)
			server.Change(func(s *fusionauthtest.State) {
				if c.change != nil {
					c.change(s.Users[0])
				}
			})
			br := b.Browser()
			body := fmt.Sprintf(`{"email":"ada@example.com","password":%q,"code":%q,"newPassword":%q}`, fusionauthtest.Password, c.code, c.newPassword)
			br.Want(br.Send("POST", "/api/login", body), c.status, c.says, "")
			if c.status == 200 {
				br.Want(br.Get("/api/private"), 200, "", "")
			}
		})
	}
}

func twoFactor(u *fusionauthtest.User)  { u.TwoFactor = true }
func mustChange(u *fusionauthtest.User) { u.PasswordChangeReason = "Expired" }
func both(u *fusionauthtest.User)       { twoFactor(u); mustChange(u) }

// THR-01: knowing the password does not allow endless guesses at the code, however often the form
// is requested in between.
func TestTHR01_GuessesAtTheCode(t *testing.T) {
	server := fusionauthtest.New(t)
	b := backendtest.New(t, server, nil)
	server.Change(func(s *fusionauthtest.State) { s.Users[0].TwoFactor = true })
	guesses := 0
	for range 40 {
		br := b.Browser()
		br.Send("POST", "/api/login", fmt.Sprintf(`{"email":"ada@example.com","password":%q}`, fusionauthtest.Password))
		if got := br.Send("POST", "/api/login", fmt.Sprintf(`{"email":"ada@example.com","password":%q,"code":"000000"}`, fusionauthtest.Password)); got.Status == 401 {
			guesses++
		}
	}
	if guesses > 6 {
		t.Errorf("%d guesses at once", guesses)
	}
}
