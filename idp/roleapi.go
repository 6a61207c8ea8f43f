package idp

import (
	"cmp"
	"database/sql"
	"net/http"

	"github.com/latchkey-dev/latchkey/idp/internal/database"
	"github.com/latchkey-dev/latchkey/idp/internal/fusion"
)

type roleBody struct {
	Role role `json:"role"`
}

// writeRole answers POST /api/application/{applicationId}/role[/{roleId}], and PUT and PATCH of a
// role.
func (s *Server) writeRole(w http.ResponseWriter, r *http.Request, sc scope) error {
	a, err := applicationInScope(s.db, r, sc)
	if err != nil {
		return err
	}
	change, err := readChange(w, r, "role")
	if err != nil {
		return err
	}
	written, err := untilCurrent(func() (role, error) { return s.changedRole(r, a.ID, change) })
	if err != nil {
		return err
	}
	return fusion.Reply(w, http.StatusOK, roleBody{written})
}

// changedRole creates a role, or changes it as it is now, or returns errOvertaken.
func (s *Server) changedRole(r *http.Request, applicationID string, change change) (role, error) {
	var old role
	if r.Method != http.MethodPost {
		var err error
		if old, err = roleOfPath(s.db, r, applicationID); err != nil {
			return role{}, err
		}
	}
	var body roleBody
	if err := change(old, &body); err != nil {
		return role{}, err
	}
	body.Role.ID = cmp.Or(r.PathValue("roleId"), body.Role.ID)
	changed, err := body.Role.checked("role")
	if err != nil {
		return role{}, err
	}
	changed.InsertInstant, changed.LastUpdateInstant = old.InsertInstant, max(database.Millis(s.now()), old.LastUpdateInstant+1)
	if old.ID == "" {
		changed.InsertInstant = changed.LastUpdateInstant
	}
	return changed, s.db.Write(r.Context(), func(tx *sql.Tx) error {
		if old.ID == "" {
			return insertRole(tx, applicationID, "role", changed, changed.LastUpdateInstant)
		}
		return updateRole(tx, applicationID, old, changed, changed.LastUpdateInstant)
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
	if err != nil {
		return role{}, err
	}
	for _, one := range all {
		if one.ID == id || id == "" && one.Name == name {
			return one, nil
		}
	}
	return role{}, ErrNotFound
}

// removeRole answers DELETE /api/application/{applicationId}/role/{roleId}, and
// DELETE /api/application/{applicationId}/role?name=….
func (s *Server) removeRole(_ http.ResponseWriter, r *http.Request, sc scope) error {
	a, err := applicationInScope(s.db, r, sc)
	if err != nil {
		return err
	}
	_, err = untilCurrent(func() (role, error) {
		old, err := roleOfPath(s.db, r, a.ID)
		if err != nil {
			return role{}, err
		}
		now := database.Millis(s.now())
		return old, s.db.Write(r.Context(), func(tx *sql.Tx) error { return deleteRole(tx, a.ID, old, now) })
	})
	return err
}
