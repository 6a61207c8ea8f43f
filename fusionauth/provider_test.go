package fusionauth_test

import (
	"net/http/httptest"
	"testing"

	"github.com/latchkey-dev/latchkey/fusionauth"
	"github.com/latchkey-dev/latchkey/idp"
	"github.com/latchkey-dev/latchkey/idp/idptest"
	"github.com/latchkey-dev/latchkey/latchkeytest"
	"github.com/latchkey-dev/latchkey/providertest"
)

// The client keeps the contract, with the embedded provider behind it, on both ways of refreshing.
func TestProvider(t *testing.T) {
	for name, application := range map[string]idp.Application{
		"through /api/jwt/refresh": {Name: "shop"},
		"through /oauth2/token":    {Name: "shop", ClientSecret: "a secret of the shop's backend"},
	} {
		t.Run(name, func(t *testing.T) {
			providertest.Run(t, func(t *testing.T) providertest.Subject {
				w := latchkeytest.New(t)
				added := w.Provider().AddApplication(application)
				user := w.Provider().AddUser("ada@example.com", added.ID)
				client := w.Client(added, func(c *fusionauth.Config) { c.PasswordCheckedFirst = true })
				return providertest.Subject{
					Provider: client, LoginID: "ada@example.com", Password: idptest.Password,
					Deactivate: func(t *testing.T) {
						r := httptest.NewRequest("DELETE", "/api/user/"+user.ID, nil)
						r.Header.Set("Authorization", w.Provider().APIKey)
						answer := httptest.NewRecorder()
						if w.Provider().ServeHTTP(answer, r); answer.Code != 200 {
							t.Fatalf("deactivate: %d %s", answer.Code, answer.Body)
						}
					},
					CutOff: func(*testing.T) { w.FailProvider(latchkeytest.Answer(502, "text/html", "<h1>Bad Gateway</h1>")) },
				}
			})
		})
	}
}
