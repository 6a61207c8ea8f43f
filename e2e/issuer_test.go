package e2e_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"testing"

	"github.com/coreos/go-oidc/v3/oidc"

	"github.com/latchkey-dev/latchkey/idp"
	"github.com/latchkey-dev/latchkey/idp/idptest"
)

// TestIssuer_goOIDC: a backend that verifies JWTs with go-oidc, and knows the address of the
// provider and its application alone, takes the provider's tokens and no others.
func TestIssuer_goOIDC(t *testing.T) {
	p := idptest.New(t)
	app := p.AddApplication(idp.Application{})
	user := p.AddUser("ada@example.com", app.ID)
	verifier := func() *oidc.IDTokenVerifier {
		t.Helper()
		discovered, err := oidc.NewProvider(t.Context(), p.URL)
		if err != nil {
			t.Fatal(err)
		}
		return discovered.Verifier(&oidc.Config{ClientID: app.ID})
	}
	verified, err := verifier().Verify(t.Context(), tokenOf(t, p, app.ID))
	if err != nil || verified.Subject != user.ID || verified.Issuer != p.URL {
		t.Fatalf("%+v, %v", verified, err)
	}
	for _, algorithm := range []string{"ES256", "RS256", "EdDSA"} {
		var made struct{ Key struct{ ID string } }
		ask(t, p, "/api/key/generate", map[string]any{"key": map[string]any{"algorithm": algorithm, "name": algorithm, "length": 2048}}, &made)
		if err := p.ChangeApplication(t.Context(), app.ID, func(a *idp.Application) { a.AccessTokenKeyID = made.Key.ID }); err != nil {
			t.Fatal(err)
		}
		if _, err := verifier().Verify(t.Context(), tokenOf(t, p, app.ID)); err != nil {
			t.Errorf("signed with the application's own key, %s: %v", algorithm, err)
		}
	}

	if err := p.ChangeTenant(t.Context(), "", func(t *idp.Tenant) { t.Issuer = "https://elsewhere.example.com" }); err != nil {
		t.Fatal(err)
	}
	if _, err := oidc.NewProvider(t.Context(), p.URL); err == nil {
		t.Error("a document of another issuer is accepted")
	}
	if err := p.ChangeTenant(t.Context(), "", func(t *idp.Tenant) { t.Issuer = p.URL }); err != nil {
		t.Fatal(err)
	}
	if _, err := verifier().Verify(t.Context(), tokenOf(t, p, app.ID)); err != nil {
		t.Errorf("after the issuer is right again: %v", err)
	}
}

// tokenOf logs ada in and returns her JWT.
func tokenOf(t *testing.T, p *idptest.Provider, applicationID string) string {
	t.Helper()
	var login struct{ Token string }
	ask(t, p, "/api/login", map[string]any{"loginId": "ada@example.com", "password": idptest.Password, "applicationId": applicationID}, &login)
	return login.Token
}

// ask posts to the provider with its API key.
func ask(t *testing.T, p *idptest.Provider, path string, body, answer any) {
	t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), "POST", p.URL+path, bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", p.APIKey)
	r.Header.Set("Content-Type", "application/json")
	resp, err := p.Client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(answer); err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %d, %v", path, resp.StatusCode, err)
	}
}
