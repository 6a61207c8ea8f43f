package idp

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/latchkey-dev/latchkey/idp/internal/fusion"
)

// discovery answers GET /.well-known/openid-configuration, with a tenant's id before it or as
// tenantId: which parts of OpenID Connect are here. There is no authorization endpoint: the login
// is the application's own form.
func (s *Server) discovery(w http.ResponseWriter, r *http.Request) error {
	t, err := s.discoveredTenant(r.Context(), cmp.Or(r.PathValue("tenantId"), r.URL.Query().Get("tenantId")))
	if err != nil {
		return err
	}
	issuer, err := s.issuers.ofTenant(r.Context(), t)
	if err != nil {
		return err
	}
	base := baseURL(r, strings.TrimSuffix(issuer, "/"+t.ID))
	w.Header().Set("Cache-Control", "no-store")
	return fusion.Reply(w, http.StatusOK, map[string]any{
		"issuer":                                issuer,
		"token_endpoint":                        base + "/oauth2/token",
		"userinfo_endpoint":                     base + "/oauth2/userinfo",
		"introspection_endpoint":                base + "/oauth2/introspect",
		"revocation_endpoint":                   base + "/oauth2/revoke",
		"jwks_uri":                              base + "/.well-known/jwks.json",
		"grant_types_supported":                 supportedGrants,
		"response_types_supported":              []string{},
		"subject_types_supported":               []string{"public"},
		"id_token_signing_alg_values_supported": []string{"ES256", "RS256", "EdDSA"},
		"token_endpoint_auth_methods_supported": []string{"client_secret_basic", "client_secret_post", "none"},
		"claims_supported": []string{
			"applicationId", "birthdate", "email", "email_verified", "family_name", "given_name", "iss", "name", "phone_number", "picture",
			"preferred_username", "roles", "sub", "zoneinfo",
		},
	})
}

// discoveredTenant returns the tenant with this id, or the default one if the id is empty.
// ErrNotFound: there is no such tenant.
func (s *Server) discoveredTenant(ctx context.Context, id string) (Tenant, error) {
	if id == "" {
		return defaultTenant(ctx, s.db)
	}
	id, err := fusion.ParseID("tenantId", id)
	if err != nil {
		return Tenant{}, ErrNotFound
	}
	return readTenant(ctx, s.db, id)
}

// baseURL is the address of the provider as the client sees it. Behind a proxy that speaks TLS, or
// puts the provider below a path, the issuer knows more of it than the request.
func baseURL(r *http.Request, own string) string {
	if u, err := url.Parse(own); err == nil && u.Host != "" && strings.EqualFold(u.Host, r.Host) {
		return own
	}
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	return (&url.URL{Scheme: scheme, Host: r.Host}).String()
}
