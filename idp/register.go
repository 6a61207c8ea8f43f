package idp

import (
	"cmp"
	"context"
	"errors"
	"net/http"

	"github.com/latchkey-dev/latchkey/idp/internal/database"
	"github.com/latchkey-dev/latchkey/idp/internal/fusion"
)

// register answers POST /api/user/registration[/{userId}]: for a user that exists, or, if the body
// has one, with a new user in one step. Some clients always send a user; one without an address,
// name and password counts as none.
func (s *Server) register(w http.ResponseWriter, r *http.Request, sc scope) error {
	var req registrationRequest
	if err := fusion.Decode(w, r, &req); err != nil {
		return err
	}
	register := s.registerOld
	if u := req.User; u.Email != "" || u.Username != "" || u.Password != "" {
		register = s.registerNew
	}
	answer, err := register(r, sc, req, r.PathValue("userId"))
	if err != nil {
		return err
	}
	return fusion.Reply(w, http.StatusOK, answer)
}

func (s *Server) registerNew(r *http.Request, sc scope, req registrationRequest, pathID string) (registrationResponse, error) {
	ctx, caller := r.Context(), fusion.Caller(r)
	app, err := registrationTarget(ctx, s.db, sc, req.Registration)
	if err != nil {
		return registrationResponse{}, err
	}
	req.User.TenantID = cmp.Or(req.User.TenantID, app.TenantID)
	n, err := newUser(ctx, s.db, sc, req.userRequest, pathID)
	if err != nil {
		return registrationResponse{}, err
	}
	if n.TenantID != app.TenantID {
		return registrationResponse{}, errOtherTenantsApplication
	}
	u, err := s.insertUser(ctx, caller, n)
	if err != nil {
		return registrationResponse{}, err
	}
	if err := s.insertRegistration(ctx, caller, u.ID, app.ID, req.Registration); err != nil {
		// Both or neither.
		return registrationResponse{}, errors.Join(err, s.deleteUserBy(context.WithoutCancel(ctx), caller, u.ID))
	}
	if u, err = s.UserByID(ctx, u.ID); err != nil {
		return registrationResponse{}, err
	}
	if err := s.askToVerify(ctx, &u, app); err != nil {
		return registrationResponse{}, err
	}
	created, err := s.createdAnswer(ctx, &u, app, "REGISTRATION")
	if err != nil {
		return registrationResponse{}, err
	}
	return registrationResponse{
		Registration: u.registration(app.ID).json(),
		User:         &created.User, Token: created.Token, TokenExpirationInstant: created.TokenExpirationInstant,
	}, nil
}

var errOtherTenantsApplication = fusion.Invalid("registration.applicationId", "invalid", "The application is of another tenant.")

func (s *Server) registerOld(r *http.Request, sc scope, req registrationRequest, userID string) (registrationResponse, error) {
	ctx := r.Context()
	u, err := userInScope(ctx, s.db, sc, userID)
	if err != nil {
		return registrationResponse{}, err
	}
	app, err := registrationTarget(ctx, s.db, sc, req.Registration)
	if err != nil {
		return registrationResponse{}, err
	}
	if u.registration(app.ID) != nil {
		return registrationResponse{}, fusion.Invalid("registration", "duplicate", "The user is registered already.")
	}
	if u.TenantID != app.TenantID {
		return registrationResponse{}, errOtherTenantsApplication
	}
	if err := s.insertRegistration(ctx, fusion.Caller(r), u.ID, app.ID, req.Registration); err != nil {
		return registrationResponse{}, err
	}
	reg, err := registrationOf(ctx, s.db, sc, u.ID, app.ID)
	return registrationResponse{Registration: reg}, err
}

func registrationTarget(ctx context.Context, q database.Queries, sc scope, reg registrationWrite) (application, error) {
	const field = "registration.applicationId"
	id, err := fusion.ParseID(field, reg.ApplicationID)
	if err != nil {
		return application{}, err
	}
	if id == "" {
		return application{}, fusion.Invalid(field, "blank", "Say for which application.")
	}
	return activeApplication(ctx, q, sc, field, id)
}
