package fusionauthtest

import (
	"encoding/json"
	"net/http"
	"slices"
)

// jwtRefresh prefers the token of the cookie over that of the body.
func (s *Server) jwtRefresh(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var in struct{ RefreshToken string }
	json.Unmarshal(readAll(r), &in)
	if cookie, err := r.Cookie("refresh_token"); err == nil {
		in.RefreshToken = cookie.Value
	}
	if !s.sees(w, r) {
		return
	}
	t := s.alive(in.RefreshToken)
	if t != nil {
		if a := s.state.app(t.applicationID); !a.Active || !a.LoginConfiguration.AllowTokenRefresh {
			t = nil
		} else {
			t = s.redeem(in.RefreshToken, "")
		}
	}
	if t == nil {
		refuse(w, "refreshToken", "[invalid]refreshToken")
		return
	}
	jwt := s.sign(s.claims(t.user, s.state.app(t.applicationID), t.id, "REFRESH_TOKEN"))
	setCookies(w, jwt, t.value)
	answer(w, http.StatusOK, object{"token": jwt, "refreshToken": t.value, "refreshTokenId": t.id})
}

func (s *Server) oauthToken(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.ParseForm() != nil {
		refuseOAuth(w, http.StatusBadRequest, "invalid_request", "unknown")
		return
	}
	id, secret := r.PostForm.Get("client_id"), r.PostForm.Get("client_secret")
	if user, password, ok := r.BasicAuth(); ok {
		id, secret = user, password
	}
	a := s.state.app(id)
	switch {
	case id == "":
		refuseOAuth(w, http.StatusBadRequest, "invalid_request", "missing_client_id")
	case a == nil || !a.Active:
		refuseOAuth(w, http.StatusBadRequest, "invalid_request", "invalid_client_id")
	case secret == "" && a.OAuthConfiguration.ClientAuthenticationPolicy != "NotRequired":
		refuseOAuth(w, http.StatusUnauthorized, "invalid_client", "client_authentication_missing")
	case secret != "" && secret != a.OAuthConfiguration.ClientSecret:
		refuseOAuth(w, http.StatusUnauthorized, "invalid_client", "invalid_client_authentication")
	case r.PostForm.Get("grant_type") != "refresh_token":
		refuseOAuth(w, http.StatusBadRequest, "unsupported_grant_type", "invalid_grant_type")
	case !slices.Contains(a.OAuthConfiguration.EnabledGrants, "refresh_token"):
		refuseOAuth(w, http.StatusBadRequest, "unauthorized_client", "grant_type_disabled")
	default:
		s.oauthRefresh(w, a, r.PostForm.Get("refresh_token"))
	}
}

func (s *Server) oauthRefresh(w http.ResponseWriter, a *Application, value string) {
	if t := s.alive(value); t != nil && t.applicationID == a.ID && t.user.Inactive {
		refuseOAuth(w, http.StatusBadRequest, "access_denied", "user_locked")
		return
	}
	t := s.redeem(value, a.ID)
	if t == nil {
		refuseOAuth(w, http.StatusBadRequest, "invalid_grant", "refresh_token_not_found")
		return
	}
	answer(w, http.StatusOK, object{
		"access_token": s.sign(s.claims(t.user, a, t.id, "REFRESH_TOKEN")), "expires_in": s.state.jwt(a).TimeToLiveInSeconds, "token_type": "Bearer",
		"refresh_token": t.value, "refresh_token_id": t.id, "userId": t.user.ID, "scope": "offline_access",
	})
}
