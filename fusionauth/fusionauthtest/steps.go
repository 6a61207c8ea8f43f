package fusionauthtest

import (
	"encoding/json"
	"net/http"
)

// Code is what the authenticator of a user with a second factor shows. It is accepted once.
const Code = "081755"

// The ids of the steps between the right password and a login. A real server makes new ones each
// time.
const (
	twoFactorID = "WYcNo4NBXqfk"
	trustID     = "pVwRgyyN4Tn7"
	changeID    = "gXY7ZQ"
)

// twoFactorLogin needs no key: the id is enough.
func (s *Server) twoFactorLogin(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var in struct {
		TwoFactorID, Code, ApplicationID string
		TrustComputer                    bool
	}
	if json.Unmarshal(readAll(r), &in) != nil {
		refuse(w, "", "[invalidJSON]")
		return
	}
	u := s.state.user(func(u *User) bool { return u.TwoFactor })
	if u == nil || in.TwoFactorID != twoFactorID {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	if in.Code != Code || u.codeUsed {
		w.WriteHeader(http.StatusMisdirectedRequest)
		return
	}
	u.codeUsed = true
	trust := ""
	if in.TrustComputer {
		trust = trustID
	}
	if a := s.state.app(in.ApplicationID); !s.unfinished(w, u, a, trust) {
		s.loggedIn(w, u, a, false)
	}
}

// changePassword accepts only the id of a 203.
func (s *Server) changePassword(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var in struct{ ChangePasswordID, Password string }
	u := s.state.user(func(u *User) bool { return u.PasswordChangeReason != "" })
	switch {
	case json.Unmarshal(readAll(r), &in) != nil:
		refuse(w, "", "[invalidJSON]")
	case u == nil || in.ChangePasswordID != changeID:
		w.WriteHeader(http.StatusNotFound)
	case len(in.Password) < 8:
		refuse(w, "password", "[tooShort]password")
	default:
		u.Password, u.PasswordChangeReason = in.Password, ""
		answer(w, http.StatusOK, object{"oneTimePassword": "RXnQ7iUd"})
	}
}
