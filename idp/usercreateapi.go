package idp

import (
	"cmp"
	"context"
	"net/http"
	"strings"

	"github.com/latchkey-dev/latchkey/idp/internal/database"
	"github.com/latchkey-dev/latchkey/idp/internal/fusion"
)

// newUser checks a request to create a user, and says in which tenant.
func newUser(ctx context.Context, q database.Queries, sc scope, req userRequest, pathID string) (NewUser, error) {
	if req.SendSetPasswordEmail {
		return NewUser{}, fusion.Invalid("sendSetPasswordEmail", "notSupported", "This provider sends no mail to set a password: give one.")
	}
	u := req.User.trimmed()
	tenantID, err := tenantOfRequest(ctx, q, sc, "user.tenantId", u.TenantID)
	if err != nil {
		return NewUser{}, err
	}
	factor, err := u.TwoFactor.brought()
	if err != nil {
		return NewUser{}, err
	}
	return NewUser{
		ID: cmp.Or(pathID, u.ID), TenantID: tenantID, Email: u.Email, Username: u.Username, Password: u.Password, Verified: req.SkipVerification,
		Expiry: database.FromMillis(u.Expiry), Profile: u.Profile, changeReason: u.changeReason(), factor: factor,
	}, nil
}

// createUser answers POST /api/user[/{userId}].
func (s *Server) createUser(w http.ResponseWriter, r *http.Request, sc scope) error {
	var req userRequest
	if err := fusion.Decode(w, r, &req); err != nil {
		return err
	}
	answer, err := s.createUserFrom(r.Context(), fusion.Caller(r), sc, req, r.PathValue("userId"))
	if err != nil {
		return err
	}
	return fusion.Reply(w, http.StatusOK, answer)
}

// userResponse has a JWT if the call created the user.
type userResponse struct {
	User                   userJSON `json:"user"`
	Token                  string   `json:"token,omitempty"`
	TokenExpirationInstant int64    `json:"tokenExpirationInstant,omitzero"`
}

func (s *Server) createUserFrom(ctx context.Context, caller string, sc scope, req userRequest, pathID string) (userResponse, error) {
	app, err := optionalApplication(ctx, s.db, sc, req.ApplicationID)
	if err != nil {
		return userResponse{}, err
	}
	n, err := newUser(ctx, s.db, sc, req, pathID)
	if err != nil {
		return userResponse{}, err
	}
	if app.ID != "" && !strings.EqualFold(n.TenantID, app.TenantID) {
		return userResponse{}, fusion.Invalid("applicationId", "invalid", "The application is of another tenant.")
	}
	u, err := s.insertUser(ctx, caller, n)
	if err != nil {
		return userResponse{}, err
	}
	if err := s.askToVerify(ctx, &u, app); err != nil {
		return userResponse{}, err
	}
	return s.createdAnswer(ctx, &u, app, "USER_CREATE")
}

// createdAnswer is the answer for a user who was just created, with a JWT.
func (s *Server) createdAnswer(ctx context.Context, u *User, app application, authenticationType string) (userResponse, error) {
	c := s.tokens.claims(u, app.ID, app.accessTokenTTL())
	c.AuthenticationType = authenticationType
	token, err := s.tokens.sign(ctx, app, c)
	if err != nil {
		return userResponse{}, err
	}
	return userResponse{User: u.json(), Token: token, TokenExpirationInstant: c.ExpiresAt * 1000}, nil
}
