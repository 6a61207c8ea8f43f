package fusionauth_test

import (
	"slices"
	"testing"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/fusionauth"
	"github.com/latchkey-dev/latchkey/fusionauth/fusionauthtest"
)

// A grant lists the methods that the provider has checked, not what was sent along.
func TestLogin_methods(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*fusionauthtest.User)
		code   latchkey.Secret
		want   []string
	}{
		{"a password", func(*fusionauthtest.User) {}, "", []string{"pwd"}},
		{"a password and a code", twoFactor, fusionauthtest.Code, []string{"pwd", "otp", "mfa"}},
		{"a code that nobody asked for", func(*fusionauthtest.User) {}, fusionauthtest.Code, []string{"pwd"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := fusionauthtest.New(t)
			server.Change(func(s *fusionauthtest.State) { c.change(s.Users[0]) })
			client := client(t, func(config *fusionauth.Config) {
				config.URL, config.APIKey, config.ApplicationID = server.URL, latchkey.Secret(server.APIKey), fusionauthtest.ApplicationID
			})
			grant, err := client.Login(t.Context(), latchkey.Credentials{LoginID: "ada@example.com", Password: fusionauthtest.Password, Code: c.code})
			if err != nil || !slices.Equal(grant.AuthMethods, c.want) {
				t.Errorf("%q, %v; want %q", grant.AuthMethods, err, c.want)
			}
		})
	}
}
