package idp

import (
	"errors"
	"net/http"

	"github.com/latchkey-dev/latchkey/idp/internal/fusion"
)

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
