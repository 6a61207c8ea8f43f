package idp

import (
	"cmp"
	"context"
	"net/http"

	"github.com/latchkey-dev/latchkey/idp/internal/database"
	"github.com/latchkey-dev/latchkey/idp/internal/fusion"
	"github.com/latchkey-dev/latchkey/idp/internal/outbox"
)

// verifyEmail answers POST /api/user/verify-email[/{verificationId}]. The id of a mail is the
// credential: its holder reads that mailbox.
func (s *Server) verifyEmail(w http.ResponseWriter, r *http.Request) error {
	var req struct {
		VerificationID ticket `json:"verificationId"`
	}
	if err := fusion.Decode(w, r, &req); err != nil {
		return err
	}
	u, err := s.tickets.user(r.Context(), forVerification, cmp.Or(req.VerificationID, ticket(r.PathValue("verificationId"))))
	if err != nil {
		return err
	}
	err = s.outbox.Write(r.Context(), fusion.Caller(r), func(tx *outbox.Tx) error {
		err := database.Changed(tx.Exec(`UPDATE users SET verified = TRUE, last_update_instant = $1 WHERE id = $2 AND email = $3 AND NOT verified`,
			database.Millis(s.now()), u.ID, u.Email))
		if err != nil {
			return err
		}
		return raiseUser(r.Context(), tx, "user.email.verified", u.ID)
	})
	if err != nil {
		return err
	}
	s.log.InfoContext(r.Context(), "e-mail address verified", "user", u.ID)
	return nil
}

// resendVerification answers PUT /api/user/verify-email?email=…: the mail once more, or, with
// sendVerifyEmail=false, its id alone. An address that is verified gets none.
func (s *Server) resendVerification(w http.ResponseWriter, r *http.Request, sc scope) error {
	form, err := fusion.Parameters(w, r)
	if err != nil {
		return err
	}
	u, app, err := userOfLogin(r.Context(), s.db, sc, form.Get("applicationId"), form.Get("email"), []string{loginIDEmail})
	if err != nil {
		return err
	}
	if !u.Active || u.Verified {
		return ErrNotFound
	}
	id := s.tickets.issue(forVerification, &u, verificationTTL)
	if form.Get("sendVerifyEmail") != "false" {
		if s.mails.deliver == nil {
			w.WriteHeader(http.StatusForbidden)
			return nil
		}
		s.mails.send(r.Context(), letterOf(&u, app, "verify-email", id))
	}
	return fusion.Reply(w, http.StatusOK, struct {
		VerificationID ticket `json:"verificationId"`
	}{id})
}

// askToVerify sends the first mail to a user who was just created, if the tenant verifies
// addresses.
func (s *Server) askToVerify(ctx context.Context, u *User, app application) error {
	t, err := readTenant(ctx, s.db, u.TenantID)
	if err != nil || !t.VerifyEmail || u.Verified || u.Email == "" {
		return err
	}
	if s.mails.deliver == nil {
		s.log.WarnContext(ctx, "cannot verify e-mail address: mail is not configured", "user", u.ID)
		return nil
	}
	s.mails.send(ctx, letterOf(u, app, "verify-email", s.tickets.issue(forVerification, u, verificationTTL)))
	return nil
}
