package fusionauth_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/fusionauth"
	"github.com/latchkey-dev/latchkey/idp"
	"github.com/latchkey-dev/latchkey/idp/idptest"
)

// asked makes a call as an administrator, and returns the body.
func asked(t *testing.T, p *idptest.Provider, method, path, body string) string {
	t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("Authorization", p.APIKey)
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	if p.ServeHTTP(w, r); w.Code != http.StatusOK {
		t.Fatalf("%s %s: %d %s", method, path, w.Code, w.Body)
	}
	return w.Body.String()
}

// A right password identifies the user, even if a login would need another step and the response
// names nobody. No token is left behind.
func TestCheckPassword(t *testing.T) {
	p := idptest.New(t)
	app := p.AddApplication(idp.Application{Name: "Shop"})
	ada, bob := p.AddUser("ada@example.com", app.ID), p.AddUser("bob@example.com", app.ID)
	c := client(t, func(c *fusionauth.Config) {
		c.URL, c.APIKey, c.ApplicationID = p.URL, latchkey.Secret(p.APIKey), app.ID
	})
	asked(t, p, "PATCH", "/api/user/"+bob.ID, `{"user":{"passwordChangeRequired":true}}`)
	for email, user := range map[string]idp.User{"ada@example.com": ada, "bob@example.com": bob} {
		proof, err := c.CheckPassword(t.Context(), latchkey.Credentials{LoginID: email, Password: idptest.Password})
		if err != nil || proof.UserID != user.ID || proof.CodeDue {
			t.Errorf("%s: %+v %v", email, proof, err)
		}
		_, err = c.CheckPassword(t.Context(), latchkey.Credentials{LoginID: email, Password: "wrong"})
		var e *latchkey.ProviderError
		if !errors.As(err, &e) || e.Code != latchkey.CodeInvalidCredentials {
			t.Errorf("%s with a wrong one: %v", email, err)
		}
		if list := asked(t, p, "GET", "/api/jwt/refresh?userId="+user.ID, ""); strings.Contains(list, "startInstant") {
			t.Errorf("%s", list)
		}
	}
}

// A login after a proof is for the same user, or fails.
func TestLoginAfter(t *testing.T) {
	p := idptest.New(t)
	app := p.AddApplication(idp.Application{Name: "Shop"})
	ada, bob := p.AddUser("ada@example.com", app.ID), p.AddUser("bob@example.com", app.ID)
	c := client(t, func(c *fusionauth.Config) {
		c.URL, c.APIKey, c.ApplicationID = p.URL, latchkey.Secret(p.APIKey), app.ID
	})
	proof, err := c.CheckPassword(t.Context(), credentials)
	if err != nil {
		t.Fatal(err)
	}
	other := credentials
	other.LoginID = bob.Email
	if _, err := c.LoginAfter(t.Context(), proof, other); err == nil {
		t.Error("somebody else was logged in")
	}
	if list := asked(t, p, "GET", "/api/jwt/refresh?userId="+bob.ID, ""); strings.Contains(list, "startInstant") {
		t.Errorf("the token was not revoked: %s", list)
	}
	if grant, err := c.LoginAfter(t.Context(), proof, credentials); err != nil || grant.User.ID != ada.ID || !slices.Equal(grant.AuthMethods, []string{"pwd"}) {
		t.Errorf("%+v %v", grant, err)
	}
}
