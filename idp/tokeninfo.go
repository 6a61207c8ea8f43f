package idp

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/latchkey-dev/latchkey/idp/internal/database"
	"github.com/latchkey-dev/latchkey/idp/internal/fusion"
	"github.com/latchkey-dev/latchkey/idp/internal/signing"
)

// bearer returns the JWT of a request, as a header or as FusionAuth's cookie.
func bearer(r *http.Request) string {
	if scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " "); scheme == "Bearer" || scheme == "JWT" {
		return token
	}
	if c := r.CookiesNamed("access_token"); len(c) == 1 && r.Header.Get("Authorization") == "" {
		return c[0].Value
	}
	return ""
}

// validateJWT answers GET /api/jwt/validate: the signature and the time count, and nothing else.
func (s *Server) validateJWT(w http.ResponseWriter, r *http.Request) {
	c, err := s.verify(r.Context(), bearer(r))
	if err != nil {
		s.fail(w, r, err)
		return
	}
	fusion.Reply(w, http.StatusOK, struct {
		JWT claims `json:"jwt"`
	}{c})
}

// publicKey answers GET /api/jwt/public-key: that of a kid or of an application, or all.
func (s *Server) publicKey(w http.ResponseWriter, r *http.Request) {
	texts := make(map[string]string)
	for _, k := range s.keys.Public() {
		text, err := k.PublicPEM()
		if err != nil {
			s.fail(w, r, err)
			return
		}
		texts[k.KID] = text
	}
	form := r.URL.Query()
	kid, applicationID := form.Get("kid"), form.Get("applicationId")
	if kid == "" {
		kid = form.Get("keyId")
	}
	if applicationID != "" {
		id, err := fusion.ParseID("applicationId", applicationID)
		var app application
		if err == nil {
			app, err = readApplication(r.Context(), s.db, id)
		}
		var signer *signing.Key
		if err == nil {
			signer, err = s.keys.Signer(r.Context(), app.AccessTokenKeyID)
		}
		if err != nil {
			s.fail(w, r, err)
			return
		}
		if kid == "" {
			kid = signer.KID
		}
	}
	switch text, known := texts[kid]; {
	case known:
		fusion.Reply(w, http.StatusOK, struct {
			PublicKey string `json:"publicKey"`
		}{text})
	case kid != "":
		s.fail(w, r, ErrNotFound)
	default:
		fusion.Reply(w, http.StatusOK, struct {
			PublicKeys map[string]string `json:"publicKeys"`
		}{texts})
	}
}

// introspect answers POST /oauth2/introspect (RFC 7662). A refresh token is looked for where the hint says so only. A client learns of its own tokens only.
func (s *Server) introspect(w http.ResponseWriter, r *http.Request) {
	answer, err := s.introspected(w, r)
	if wrong, ok := errors.AsType[*oauthError](err); ok {
		fusion.Reply(w, wrong.status(), wrong)
		return
	}
	if err != nil {
		s.unavailable(w, r, err)
		return
	}
	fusion.Reply(w, http.StatusOK, answer)
}

func (s *Server) introspected(w http.ResponseWriter, r *http.Request) (any, error) {
	form, err := tokenForm(w, r)
	if err != nil {
		return nil, err
	}
	app, err := s.client(r, form)
	if err != nil {
		return nil, err
	}
	inactive := struct {
		Active bool `json:"active"`
	}{}
	switch form.Get("token_type_hint") {
	case "", "access_token", "id_token":
	case "refresh_token":
		return s.introspectRefreshToken(r, form, app)
	default:
		return nil, invalidRequest("invalid_token_type_hint", "The hints are access_token, id_token and refresh_token.")
	}
	if form.Get("token") == "" {
		return nil, invalidRequest("missing_token", "The token is missing.")
	}
	c, err := s.verify(r.Context(), form.Get("token"))
	if errors.Is(err, errJWT) {
		return inactive, nil
	}
	if err != nil {
		return nil, err
	}
	if c.Audience != app.ID {
		return nil, invalidClient("invalid_client", "The token was issued to another client.")
	}
	return struct {
		Active bool `json:"active"`
		claims
	}{true, c}, nil
}

func (s *Server) introspectRefreshToken(r *http.Request, form url.Values, app application) (any, error) {
	type answer struct {
		Active    bool  `json:"active"`
		ExpiresAt int64 `json:"exp,omitzero"` // milliseconds, as FusionAuth has it here
	}
	t, err := s.secrets.refresh.Parse(form.Get("token"))
	if err != nil {
		return answer{}, nil
	}
	f, of, err := s.livingFamily(r.Context(), t.Family.String())
	if errors.Is(err, ErrNotFound) || err == nil && t.Counter != f.Current(of.tokenPolicy()) {
		return answer{}, nil
	}
	if err != nil {
		return nil, err
	}
	if of.ID != app.ID {
		return nil, invalidClient("invalid_client", "The token was issued to another client.")
	}
	return answer{true, database.Millis(f.Deadline(of.tokenPolicy()))}, nil
}

// userInfo answers GET and POST /oauth2/userinfo (OpenID Connect Core §5.3), whatever the token's scope.
func (s *Server) userInfo(w http.ResponseWriter, r *http.Request) {
	token := bearer(r)
	if token == "" || r.Header.Get("Authorization") == "" {
		w.Header().Set("WWW-Authenticate", `Bearer realm="latchkey"`)
		s.fail(w, r, errUnauthorized)
		return
	}
	u, c, err := s.holderOf(r.Context(), token)
	if errors.Is(err, errJWT) {
		w.Header().Set("WWW-Authenticate", `Bearer realm="latchkey", error="invalid_token"`)
		fusion.Reply(w, http.StatusUnauthorized, &oauthError{Code: "invalid_token", Description: "The access token is invalid or has expired.", Reason: "invalid_token"})
		return
	}
	if errors.Is(err, ErrNotFound) || err == nil && !u.Active {
		fusion.Reply(w, http.StatusUnauthorized, &oauthError{Code: "invalid_token", Description: "The user is gone.", Reason: "invalid_token"})
		return
	}
	if err != nil {
		s.unavailable(w, r, err)
		return
	}
	fusion.Reply(w, http.StatusOK, userInfoOf(&u, c.ApplicationID))
}

type userInfoResponse struct {
	Subject           string   `json:"sub"`
	ApplicationID     string   `json:"applicationId,omitempty"`
	Roles             []string `json:"roles,omitzero"`
	Email             string   `json:"email,omitempty"`
	EmailVerified     bool     `json:"email_verified"`
	PreferredUsername string   `json:"preferred_username,omitempty"`
	Name              string   `json:"name,omitempty"`
	GivenName         string   `json:"given_name,omitempty"`
	MiddleName        string   `json:"middle_name,omitempty"`
	FamilyName        string   `json:"family_name,omitempty"`
	BirthDate         string   `json:"birthdate,omitempty"`
	Picture           string   `json:"picture,omitempty"`
	PhoneNumber       string   `json:"phone_number,omitempty"`
	Locale            string   `json:"locale,omitempty"`
	ZoneInfo          string   `json:"zoneinfo,omitempty"`
}

func userInfoOf(u *User, applicationID string) userInfoResponse {
	p := u.Profile
	info := userInfoResponse{
		Subject: u.ID, Email: u.Email, EmailVerified: u.Verified, PreferredUsername: u.Username, Name: p.FullName, GivenName: p.FirstName, MiddleName: p.MiddleName,
		FamilyName: p.LastName, BirthDate: p.BirthDate, Picture: p.ImageURL, PhoneNumber: p.MobilePhone, ZoneInfo: p.Timezone,
	}
	if len(p.PreferredLanguages) > 0 {
		info.Locale = p.PreferredLanguages[0]
	}
	if reg := u.registration(applicationID); reg != nil {
		info.ApplicationID, info.Roles = applicationID, reg.Roles
	}
	return info
}

// discovery answers GET /.well-known/openid-configuration: what of OpenID Connect is here. There is no authorization endpoint, for the login is the application's own form.
func (s *Server) discovery(w http.ResponseWriter, r *http.Request) {
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	base := (&url.URL{Scheme: scheme, Host: r.Host}).String()
	w.Header().Set("Cache-Control", "no-store")
	fusion.Reply(w, http.StatusOK, map[string]any{
		"issuer": s.issuer, "token_endpoint": base + "/oauth2/token", "userinfo_endpoint": base + "/oauth2/userinfo", "jwks_uri": base + "/.well-known/jwks.json",
		"introspection_endpoint": base + "/oauth2/introspect", "grant_types_supported": supportedGrants,
		"response_types_supported": []string{}, "subject_types_supported": []string{"public"},
		"id_token_signing_alg_values_supported": []string{"ES256"}, "token_endpoint_auth_methods_supported": []string{"client_secret_basic", "client_secret_post", "none"},
		"claims_supported": []string{"applicationId", "birthdate", "email", "email_verified", "family_name", "given_name", "iss", "name", "phone_number", "picture", "preferred_username", "roles", "sub", "zoneinfo"},
	})
}

// health answers GET /api/health: 200 or 500, and nothing else.
func (s *Server) health(w http.ResponseWriter, r *http.Request) {
	if _, err := s.DefaultTenant(r.Context()); err != nil {
		s.fail(w, r, err)
	}
}
