package idp

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/latchkey-dev/latchkey/idp/internal/database"
	"github.com/latchkey-dev/latchkey/idp/internal/fusion"
	"github.com/latchkey-dev/latchkey/idp/internal/outbox"
)

type passwordChangeResponse struct {
	ChangePasswordID     ticket               `json:"changePasswordId"`
	ChangePasswordReason PasswordChangeReason `json:"changePasswordReason"`
	TwoFactorTrustID     ticket               `json:"twoFactorTrustId,omitempty"`
}

// userOfChange returns the user whose password the id may change, or
// ErrNotFound, and whether the id came by mail.
func (s *Server) userOfChange(ctx context.Context, id ticket) (u User, mailed bool, err error) {
	u, err = s.holder(ctx, forChange, id)
	if errors.Is(err, ErrNotFound) {
		u, err = s.holder(ctx, forMailedChange, id)
		return u, err == nil, err
	}
	return u, false, err
}

// checkChange answers GET /api/user/change-password/{id}: whether it is good.
func (s *Server) checkChange(w http.ResponseWriter, r *http.Request) {
	if _, _, err := s.userOfChange(r.Context(), ticket(r.PathValue("changePasswordId"))); err != nil {
		s.fail(w, r, err)
	}
}

type changeRequest struct {
	ApplicationID    string   `json:"applicationId"`
	ChangePasswordID ticket   `json:"changePasswordId"`
	CurrentPassword  string   `json:"currentPassword"`
	LoginID          string   `json:"loginId"`
	LoginIDTypes     []string `json:"loginIdTypes"`
	Password         string   `json:"password"`
}

// changePassword answers POST /api/user/change-password[/{id}]: by the id of a
// change, which is the credential; by the user's JWT; or by login id, with an
// API key.
func (s *Server) changePassword(w http.ResponseWriter, r *http.Request) {
	var req changeRequest
	if err := fusion.Decode(w, r, &req); err != nil {
		s.fail(w, r, err)
		return
	}
	if req.ChangePasswordID == "" {
		req.ChangePasswordID = ticket(r.PathValue("changePasswordId"))
	}
	var u User
	var err error
	switch token := bearer(r); {
	case req.ChangePasswordID != "":
		u, err = s.changeByID(r.Context(), req)
	case token != "":
		u, err = s.changeByJWT(r.Context(), token, req)
	default:
		if err := s.changeByLoginID(r, req); err != nil {
			s.fail(w, r, err)
		}
		return // with nothing in the body
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	fusion.Reply(w, http.StatusOK, struct {
		OneTimePassword ticket `json:"oneTimePassword"`
	}{s.ticket(forOneLogin, &u, oneLoginTTL)})
}

func (s *Server) changeByID(ctx context.Context, req changeRequest) (User, error) {
	u, mailed, err := s.userOfChange(ctx, req.ChangePasswordID)
	if err != nil {
		return u, err
	}
	if req.CurrentPassword != "" {
		if err := s.checkCurrent(ctx, &u, req.CurrentPassword); err != nil {
			return u, err
		}
	}
	return s.changeTo(ctx, u, req.Password, mailed)
}

func (s *Server) changeByJWT(ctx context.Context, token string, req changeRequest) (User, error) {
	u, _, err := s.holderOf(ctx, token)
	if err == nil && !u.Active {
		err = ErrNotFound
	}
	if err == nil {
		err = s.checkCurrent(ctx, &u, req.CurrentPassword)
	}
	if err != nil {
		return u, err
	}
	return s.changeTo(ctx, u, req.Password, false)
}

func (s *Server) changeByLoginID(r *http.Request, req changeRequest) error {
	sc, err := s.authorize(r, "/api/user/change-password")
	if err != nil {
		return err
	}
	u, _, err := s.userOfLogin(r.Context(), sc, req.ApplicationID, req.LoginID, req.LoginIDTypes)
	if err == nil && !u.Active {
		err = ErrNotFound
	}
	if err == nil && req.CurrentPassword != "" {
		if err = s.checkCurrent(r.Context(), &u, req.CurrentPassword); errors.Is(err, ErrNotFound) {
			err = fusion.Invalid("currentPassword", "invalid", "The current password is another one.")
		}
	}
	if err == nil {
		_, err = s.changeTo(r.Context(), u, req.Password, false)
	}
	return err
}

// userOfLogin returns the user whom a call with an API key names by login id,
// and the application, where it names one.
func (s *Server) userOfLogin(ctx context.Context, sc scope, applicationID, loginID string, types []string) (User, application, error) {
	if loginID == "" {
		return User{}, application{}, fusion.Invalid("loginId", "blank", "Say who.")
	}
	app, err := optionalApplication(ctx, s.db, sc, applicationID)
	if err != nil {
		return User{}, app, err
	}
	tenantID := app.TenantID
	if tenantID == "" {
		tenantID = string(sc)
	}
	if tenantID == "" {
		if tenantID, err = soleTenant(ctx, s.db); err != nil {
			return User{}, app, err
		}
	}
	if len(types) == 0 {
		types = []string{loginIDEmail, loginIDUsername}
	}
	u, err := userByLoginID(ctx, s.db, tenantID, loginID, types)
	return u, app, err
}

// checkCurrent answers ErrNotFound where the password is another one. Wrong
// ones count as those of a login do.
func (s *Server) checkCurrent(ctx context.Context, u *User, password string) error {
	t, err := readTenant(ctx, s.db, u.TenantID)
	if err != nil {
		return err
	}
	return s.locking(ctx, t.Lockout, s.secrets.failureSubject(u, u.TenantID, ""), func() error { return s.verifyPassword(ctx, u, t, password) })
}

// changeTo sets the password and returns the user as it is then. An id that
// came by mail proves the address, too.
func (s *Server) changeTo(ctx context.Context, u User, password string, mailed bool) (User, error) {
	if err := s.mayBePassword(ctx, "password", &u, password); err != nil {
		return u, err
	}
	hash, err := s.hasher.Hash(ctx, password)
	if err != nil {
		return u, fmt.Errorf("hash password: %w", err)
	}
	err = s.outbox.Write(ctx, func(tx *outbox.Tx) error {
		// Of two who use one id at once, one finds the hash replaced.
		if err := s.storePassword(ctx, tx, u.ID, hash, "password = $4", u.passwordHash); err != nil || !mailed {
			return err
		}
		err := database.Changed(tx.Exec(`UPDATE users SET verified = TRUE WHERE id = $1 AND email = $2 AND NOT verified`, u.ID, u.Email))
		if err != nil {
			return database.IgnoreNotFound(err)
		}
		return s.raiseUser(ctx, tx, "user.email.verified", u.ID)
	})
	if errors.Is(err, ErrNotFound) {
		return u, err
	}
	if err != nil {
		return u, fmt.Errorf("change password: %w", err)
	}
	s.log.InfoContext(ctx, "password changed", "user", u.ID)
	return s.UserByID(ctx, u.ID)
}

// storePassword sets the hash, ends the demand for a change, and revokes all of
// the user's refresh tokens: whoever knew the old password is out.
func (s *Server) storePassword(ctx context.Context, tx *outbox.Tx, userID, hash, condition string, args ...any) error {
	now := s.now()
	// The time of the password tells it from the one before: it only rises.
	err := database.Changed(tx.Exec(`UPDATE users SET password = $1, password_change_reason = '',
		password_last_update_instant = CASE WHEN password_last_update_instant >= $2 THEN password_last_update_instant + 1 ELSE $2 END,
		last_update_instant = $2 WHERE id = $3 AND `+condition, append([]any{hash, database.Millis(now), userID}, args...)...))
	if err != nil {
		return err
	}
	if err := forgetFailures(tx.Tx, "user "+userID); err != nil {
		return err
	}
	if err := s.raiseUser(ctx, tx, "user.password.update", userID); err != nil {
		return err
	}
	_, err = s.revokeIn(ctx, tx, revocation{userID: userID}) // after the event that says why
	return err
}
