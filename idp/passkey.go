package idp

import (
	"context"
	"database/sql"
	"encoding/base64"
	"encoding/json" // go-webauthn's types say how they are read by it
	"errors"
	"fmt"
	"net/http"

	"github.com/go-webauthn/webauthn/webauthn"

	"github.com/latchkey-dev/latchkey/idp/internal/database"
	"github.com/latchkey-dev/latchkey/idp/internal/fusion"
)

// passkey is one that a user has registered.
type passkey struct {
	ID             string `json:"id"`
	CredentialID   string `json:"credentialId"`
	DisplayName    string `json:"displayName"`
	InsertInstant  int64  `json:"insertInstant"`
	LastUseInstant int64  `json:"lastUseInstant,omitzero"`
	RelyingPartyID string `json:"relyingPartyId"`
	SignCount      uint32 `json:"signCount"`
	TenantID       string `json:"tenantId"`
	UserAgent      string `json:"userAgent,omitempty"`
	UserID         string `json:"userId"`

	credential webauthn.Credential
}

const selectPasskey = `SELECT id, credential_id, display_name, insert_instant, last_use_instant, relying_party_id, tenant_id, user_agent, user_id, credential
	FROM passkeys WHERE `

// passkeysWhere returns those that a condition of ours selects, oldest first.
func readPasskeys(ctx context.Context, q database.Queries, where string, args ...any) ([]passkey, error) {
	rows, err := q.QueryContext(ctx, selectPasskey+where+` ORDER BY insert_instant, id`, args...)
	if err != nil {
		return nil, fmt.Errorf("read passkeys: %w", err)
	}
	defer rows.Close()
	all := []passkey{}
	for rows.Next() {
		var p passkey
		var credential []byte
		err := rows.Scan(&p.ID, &p.CredentialID, &p.DisplayName, &p.InsertInstant, &p.LastUseInstant, &p.RelyingPartyID, &p.TenantID, &p.UserAgent, &p.UserID, &credential)
		if err == nil {
			err = json.Unmarshal(credential, &p.credential)
		}
		if err != nil {
			return nil, fmt.Errorf("read passkey: %w", err)
		}
		p.SignCount = p.credential.Authenticator.SignCount
		all = append(all, p)
	}
	return all, rows.Err()
}

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

var errChallenge = fusion.Invalid("credential", "expired", "The challenge is not one of ours, has expired, or was used.")

// takeChallenge uses up a challenge that was given out, and returns what for.
func (s *Server) takeChallenge(ctx context.Context, purpose, challenge string) (c challenge, err error) {
	if raw, err := base64.RawURLEncoding.DecodeString(challenge); err != nil || len(raw) != challengeSize {
		return c, errChallenge // it may be text that a database does not take
	}
	err = s.db.Write(ctx, func(tx *sql.Tx) error {
		return tx.QueryRow(`DELETE FROM passkey_challenges WHERE challenge = $1 AND purpose = $2 AND expiry > $3
			RETURNING user_id, application_id, display_name, user_agent`, challenge, purpose, database.Millis(s.now())).
			Scan(&c.userID, &c.applicationID, &c.displayName, &c.userAgent)
	})
	if errors.Is(err, sql.ErrNoRows) {
		return c, errChallenge
	}
	if err != nil {
		return c, fmt.Errorf("read challenge: %w", err)
	}
	return c, nil
}
