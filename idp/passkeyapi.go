package idp

import (
	"database/sql"
	"net/http"

	"github.com/latchkey-dev/latchkey/idp/internal/database"
	"github.com/latchkey-dev/latchkey/idp/internal/fusion"
)

// passkeyInScope returns the passkey that the path names.
func passkeyInScope(q database.Queries, r *http.Request, sc scope) (passkey, error) {
	id, err := fusion.ParseID("id", r.PathValue("id"))
	if err != nil {
		return passkey{}, err
	}
	found, err := readPasskeys(r.Context(), q, "id = $1", id)
	if err != nil {
		return passkey{}, err
	}
	if len(found) == 0 || !sc.covers(found[0].TenantID) {
		return passkey{}, ErrNotFound
	}
	return found[0], nil
}

type passkeyBody struct {
	Credential passkey `json:"credential"`
}

// getPasskey answers GET /api/webauthn/{id}.
func (s *Server) getPasskey(w http.ResponseWriter, r *http.Request, sc scope) error {
	p, err := passkeyInScope(s.db, r, sc)
	if err != nil {
		return err
	}
	return fusion.Reply(w, http.StatusOK, passkeyBody{p})
}

// deletePasskey answers DELETE /api/webauthn/{id}.
func (s *Server) deletePasskey(_ http.ResponseWriter, r *http.Request, sc scope) error {
	p, err := passkeyInScope(s.db, r, sc)
	if err != nil {
		return err
	}
	err = s.db.Write(r.Context(), func(tx *sql.Tx) error { return database.Changed(tx.Exec(`DELETE FROM passkeys WHERE id = $1`, p.ID)) })
	if err != nil {
		return err
	}
	s.log.InfoContext(r.Context(), "passkey deleted", "user", p.UserID)
	return nil
}

// listPasskeys answers GET /api/webauthn?userId=…: all of a user's.
func (s *Server) listPasskeys(w http.ResponseWriter, r *http.Request, sc scope) error {
	u, err := s.passkeyUser(w, r, sc)
	if err != nil {
		return err
	}
	found, err := readPasskeys(r.Context(), s.db, "user_id = $1", u.ID)
	if err != nil {
		return err
	}
	return fusion.Reply(w, http.StatusOK, struct {
		Credentials []passkey `json:"credentials"`
	}{found})
}

// deletePasskeys answers DELETE /api/webauthn?userId=….
func (s *Server) deletePasskeys(w http.ResponseWriter, r *http.Request, sc scope) error {
	u, err := s.passkeyUser(w, r, sc)
	if err != nil {
		return err
	}
	return s.db.Write(r.Context(), func(tx *sql.Tx) error {
		_, err := tx.Exec(`DELETE FROM passkeys WHERE user_id = $1`, u.ID)
		return err
	})
}

func (s *Server) passkeyUser(w http.ResponseWriter, r *http.Request, sc scope) (User, error) {
	form, err := fusion.Parameters(w, r)
	if err != nil {
		return User{}, err
	}
	if form.Get("userId") == "" {
		return User{}, fusion.Invalid("userId", "blank", "Say whose.")
	}
	return userInScope(r.Context(), s.db, sc, form.Get("userId"))
}
