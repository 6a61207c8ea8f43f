package idp

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"net/http"

	"github.com/google/uuid"

	"github.com/latchkey-dev/latchkey/idp/internal/database"
	"github.com/latchkey-dev/latchkey/idp/internal/fusion"
	"github.com/latchkey-dev/latchkey/idp/internal/webauthn"
)

// errPasskey says nothing about what was wrong: the log does.
var errPasskey = fusion.Invalid("credential", "invalid", "The credential is not what the options asked for.")

// passkeyError says in a request's terms why an answer is refused. The caller has an API key and is
// believed about the page.
func passkeyError(err error) error {
	if errors.Is(err, webauthn.ErrRelyingParty) {
		return fusion.Invalid("origin", "invalid", "The origin or the rpId is not one.")
	}
	return errPasskey
}

// completePasskey answers POST /api/webauthn/register/complete.
func (s *Server) completePasskey(w http.ResponseWriter, r *http.Request, sc scope) error {
	var req struct {
		UserID string `json:"userId"`
		webauthn.Response
	}
	if err := fusion.Decode(w, r, &req); err != nil {
		return err
	}
	u, err := userInScope(r.Context(), s.db, sc, req.UserID)
	if err != nil {
		return err
	}
	added, err := s.addPasskey(r.Context(), u, req.Response)
	if err != nil {
		return err
	}
	s.log.InfoContext(r.Context(), "passkey registered", "user", u.ID)
	return fusion.Reply(w, http.StatusOK, passkeyBody{added})
}

func (s *Server) addPasskey(ctx context.Context, u User, answer webauthn.Response) (none passkey, err error) {
	registration, err := webauthn.ParseRegistration(answer)
	if err != nil {
		return none, errPasskey
	}
	c, err := s.challenges.take(ctx, toRegister, registration.Challenge)
	if err != nil {
		return none, err
	}
	if c.userID != u.ID {
		return none, errPasskey
	}
	credential, err := registration.Verify(u.authenticatorUser())
	if err != nil {
		s.log.InfoContext(ctx, "passkey refused", "user", u.ID, "error", err)
		return none, passkeyError(err)
	}
	encoded, err := credential.Encode()
	if err != nil {
		return none, err
	}
	id := uuid.NewString()
	err = s.db.Write(ctx, func(tx *sql.Tx) error {
		err := database.Changed(tx.Exec(`INSERT INTO passkeys (id, tenant_id, user_id, credential_id, credential, relying_party_id, display_name, user_agent, insert_instant, last_use_instant)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0) ON CONFLICT (credential_id) DO NOTHING`,
			id, u.TenantID, u.ID, credential.ID(), encoded, answer.RPID, c.displayName, c.userAgent, database.Millis(s.now())))
		if errors.Is(err, ErrNotFound) {
			return fusion.Invalid("credential", "duplicate", "This passkey is registered already.")
		}
		return err
	})
	if err != nil {
		return none, err
	}
	added, err := readPasskeys(ctx, s.db, "id = $1", id)
	if err != nil || len(added) == 0 {
		return none, err
	}
	return added[0], nil
}

// passkeyLogin answers POST /api/webauthn/login. The device has verified its user, so no code is
// asked for.
func (s *Server) passkeyLogin(w http.ResponseWriter, r *http.Request, sc scope) error {
	var req struct {
		webauthn.Response
		loginRequest
	}
	if err := fusion.Decode(w, r, &req); err != nil {
		return err
	}
	u, app, err := s.userOfPasskey(r.Context(), sc, req.Response, req.ApplicationID)
	if err != nil {
		return err
	}
	req.MetaData.Device.address = fusion.Caller(r, req.IPAddress, req.EventInfo.IPAddress)
	req.ApplicationID, req.passed = app.ID, true
	return s.finishLogin(w, r, u, app, &req.loginRequest)
}

func (s *Server) userOfPasskey(ctx context.Context, sc scope, answer webauthn.Response, applicationID string) (u User, app application, err error) {
	assertion, err := webauthn.ParseAssertion(answer)
	if err != nil {
		return u, app, errPasskey
	}
	c, err := s.challenges.take(ctx, toLogIn, assertion.Challenge)
	if err != nil {
		return u, app, err
	}
	if u, err = userInScope(ctx, s.db, sc, c.userID); err != nil {
		return u, app, err
	}
	if app, err = optionalApplication(ctx, s.db, scope(u.TenantID), cmp.Or(applicationID, c.applicationID)); err != nil {
		return u, app, err
	}
	return u, app, s.checkPasskey(ctx, &u, assertion)
}

func (s *Server) checkPasskey(ctx context.Context, u *User, assertion webauthn.Assertion) error {
	if err := assertion.CheckRelyingParty(); err != nil { // before a database is asked for its id
		return passkeyError(err)
	}
	registered, err := readPasskeys(ctx, s.db, "user_id = $1 AND relying_party_id = $2", u.ID, assertion.RPID)
	if err != nil {
		return err
	}
	var credentials []webauthn.Credential
	for _, p := range registered {
		credentials = append(credentials, p.credential)
	}
	used, err := assertion.Verify(u.authenticatorUser(), credentials)
	if err != nil {
		s.log.WarnContext(ctx, "passkey refused", "user", u.ID, "error", err, "cloned", errors.Is(err, webauthn.ErrCloned))
		return passkeyError(err)
	}
	encoded, err := used.Encode()
	if err != nil {
		return err
	}
	return s.db.Write(ctx, func(tx *sql.Tx) error {
		return database.Changed(tx.Exec(`UPDATE passkeys SET credential = $1, last_use_instant = $2 WHERE credential_id = $3`,
			encoded, database.Millis(s.now()), used.ID()))
	})
}
