package idp

import (
	"net/http"

	"github.com/latchkey-dev/latchkey/idp/internal/fusion"
)

// forgotPassword answers POST /api/user/forgot-password: a mail with the id of
// a change, and, for a caller with an API key, another id in the answer. That
// one does not prove the address.
func (s *Server) forgotPassword(w http.ResponseWriter, r *http.Request, sc scope) {
	var req struct {
		ApplicationID string   `json:"applicationId"`
		LoginID       string   `json:"loginId"`
		LoginIDTypes  []string `json:"loginIdTypes"`
		Email         string   `json:"email"`
		Username      string   `json:"username"`
		Send          *bool    `json:"sendForgotPasswordMessage"`
		SendBefore    *bool    `json:"sendForgotPasswordEmail"`
	}
	err := fusion.Decode(w, r, &req)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	for _, old := range []string{req.Email, req.Username} {
		if req.LoginID == "" {
			req.LoginID = old
		}
	}
	send := true
	for _, said := range []*bool{req.SendBefore, req.Send} {
		if said != nil {
			send = *said
		}
	}
	u, app, err := s.userOfLogin(r.Context(), sc, req.ApplicationID, req.LoginID, req.LoginIDTypes)
	if err == nil && !u.Active {
		err = ErrNotFound
	}
	switch {
	case err != nil:
		s.fail(w, r, err)
		return
	case send && s.sendMail == nil:
		w.WriteHeader(http.StatusForbidden)
		return
	case send && u.Email == "":
		w.WriteHeader(http.StatusUnprocessableEntity)
		return
	case send:
		s.mail(r.Context(), letterOf(&u, app, "reset-password", s.ticket(forMailedChange, &u, changeTTL)))
	}
	fusion.Reply(w, http.StatusOK, struct {
		ChangePasswordID ticket `json:"changePasswordId"`
	}{s.ticket(forChange, &u, changeTTL)})
}
