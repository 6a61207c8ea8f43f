package fusionauthtest

import (
	"encoding/json"
	"net/http"
	"strings"
)

func (s *Server) login(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var in struct {
		LoginID, Password, ApplicationID, TwoFactorTrustID string
		NoJWT                                              bool
	}
	if json.Unmarshal(readAll(r), &in) != nil {
		refuse(w, "", "[invalidJSON]")
		return
	}
	a := s.state.app(in.ApplicationID)
	if !s.permitted(r) && (a == nil || a.LoginConfiguration.RequireAuthentication) {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	if !s.sees(w, r) {
		return
	}
	if s.state.OtherTenantID != "" && a == nil && r.Header.Get("X-FusionAuth-TenantId") == "" {
		refuse(w, "", "[TenantIdRequired]")
		return
	}
	for field, value := range map[string]string{"loginId": in.LoginID, "password": in.Password} {
		if value == "" {
			refuse(w, field, "[blank]"+field)
			return
		}
	}
	if in.ApplicationID != "" && (a == nil || !a.Active) {
		refuse(w, "applicationId", "[invalid]applicationId")
		return
	}
	u := s.state.user(func(u *User) bool {
		return strings.EqualFold(u.Email, in.LoginID) || u.Username != "" && strings.EqualFold(u.Username, in.LoginID)
	})
	if u == nil {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	switch {
	case s.obstructed(w, u, in.Password):
	case u.TwoFactor && in.TwoFactorTrustID != trustID:
		answer(w, 242, object{"twoFactorId": twoFactorID, "methods": []object{{"id": "READ", "method": "authenticator"}}})
	case !s.unfinished(w, u, a, ""):
		s.loggedIn(w, u, a, in.NoJWT)
	}
}

// obstructed answers if the login fails. Problems of an account show before its password is
// checked.
func (s *Server) obstructed(w http.ResponseWriter, u *User, password string) bool {
	switch {
	case u.Inactive:
		w.WriteHeader(http.StatusLocked)
	case u.Prevented:
		answer(w, http.StatusConflict, object{"actions": []object{{"actionId": TenantID, "name": "Too many attempts"}}})
	case u.Expired:
		w.WriteHeader(http.StatusGone)
	case u.Password != password:
		w.WriteHeader(http.StatusNotFound)
	default:
		return false
	}
	return true
}

// unfinished answers if the password is right, but the login needs another step.
func (s *Server) unfinished(w http.ResponseWriter, u *User, a *Application, trust string) bool {
	switch {
	case u.PasswordChangeReason != "":
		body := object{"changePasswordId": changeID, "changePasswordReason": u.PasswordChangeReason}
		if trust != "" {
			body["twoFactorTrustId"] = trust
		}
		answer(w, http.StatusNonAuthoritativeInfo, body)
	case u.Unverified:
		answer(w, 212, object{"user": u.json(), "emailVerificationId": "YkQY5g"})
	case a != nil && u.registration(a.ID) == nil:
		answer(w, http.StatusAccepted, object{"token": s.sign(s.claims(u, nil, "", "PASSWORD")), "user": u.json()})
	case a != nil && u.registration(a.ID).Unverified:
		answer(w, 213, object{"user": u.json(), "registrationVerificationId": "hPl2Kw"})
	default:
		return false
	}
	return true
}

func (s *Server) loggedIn(w http.ResponseWriter, u *User, a *Application, noJWT bool) {
	out := object{"user": u.json()}
	if !noJWT {
		var id string
		if a != nil && a.LoginConfiguration.GenerateRefreshTokens {
			t := s.newToken(u, a)
			id = t.id
			out["refreshToken"], out["refreshTokenId"] = t.value, t.id
		}
		jwt := s.sign(s.claims(u, a, id, "PASSWORD"))
		out["token"], out["tokenExpirationInstant"] = jwt, s.now().UnixMilli()+int64(s.state.jwt(a).TimeToLiveInSeconds)*1000
		value, _ := out["refreshToken"].(string)
		setCookies(w, jwt, value)
	}
	answer(w, http.StatusOK, out)
}

// setCookies sets them on every response with tokens.
func setCookies(w http.ResponseWriter, access, refresh string) {
	http.SetCookie(w, &http.Cookie{Name: "access_token", Value: access, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode})
	if refresh != "" {
		http.SetCookie(w, &http.Cookie{Name: "refresh_token", Value: refresh, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode, MaxAge: 2592000})
	}
}

// json includes secrets of a user that only a backend should see.
func (u *User) json() object {
	return object{
		"id": u.ID, "active": !u.Inactive, "email": u.Email, "username": u.Username, "verified": !u.Unverified, "tenantId": TenantID,
		"firstName": "Ada", "preferredLanguages": []string{"en"}, "registrations": u.Registrations, "memberships": []object{},
		"data": object{"note": "only for the backend"}, "twoFactor": object{"methods": []object{}, "recoveryCodes": []string{"only-for-the-backend"}},
	}
}
