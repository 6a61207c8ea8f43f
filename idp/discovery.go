package idp

import (
	"net/http"
	"net/url"

	"github.com/latchkey-dev/latchkey/idp/internal/fusion"
)

// discovery answers GET /.well-known/openid-configuration: which parts of OpenID Connect are here.
// There is no authorization endpoint: the login is the application's own form.
func (s *Server) discovery(w http.ResponseWriter, r *http.Request) error {
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	base := (&url.URL{Scheme: scheme, Host: r.Host}).String()
	w.Header().Set("Cache-Control", "no-store")
	return fusion.Reply(w, http.StatusOK, map[string]any{
		"issuer":                                s.issuer,
		"token_endpoint":                        base + "/oauth2/token",
		"userinfo_endpoint":                     base + "/oauth2/userinfo",
		"introspection_endpoint":                base + "/oauth2/introspect",
		"jwks_uri":                              base + "/.well-known/jwks.json",
		"grant_types_supported":                 supportedGrants,
		"response_types_supported":              []string{},
		"subject_types_supported":               []string{"public"},
		"id_token_signing_alg_values_supported": []string{"ES256"},
		"token_endpoint_auth_methods_supported": []string{"client_secret_basic", "client_secret_post", "none"},
		"claims_supported": []string{
			"applicationId", "birthdate", "email", "email_verified", "family_name", "given_name", "iss", "name", "phone_number", "picture",
			"preferred_username", "roles", "sub", "zoneinfo",
		},
	})
}
