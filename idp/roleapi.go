package idp

import (
	"database/sql"
	"net/http"
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
	reply(w, http.StatusOK, roleBody{made})
}

func (s *Server) writtenRole(w http.ResponseWriter, r *http.Request, sc scope) (none role, err error) {
	a, err := s.applicationInScope(r, sc)
	if err != nil {
		return none, err
	}
	var old role
	if r.Method != http.MethodPost {
		if old, err = s.roleOfPath(r, a.ID); err != nil {
			return none, err
		}
	}
	var body roleBody
	if r.Method == http.MethodPatch {
		var text []byte
		if text, err = readPatch(w, r, "role", old); err == nil {
			err = decodeJSON(text, &body)
		}
	} else {
		err = decode(w, r, &body)
	}
	if err != nil {
		return none, err
	}
	if id := r.PathValue("roleId"); id != "" {
		body.Role.ID = id
	}
	made, err := body.Role.checked("role")
	if err != nil {
		return none, err
	}
	made.InsertInstant, made.LastUpdateInstant = old.InsertInstant, millis(s.now())
	if old.ID == "" {
		made.InsertInstant = made.LastUpdateInstant
	}
	return made, s.db.Write(r.Context(), func(tx *sql.Tx) error {
		if old.ID == "" {
			return insertRole(tx, a.ID, "role", made, made.LastUpdateInstant)
		}
		return updateRole(tx, a.ID, old, made, made.LastUpdateInstant)
	})
}

// roleOfPath returns the role that the path names, or, for a DELETE, the query.
func (s *Server) roleOfPath(r *http.Request, applicationID string) (role, error) {
	id, err := parseID("roleId", r.PathValue("roleId"))
	if err != nil {
		return role{}, err
	}
	name := r.URL.Query().Get("name")
	if id == "" && name == "" {
		return role{}, invalid("name", "blank", "Say which role.")
	}
	all, err := s.rolesOf(r.Context(), applicationID)
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

// removeRole answers DELETE /api/application/{applicationId}/role/{roleId}, and DELETE /api/application/{applicationId}/role?name=….
func (s *Server) removeRole(w http.ResponseWriter, r *http.Request, sc scope) {
	a, err := s.applicationInScope(r, sc)
	var old role
	if err == nil {
		old, err = s.roleOfPath(r, a.ID)
	}
	if err == nil {
		err = s.db.Write(r.Context(), func(tx *sql.Tx) error { return deleteRole(tx, a.ID, old, millis(s.now())) })
	}
	if err != nil {
		s.fail(w, r, err)
	}
}
