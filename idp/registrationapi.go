package idp

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/latchkey-dev/latchkey/idp/internal/database"
	"github.com/latchkey-dev/latchkey/idp/internal/fusion"
	"github.com/latchkey-dev/latchkey/idp/internal/jsonpatch"
	"github.com/latchkey-dev/latchkey/idp/internal/outbox"
)

type registrationWrite struct {
	ID            string   `json:"id"`
	ApplicationID string   `json:"applicationId"`
	Roles         []string `json:"roles"`
}

type registrationRequest struct {
	Registration registrationWrite `json:"registration"`

	userRequest
}

// registrationResponse has a user and tokens if the call created the user.
type registrationResponse struct {
	Registration           registrationJSON `json:"registration"`
	User                   *userJSON        `json:"user,omitempty"`
	Token                  string           `json:"token,omitempty"`
	TokenExpirationInstant int64            `json:"tokenExpirationInstant,omitzero"`
}

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

func (s *Server) insertRegistration(ctx context.Context, caller, userID, applicationID string, reg registrationWrite) error {
	id, err := newID("registration.id", reg.ID)
	if err != nil {
		return err
	}
	now := database.Millis(s.now())
	return s.outbox.Write(ctx, caller, func(tx *outbox.Tx) error {
		var taken bool
		err := tx.QueryRow(`SELECT EXISTS (SELECT 1 FROM registrations WHERE id = $1 OR user_id = $2 AND application_id = $3)`,
			id, userID, applicationID).Scan(&taken)
		if err != nil {
			return err
		}
		if taken {
			return fusion.Invalid("registration", "duplicate", "The user is registered already, or the id is taken.")
		}
		roles, err := rolesOfNew(tx.Tx, applicationID, reg.Roles)
		if err != nil {
			return err
		}
		_, err = tx.Exec(`INSERT INTO registrations (id, user_id, application_id, roles, insert_instant, last_update_instant, last_login_instant)
			VALUES ($1, $2, $3, $4, $5, $5, 0)`, id, userID, applicationID, roles, now)
		if err != nil {
			return err
		}
		return raiseRegistration(ctx, tx, "user.registration.create", userID, applicationID)
	})
}

// registrationOf returns a registration as it is written, or ErrNotFound.
func registrationOf(ctx context.Context, q database.Queries, sc scope, userID, applicationID string) (registrationJSON, error) {
	applicationID, err := fusion.ParseID("applicationId", applicationID)
	if err != nil {
		return registrationJSON{}, err
	}
	u, err := userInScope(ctx, q, sc, userID)
	if err != nil {
		return registrationJSON{}, err
	}
	reg := u.registration(applicationID)
	if reg == nil {
		return registrationJSON{}, ErrNotFound
	}
	return reg.json(), nil
}

// getRegistration answers GET /api/user/registration/{userId}/{applicationId}.
func (s *Server) getRegistration(w http.ResponseWriter, r *http.Request, sc scope) error {
	return s.replyRegistration(w, r, sc, r.PathValue("applicationId"))
}

// putRegistration answers PUT and PATCH. The application stands in the path or in the body.
func (s *Server) putRegistration(w http.ResponseWriter, r *http.Request, sc scope) error {
	body, err := fusion.ReadBody(w, r)
	if err != nil {
		return err
	}
	req, err := readRegistration(r, body)
	if err != nil {
		return err
	}
	id := cmp.Or(r.PathValue("applicationId"), req.Registration.ApplicationID)
	if id == "" {
		return fusion.Invalid("registration.applicationId", "blank", "Say for which application.")
	}
	old, err := registrationOf(r.Context(), s.db, sc, r.PathValue("userId"), id)
	if err != nil {
		return err
	}
	change := func([]string) ([]string, error) { return req.Registration.Roles, nil }
	if r.Method == http.MethodPatch {
		change = func(roles []string) ([]string, error) {
			old.Roles = roles
			return patchedRoles(fusion.MediaType(r), body, old)
		}
	}
	if err := s.changeRoles(r.Context(), fusion.Caller(r), strings.ToLower(r.PathValue("userId")), old, change); err != nil {
		return err
	}
	return s.replyRegistration(w, r, sc, id)
}

func (s *Server) replyRegistration(w http.ResponseWriter, r *http.Request, sc scope, applicationID string) error {
	reg, err := registrationOf(r.Context(), s.db, sc, r.PathValue("userId"), applicationID)
	if err != nil {
		return err
	}
	return fusion.Reply(w, http.StatusOK, registrationResponse{Registration: reg})
}

// readRegistration reads a body that may be a JSON Patch, which names no application.
func readRegistration(r *http.Request, body []byte) (req registrationRequest, err error) {
	switch t, patch := fusion.MediaType(r), r.Method == http.MethodPatch; {
	case t == "" || t == jsonpatch.Plain || t == jsonpatch.Merge && patch:
		return req, fusion.DecodeJSON(body, &req)
	case t == jsonpatch.Patch && patch:
		return req, nil
	}
	return req, fusion.ErrMediaType
}

func patchedRoles(mediaType string, patch []byte, reg registrationJSON) ([]string, error) {
	text, err := jsonpatch.Apply(mediaType, patch, "registration", reg)
	if err != nil {
		return nil, err
	}
	var req registrationRequest
	if err := fusion.DecodeJSON(text, &req); err != nil {
		return nil, err
	}
	return req.Registration.Roles, nil
}

// changeRoles replaces the roles of a registration by what change makes of them. Gone meanwhile:
// ErrNotFound.
func (s *Server) changeRoles(ctx context.Context, caller, userID string, reg registrationJSON, change func(roles []string) ([]string, error)) error {
	now := database.Millis(s.now())
	return s.outbox.Write(ctx, caller, func(tx *outbox.Tx) error {
		known, err := lockRoles(tx.Tx, reg.ApplicationID) // before the registration: in the order in which roles are changed
		if err != nil {
			return err
		}
		// Lock the registration's row: it serializes changes of the roles.
		var text []byte
		err = tx.QueryRow(`UPDATE registrations SET last_update_instant = $1 WHERE id = $2 RETURNING roles`, now, reg.ID).Scan(&text)
		if err != nil {
			return database.NotFoundIfNone(err)
		}
		var old []string
		if err := json.Unmarshal(text, &old); err != nil {
			return fmt.Errorf("read roles of registration: %w", err)
		}
		wanted, err := change(old)
		if err != nil {
			return err
		}
		list, err := known.admit(withoutRepeats(wanted), old)
		if err != nil {
			return err
		}
		if err := database.Changed(tx.Exec(`UPDATE registrations SET roles = $1 WHERE id = $2`, list, reg.ID)); err != nil {
			return err
		}
		return raiseRegistration(ctx, tx, "user.registration.update", userID, reg.ApplicationID)
	})
}

// withoutRepeats keeps the first of each.
func withoutRepeats(list []string) []string {
	seen := make(map[string]bool)
	var out []string
	for _, v := range list {
		if !seen[v] {
			seen[v] = true
			out = append(out, v)
		}
	}
	return out
}

// deleteRegistration answers DELETE /api/user/registration/{userId}[/{applicationId}].
func (s *Server) deleteRegistration(w http.ResponseWriter, r *http.Request, sc scope) error {
	id := r.PathValue("applicationId")
	if id == "" {
		form, err := fusion.Parameters(w, r)
		if err != nil {
			return err
		}
		id = form.Get("applicationId")
	}
	if _, err := registrationOf(r.Context(), s.db, sc, r.PathValue("userId"), id); err != nil {
		return err
	}
	userID, applicationID := strings.ToLower(r.PathValue("userId")), strings.ToLower(id)
	return s.outbox.Write(r.Context(), fusion.Caller(r), func(tx *outbox.Tx) error {
		return unregister(r.Context(), tx, userID, applicationID)
	})
}
