package fusionauth_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/fusionauth"
	"github.com/latchkey-dev/latchkey/idp"
	"github.com/latchkey-dev/latchkey/idp/idptest"
)

// Any algorithm can sign an application's tokens: login, refresh by both calls and revocation work
// with each.
func TestKeysOfTheProvider(t *testing.T) {
	for _, algorithm := range []string{"ES256", "RS256", "EdDSA", "HS256"} {
		for _, secret := range []string{"", "a client secret of the test"} {
			t.Run(algorithm+" "+secret, func(t *testing.T) {
				p := idptest.New(t)
				app := p.AddApplication(idp.Application{Name: "Shop", ClientSecret: secret})
				user := p.AddUser("ada@example.com", app.ID)
				id := uuid.NewString()
				asked(t, p, http.MethodPost, "/api/key/generate/"+id, `{"key":{"name":"of the shop","algorithm":"`+algorithm+`"}}`)
				asked(t, p, http.MethodPatch, "/api/application/"+app.ID, `{"application":{"jwtConfiguration":{"accessTokenKeyId":"`+id+`"}}}`)
				c := client(t, func(c *fusionauth.Config) {
					c.URL, c.APIKey, c.ApplicationID, c.ClientSecret = p.URL, latchkey.Secret(p.APIKey), app.ID, latchkey.Secret(secret)
				})
				grant, err := c.Login(t.Context(), credentials)
				if err != nil || grant.User.ID != user.ID || algorithmOf(t, grant.Token) != algorithm {
					t.Fatalf("login: %+v %v", grant.User, err)
				}
				renewed, err := c.Refresh(t.Context(), latchkey.Renewal{RefreshToken: grant.RefreshToken, User: grant.User, Device: credentials.Device})
				if err != nil || renewed.User.ID != user.ID || algorithmOf(t, renewed.Token) != algorithm {
					t.Fatalf("refresh: %+v %v", renewed.User, err)
				}
				if err := c.Revoke(t.Context(), grant.RefreshTokenID); err != nil {
					t.Fatal(err)
				}
				if _, err := c.Refresh(t.Context(), latchkey.Renewal{RefreshToken: renewed.RefreshToken, User: grant.User}); err == nil {
					t.Error("a revoked token is taken")
				}
			})
		}
	}
}

func algorithmOf(t *testing.T, token latchkey.Secret) string {
	t.Helper()
	encoded, _, _ := strings.Cut(string(token), ".")
	text, err := base64.RawURLEncoding.DecodeString(encoded)
	if err != nil {
		t.Fatal(err)
	}
	var header struct{ Alg string }
	if err := json.Unmarshal(text, &header); err != nil {
		t.Fatal(err)
	}
	return header.Alg
}
