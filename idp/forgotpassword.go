package idp

import (
	"cmp"
	"net/http"

	"github.com/latchkey-dev/latchkey/idp/internal/fusion"
)

type forgotRequest struct {
	ApplicationID string   `json:"applicationId"`
	LoginID       string   `json:"loginId"`
	LoginIDTypes  []string `json:"loginIdTypes"`
	Email         string   `json:"email"`    // instead of loginId, as
	Username      string   `json:"username"` // older clients have it
	Send          *bool    `json:"sendForgotPasswordMessage"`
	SendBefore    *bool    `json:"sendForgotPasswordEmail"` // its older name
}

// sends reports whether the request wants a mail, which is the default.
func (r forgotRequest) sends() bool {
	for _, said := range []*bool{r.Send, r.SendBefore} {
		if said != nil {
			return *said
		}
	}
	return true
}

// forgotPassword answers POST /api/user/forgot-password: a mail with the id of a change, and, for a
// caller with an API key, another id in the answer. That one does not prove the address.
func (s *Server) forgotPassword(w http.ResponseWriter, r *http.Request, sc scope) error {
	var req forgotRequest
	if err := fusion.Decode(w, r, &req); err != nil {
		return err
	}
	loginID := cmp.Or(req.LoginID, req.Email, req.Username)
	u, app, err := userOfLogin(r.Context(), s.db, sc, req.ApplicationID, loginID, req.LoginIDTypes)
	if err != nil {
		return err
	}
	if !u.Active {
		return ErrNotFound
	}
	if req.sends() {
		if s.mails.deliver == nil {
			w.WriteHeader(http.StatusForbidden)
			return nil
		}
		if u.Email == "" {
			w.WriteHeader(http.StatusUnprocessableEntity)
			return nil
		}
		s.mails.send(r.Context(), letterOf(&u, app, "reset-password", s.tickets.issue(forMailedChange, &u, changeTTL)))
	}
	return fusion.Reply(w, http.StatusOK, struct {
		ChangePasswordID ticket `json:"changePasswordId"`
	}{s.tickets.issue(forChange, &u, changeTTL)})
}
