package idp

import (
	"database/sql"
	"errors"
	"net/http"

	"github.com/latchkey-dev/latchkey/idp/internal/database"
	"github.com/latchkey-dev/latchkey/idp/internal/fusion"
)

type roleBody struct {
	Role role `json:"role"`
}

// writeRole answers POST /api/application/{applicationId}/role[/{roleId}], and PUT and PATCH of one that there is.
func (s *Server) writeRole(w http.ResponseWriter, r *http.Request, sc scope) {
	made, err := s.writtenRole(w, r, sc)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	fusion.Reply(w, http.StatusOK, roleBody{made})
}

func (s *Server) writtenRole(w http.ResponseWriter, r *http.Request, sc scope) (none role, err error) {
	a, err := applicationInScope(s.db, r, sc)
	var change change
	if err == nil {
		change, err = readChange(w, r, "role")
	}
	if err != nil {
		return none, err
	}
	for {
		made, err := s.changedRole(r, a.ID, change)
		if !errors.Is(err, errOvertaken) {
			return made, err
		}
	}
}

// changedRole makes a role, or changes it as it is just now, or answers errOvertaken.
func (s *Server) changedRole(r *http.Request, applicationID string, change change) (none role, err error) {
	var old role
	if r.Method != http.MethodPost {
		if old, err = roleOfPath(s.db, r, applicationID); err != nil {
			return none, err
		}
	}
	var body roleBody
	if err := change(old, &body); err != nil {
		return none, err
	}
	if id := r.PathValue("roleId"); id != "" {
		body.Role.ID = id
	}
	made, err := body.Role.checked("role")
	if err != nil {
		return none, err
	}
	made.InsertInstant, made.LastUpdateInstant = old.InsertInstant, max(database.Millis(s.now()), old.LastUpdateInstant+1)
	if old.ID == "" {
		made.InsertInstant = made.LastUpdateInstant
	}
	return made, s.db.Write(r.Context(), func(tx *sql.Tx) error {
		if old.ID == "" {
			return insertRole(tx, applicationID, "role", made, made.LastUpdateInstant)
		}
		return updateRole(tx, applicationID, old, made, made.LastUpdateInstant)
	})
}

// roleOfPath returns the role that the path names, or, for a DELETE, the query.
func roleOfPath(q database.Queries, r *http.Request, applicationID string) (role, error) {
	id, err := fusion.ParseID("roleId", r.PathValue("roleId"))
	if err != nil {
		return role{}, err
	}
	name := r.URL.Query().Get("name")
	if id == "" && name == "" {
		return role{}, fusion.Invalid("name", "blank", "Say which role.")
	}
	all, err := readRoles(r.Context(), q, applicationID)
	for _, one := range all {
		if one.ID == id || id == "" && one.Name == name {
			return one, nil
		}
	}
	if err == nil {
		err = ErrNotFound
	}
	return role{}, err
}

// deleteRoleOf deletes the role as it is called just now.
func (s *Server) deleteRoleOf(r *http.Request, applicationID string) error {
	for {
		old, err := roleOfPath(s.db, r, applicationID)
		if err == nil {
			now := database.Millis(s.now())
			err = s.db.Write(r.Context(), func(tx *sql.Tx) error { return deleteRole(tx, applicationID, old, now) })
		}
		if !errors.Is(err, errOvertaken) {
			return err
		}
	}
}

// removeRole answers DELETE /api/application/{applicationId}/role/{roleId}, and DELETE /api/application/{applicationId}/role?name=….
func (s *Server) removeRole(w http.ResponseWriter, r *http.Request, sc scope) {
	a, err := applicationInScope(s.db, r, sc)
	if err == nil {
		err = s.deleteRoleOf(r, a.ID)
	}
	if err != nil {
		s.fail(w, r, err)
	}
}
