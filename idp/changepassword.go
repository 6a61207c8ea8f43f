package idp

import (
	"cmp"
	"context"
	"errors"
	"net/http"

	"github.com/latchkey-dev/latchkey/idp/internal/database"
	"github.com/latchkey-dev/latchkey/idp/internal/fusion"
)

type passwordChangeResponse struct {
	ChangePasswordID     ticket               `json:"changePasswordId"`
	ChangePasswordReason PasswordChangeReason `json:"changePasswordReason"`
	TwoFactorTrustID     ticket               `json:"twoFactorTrustId,omitempty"`
}

// userOfChange returns the user whose password the id may change, or
// ErrNotFound, and whether the id came by mail.
func (ts tickets) userOfChange(ctx context.Context, id ticket) (u User, mailed bool, err error) {
	u, err = ts.user(ctx, forChange, id)
	if errors.Is(err, ErrNotFound) {
		u, err = ts.user(ctx, forMailedChange, id)
		return u, err == nil, err
	}
	return u, false, err
}

// checkChange answers GET /api/user/change-password/{id}: whether it is good.
func (s *Server) checkChange(_ http.ResponseWriter, r *http.Request) error {
	_, _, err := s.tickets.userOfChange(r.Context(), ticket(r.PathValue("changePasswordId")))
	return err
}

type changeRequest struct {
	ApplicationID    string   `json:"applicationId"`
	ChangePasswordID ticket   `json:"changePasswordId"`
	CurrentPassword  string   `json:"currentPassword"`
	LoginID          string   `json:"loginId"`
	LoginIDTypes     []string `json:"loginIdTypes"`
	Password         string   `json:"password"`
}

// changePassword answers POST /api/user/change-password[/{id}]: by the id of a change, which is the
// credential; by the user's JWT; or by login id, with an API key. The last has nothing in its
// answer.
func (s *Server) changePassword(w http.ResponseWriter, r *http.Request) error {
	var req changeRequest
	if err := fusion.Decode(w, r, &req); err != nil {
		return err
	}
	req.ChangePasswordID = cmp.Or(req.ChangePasswordID, ticket(r.PathValue("changePasswordId")))
	var change func(*http.Request, changeRequest) (User, error)
	switch {
	case req.ChangePasswordID != "":
		change = s.changeByID
	case bearer(r) != "":
		change = s.changeByJWT
	default:
		return s.changeByLoginID(r, req)
	}
	u, err := change(r, req)
	if err != nil {
		return err
	}
	return fusion.Reply(w, http.StatusOK, struct {
		OneTimePassword ticket `json:"oneTimePassword"`
	}{s.tickets.issue(forOneLogin, &u, oneLoginTTL)})
}

func (s *Server) changeByID(r *http.Request, req changeRequest) (User, error) {
	u, mailed, err := s.tickets.userOfChange(r.Context(), req.ChangePasswordID)
	if err != nil {
		return User{}, err
	}
	if req.CurrentPassword != "" {
		if err := s.checkCurrent(r.Context(), &u, req.CurrentPassword); err != nil {
			return User{}, err
		}
	}
	if mailed {
		return s.changeByMail(r, u, req.Password)
	}
	return s.changeTo(r, u, req.Password)
}

func (s *Server) changeByJWT(r *http.Request, req changeRequest) (User, error) {
	u, _, err := s.userOfJWT(r.Context(), bearer(r))
	if err != nil {
		return User{}, err
	}
	if !u.Active {
		return User{}, ErrNotFound
	}
	if err := s.checkCurrent(r.Context(), &u, req.CurrentPassword); err != nil {
		return User{}, err
	}
	return s.changeTo(r, u, req.Password)
}

func (s *Server) changeByLoginID(r *http.Request, req changeRequest) error {
	sc, err := s.authorize(r, "/api/user/change-password")
	if err != nil {
		return err
	}
	u, _, err := userOfLogin(r.Context(), s.db, sc, req.ApplicationID, req.LoginID, req.LoginIDTypes)
	if err != nil {
		return err
	}
	if !u.Active {
		return ErrNotFound
	}
	if req.CurrentPassword != "" {
		err := s.checkCurrent(r.Context(), &u, req.CurrentPassword)
		if errors.Is(err, ErrNotFound) {
			return fusion.Invalid("currentPassword", "invalid", "The current password is another one.")
		}
		if err != nil {
			return err
		}
	}
	_, err = s.changeTo(r, u, req.Password)
	return err
}

// userOfLogin returns the user whom a call with an API key names by login id, and the application
// if it names one.
func userOfLogin(ctx context.Context, q database.Queries, sc scope, applicationID, loginID string, types []string) (User, application, error) {
	if loginID == "" {
		return User{}, application{}, fusion.Invalid("loginId", "blank", "Say who.")
	}
	app, err := optionalApplication(ctx, q, sc, applicationID)
	if err != nil {
		return User{}, application{}, err
	}
	tenantID, err := tenantIn(ctx, q, cmp.Or(scope(app.TenantID), sc))
	if err != nil {
		return User{}, application{}, err
	}
	if len(types) == 0 {
		types = []string{loginIDEmail, loginIDUsername}
	}
	u, err := userByLoginID(ctx, q, tenantID, loginID, types)
	return u, app, err
}
