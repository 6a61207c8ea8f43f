package idp

import (
	"cmp"
	"errors"
	"net/http"
	"net/url"

	"github.com/latchkey-dev/latchkey/idp/internal/database"
	"github.com/latchkey-dev/latchkey/idp/internal/fusion"
)

// validateJWT answers GET /api/jwt/validate: the signature and the time count, and nothing else.
func (s *Server) validateJWT(w http.ResponseWriter, r *http.Request) error {
	c, err := s.tokens.verify(r.Context(), bearer(r))
	if err != nil {
		return err
	}
	return fusion.Reply(w, http.StatusOK, struct {
		JWT claims `json:"jwt"`
	}{c})
}

// publicKey answers GET /api/jwt/public-key: that of a kid or of an application, or all.
func (s *Server) publicKey(w http.ResponseWriter, r *http.Request) error {
	texts := make(map[string]string)
	for _, k := range s.keys.Public() {
		text, err := k.PublicPEM()
		if err != nil {
			return err
		}
		texts[k.KID] = text
	}
	kid, err := s.wantedKID(r)
	if err != nil {
		return err
	}
	if kid == "" {
		return fusion.Reply(w, http.StatusOK, struct {
			PublicKeys map[string]string `json:"publicKeys"`
		}{texts})
	}
	text, known := texts[kid]
	if !known {
		return ErrNotFound
	}
	return fusion.Reply(w, http.StatusOK, struct {
		PublicKey string `json:"publicKey"`
	}{text})
}

// wantedKID returns the kid that a request names, or that of the application that it names, or "".
func (s *Server) wantedKID(r *http.Request) (string, error) {
	form := r.URL.Query()
	kid := cmp.Or(form.Get("kid"), form.Get("keyId"))
	if form.Get("applicationId") == "" {
		return kid, nil
	}
	id, err := fusion.ParseID("applicationId", form.Get("applicationId"))
	if err != nil {
		return "", err
	}
	app, err := readApplication(r.Context(), s.db, id)
	if err != nil {
		return "", err
	}
	signer, err := s.keys.Signer(r.Context(), app.AccessTokenKeyID)
	if err != nil {
		return "", err
	}
	return cmp.Or(kid, signer.KID), nil
}

// introspect answers POST /oauth2/introspect (RFC 7662). It looks for a refresh token only if the
// hint says so. A client learns of its own tokens only.
func (s *Server) introspect(w http.ResponseWriter, r *http.Request) error {
	form, err := tokenForm(w, r)
	if err != nil {
		return err
	}
	app, err := s.client(r, form)
	if err != nil {
		return err
	}
	inspect := s.introspectJWT
	switch form.Get("token_type_hint") {
	case "", "access_token", "id_token":
	case "refresh_token":
		inspect = s.introspectRefreshToken
	default:
		return invalidRequest("invalid_token_type_hint", "The hints are access_token, id_token and refresh_token.")
	}
	answer, err := inspect(r, form, app)
	if err != nil {
		return err
	}
	return fusion.Reply(w, http.StatusOK, answer)
}

func (s *Server) introspectJWT(r *http.Request, form url.Values, app application) (any, error) {
	if form.Get("token") == "" {
		return nil, invalidRequest("missing_token", "The token is missing.")
	}
	c, err := s.tokens.verify(r.Context(), form.Get("token"))
	if errors.Is(err, errJWT) {
		return inactiveToken{}, nil
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

// inactiveToken is the answer about a token that is not good.
type inactiveToken struct {
	Active bool `json:"active"`
}

func (s *Server) introspectRefreshToken(r *http.Request, form url.Values, app application) (any, error) {
	t, err := s.secrets.refresh.Parse(form.Get("token"))
	if err != nil {
		return inactiveToken{}, nil
	}
	f, of, err := s.refreshTokens.living(r.Context(), t.Family.String())
	if errors.Is(err, ErrNotFound) {
		return inactiveToken{}, nil
	}
	if err != nil {
		return nil, err
	}
	if t.Counter != f.Current(of.tokenPolicy()) {
		return inactiveToken{}, nil
	}
	if of.ID != app.ID {
		return nil, invalidClient("invalid_client", "The token was issued to another client.")
	}
	return struct {
		Active    bool  `json:"active"`
		ExpiresAt int64 `json:"exp,omitzero"` // milliseconds, as FusionAuth has it here
	}{true, database.Millis(f.Deadline(of.tokenPolicy()))}, nil
}

// userInfo answers GET and POST /oauth2/userinfo (OpenID Connect Core §5.3), whatever the token's
// scope.
func (s *Server) userInfo(w http.ResponseWriter, r *http.Request) error {
	token := bearer(r)
	if token == "" || r.Header.Get("Authorization") == "" {
		w.Header().Set("WWW-Authenticate", `Bearer realm="latchkey"`)
		w.WriteHeader(http.StatusUnauthorized)
		return nil
	}
	u, c, err := s.userOfJWT(r.Context(), token)
	switch {
	case errors.Is(err, errJWT):
		w.Header().Set("WWW-Authenticate", `Bearer realm="latchkey", error="invalid_token"`)
		return invalidToken("The access token is invalid or has expired.")
	case errors.Is(err, ErrNotFound):
		return errUserGone
	case err != nil:
		return err
	case !u.Active:
		return errUserGone
	}
	return fusion.Reply(w, http.StatusOK, userInfoOf(&u, c.ApplicationID))
}

func invalidToken(description string) error {
	return &oauthError{Code: "invalid_token", Description: description, Reason: "invalid_token"}
}

var errUserGone = invalidToken("The user is gone.")

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

// health answers GET /api/health: 200 or 500, and nothing else.
func (s *Server) health(_ http.ResponseWriter, r *http.Request) error {
	_, err := s.DefaultTenant(r.Context())
	return err
}
