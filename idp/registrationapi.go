package idp

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"

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

// registrationResponse has a user and tokens where the call made the user.
type registrationResponse struct {
	Registration           registrationJSON `json:"registration"`
	User                   *userJSON        `json:"user,omitempty"`
	Token                  string           `json:"token,omitempty"`
	TokenExpirationInstant int64            `json:"tokenExpirationInstant,omitzero"`
}

// register answers POST /api/user/registration[/{userId}]: for a user that exists, or, where the body has one, with a new user in one step. Some clients always
// send a user; one that says nothing of who it is counts as none.
func (s *Server) register(w http.ResponseWriter, r *http.Request, sc scope) {
	var req registrationRequest
	if err := fusion.Decode(w, r, &req); err != nil {
		s.fail(w, r, err)
		return
	}
	var answer registrationResponse
	var err error
	if u := req.User; u.Email != "" || u.Username != "" || u.Password != "" {
		answer, err = s.registerNew(r.Context(), sc, req, r.PathValue("userId"))
	} else {
		answer.Registration, err = s.registerOld(r.Context(), sc, req.Registration, r.PathValue("userId"))
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	fusion.Reply(w, http.StatusOK, answer)
}

func (s *Server) registerNew(ctx context.Context, sc scope, req registrationRequest, pathID string) (answer registrationResponse, err error) {
	app, err := registrationTarget(ctx, s.db, sc, req.Registration)
	if err != nil {
		return answer, err
	}
	if req.User.TenantID == "" {
		req.User.TenantID = app.TenantID
	}
	n, err := s.newUser(ctx, sc, req.userRequest, pathID)
	if err != nil {
		return answer, err
	}
	if n.TenantID != app.TenantID {
		return answer, fusion.Invalid("registration.applicationId", "invalid", "The application is of another tenant.")
	}
	u, err := s.CreateUser(ctx, n)
	if err != nil {
		return answer, err
	}
	if err := s.insertRegistration(ctx, u.ID, app.ID, req.Registration); err != nil {
		return answer, errors.Join(err, s.DeleteUser(context.WithoutCancel(ctx), u.ID)) // both or neither
	}
	if u, err = s.UserByID(ctx, u.ID); err != nil {
		return answer, err
	}
	if err := s.askToVerify(ctx, &u, app); err != nil {
		return answer, err
	}
	made, err := s.introduced(ctx, &u, app, "REGISTRATION")
	answer.User, answer.Token, answer.TokenExpirationInstant = &made.User, made.Token, made.TokenExpirationInstant
	answer.Registration = u.registration(app.ID).json()
	return answer, err
}

func (s *Server) registerOld(ctx context.Context, sc scope, reg registrationWrite, userID string) (registrationJSON, error) {
	u, err := userInScope(ctx, s.db, sc, userID)
	if err != nil {
		return registrationJSON{}, err
	}
	app, err := registrationTarget(ctx, s.db, sc, reg)
	if err != nil {
		return registrationJSON{}, err
	}
	if u.registration(app.ID) != nil {
		return registrationJSON{}, fusion.Invalid("registration", "duplicate", "The user is registered already.")
	}
	if u.TenantID != app.TenantID {
		return registrationJSON{}, fusion.Invalid("registration.applicationId", "invalid", "The application is of another tenant.")
	}
	if err := s.insertRegistration(ctx, u.ID, app.ID, reg); err != nil {
		return registrationJSON{}, err
	}
	return registrationOf(ctx, s.db, sc, u.ID, app.ID)
}

func registrationTarget(ctx context.Context, q database.Queries, sc scope, reg registrationWrite) (application, error) {
	id, err := fusion.ParseID("registration.applicationId", reg.ApplicationID)
	if err != nil {
		return application{}, err
	}
	if id == "" {
		return application{}, fusion.Invalid("registration.applicationId", "blank", "Say for which application.")
	}
	app, err := readApplication(ctx, q, id)
	if errors.Is(err, ErrNotFound) || err == nil && (!app.active || !sc.covers(app.TenantID)) {
		return application{}, fusion.Invalid("registration.applicationId", "invalid", "There is no such application.")
	}
	return app, err
}

func (s *Server) insertRegistration(ctx context.Context, userID, applicationID string, reg registrationWrite) error {
	id, err := fusion.ParseID("registration.id", reg.ID)
	if err != nil {
		return err
	}
	if id == "" {
		id = uuid.NewString()
	}
	now := database.Millis(s.now())
	return s.outbox.Write(ctx, func(tx *outbox.Tx) error {
		var taken bool
		if err := tx.QueryRow(`SELECT EXISTS (SELECT 1 FROM registrations WHERE id = $1 OR user_id = $2 AND application_id = $3)`, id, userID, applicationID).Scan(&taken); err != nil {
			return err
		}
		if taken {
			return fusion.Invalid("registration", "duplicate", "The user is registered already, or the id is taken.")
		}
		roles, err := admittedRoles(tx.Tx, applicationID, reg.Roles, nil, true)
		if err != nil {
			return err
		}
		_, err = tx.Exec(`INSERT INTO registrations (id, user_id, application_id, roles, insert_instant, last_update_instant, last_login_instant) VALUES ($1, $2, $3, $4, $5, $5, 0)`,
			id, userID, applicationID, roles, now)
		if err != nil {
			return err
		}
		return s.raiseRegistration(ctx, tx, "user.registration.create", userID, applicationID)
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

func (s *Server) replyRegistration(w http.ResponseWriter, r *http.Request, reg registrationJSON, err error) {
	if err != nil {
		s.fail(w, r, err)
		return
	}
	fusion.Reply(w, http.StatusOK, registrationResponse{Registration: reg})
}

// getRegistration answers GET /api/user/registration/{userId}/{applicationId}.
func (s *Server) getRegistration(w http.ResponseWriter, r *http.Request, sc scope) {
	reg, err := registrationOf(r.Context(), s.db, sc, r.PathValue("userId"), r.PathValue("applicationId"))
	s.replyRegistration(w, r, reg, err)
}

// putRegistration answers PUT and PATCH. The application stands in the path or in the body.
func (s *Server) putRegistration(w http.ResponseWriter, r *http.Request, sc scope) {
	reg, err := s.changeRegistration(w, r, sc)
	s.replyRegistration(w, r, reg, err)
}

func (s *Server) changeRegistration(w http.ResponseWriter, r *http.Request, sc scope) (none registrationJSON, err error) {
	body, err := fusion.ReadBody(w, r)
	if err != nil {
		return none, err
	}
	var req registrationRequest
	switch t := fusion.MediaType(r); {
	case t == "" || t == jsonpatch.Plain || t == jsonpatch.Merge && r.Method == http.MethodPatch:
		err = fusion.DecodeJSON(body, &req)
	case t != jsonpatch.Patch || r.Method != http.MethodPatch:
		err = fusion.ErrMediaType
	}
	if err != nil {
		return none, err
	}
	id := r.PathValue("applicationId")
	if id == "" {
		id = req.Registration.ApplicationID
	}
	if id == "" {
		return none, fusion.Invalid("registration.applicationId", "blank", "Say for which application.")
	}
	old, err := registrationOf(r.Context(), s.db, sc, r.PathValue("userId"), id)
	if err != nil {
		return none, err
	}
	change := func([]string) ([]string, error) { return req.Registration.Roles, nil }
	if r.Method == http.MethodPatch {
		change = func(was []string) ([]string, error) {
			old.Roles = was
			text, err := jsonpatch.Apply(fusion.MediaType(r), body, "registration", old)
			var req registrationRequest
			if err == nil {
				err = fusion.DecodeJSON(text, &req)
			}
			return req.Registration.Roles, err
		}
	}
	if err := s.changeRoles(r.Context(), strings.ToLower(r.PathValue("userId")), old, change); err != nil {
		return none, err
	}
	return registrationOf(r.Context(), s.db, sc, r.PathValue("userId"), id)
}

// changeRoles makes other roles of those that a registration has. Gone meanwhile: ErrNotFound.
func (s *Server) changeRoles(ctx context.Context, userID string, reg registrationJSON, change func(was []string) ([]string, error)) error {
	now := database.Millis(s.now())
	return s.outbox.Write(ctx, func(tx *outbox.Tx) error {
		known, err := lockRoles(tx.Tx, reg.ApplicationID) // before the registration, as those do who change roles
		if err != nil {
			return err
		}
		// The row is the lock that everybody waits for who changes it.
		var text []byte
		err = tx.QueryRow(`UPDATE registrations SET last_update_instant = $1 WHERE id = $2 RETURNING roles`, now, reg.ID).Scan(&text)
		if errors.Is(err, sql.ErrNoRows) {
			return ErrNotFound
		}
		if err != nil {
			return err
		}
		var has []string
		if err := json.Unmarshal(text, &has); err != nil {
			return fmt.Errorf("read roles of registration: %w", err)
		}
		wanted, err := change(has)
		if err != nil {
			return err
		}
		list, err := known.admit(withoutRepeats(wanted), has, false)
		if err != nil {
			return err
		}
		if err := database.Changed(tx.Exec(`UPDATE registrations SET roles = $1 WHERE id = $2`, list, reg.ID)); err != nil {
			return err
		}
		return s.raiseRegistration(ctx, tx, "user.registration.update", userID, reg.ApplicationID)
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
func (s *Server) deleteRegistration(w http.ResponseWriter, r *http.Request, sc scope) {
	id := r.PathValue("applicationId")
	if id == "" {
		form, err := fusion.Parameters(w, r)
		if err != nil {
			s.fail(w, r, err)
			return
		}
		id = form.Get("applicationId")
	}
	_, err := registrationOf(r.Context(), s.db, sc, r.PathValue("userId"), id)
	if err == nil {
		err = s.Unregister(r.Context(), r.PathValue("userId"), id)
	}
	if err != nil {
		s.fail(w, r, err)
	}
}
