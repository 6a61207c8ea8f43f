package idp

import (
	"context"
	"database/sql"
	"encoding/base64"
	stdjson "encoding/json" // go-webauthn's types say how they are written by it
	"errors"
	"fmt"
	"net/http"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/protocol/webauthncose"
	"github.com/go-webauthn/webauthn/webauthn"
	"github.com/google/uuid"

	"github.com/latchkey-dev/latchkey/idp/internal/database"
	"github.com/latchkey-dev/latchkey/idp/internal/fusion"
)

// signed is what a browser answers, and for which page it did so. The caller
// has an API key and is believed about the page.
type signed struct {
	Origin     string         `json:"origin"`
	RPID       string         `json:"rpId"`
	Credential jsontext.Value `json:"credential"`
}

// errPasskey says nothing about what was wrong: the log does.
var errPasskey = fusion.Invalid("credential", "invalid", "The credential is not what the options asked for.")

// checker returns what checks a ceremony at the page, and the ceremony.
func (a signed) checker(challenge string, u *User) (*webauthn.WebAuthn, webauthn.SessionData, error) {
	checks, err := webauthn.New(&webauthn.Config{RPID: a.RPID, RPDisplayName: "latchkey", RPOrigins: []string{a.Origin}})
	if err != nil || hasNUL(a.RPID) {
		return nil, webauthn.SessionData{}, fusion.Invalid("origin", "invalid", "The origin or the rpId is not one.")
	}
	return checks, webauthn.SessionData{
		Challenge: challenge, RelyingPartyID: a.RPID, UserID: u.handle(), UserVerification: protocol.VerificationRequired,
		CredParams: webauthn.CredentialParametersRecommendedL3(),
	}, nil
}

// keyHolder is a user as go-webauthn sees one.
type keyHolder struct {
	*User
	keys []webauthn.Credential
}

func (h keyHolder) WebAuthnID() []byte                         { return h.handle() }
func (h keyHolder) WebAuthnName() string                       { return h.loginName() }
func (h keyHolder) WebAuthnDisplayName() string                { return h.loginName() }
func (h keyHolder) WebAuthnCredentials() []webauthn.Credential { return h.keys }

// completePasskey answers POST /api/webauthn/register/complete.
func (s *Server) completePasskey(w http.ResponseWriter, r *http.Request, sc scope) error {
	var req struct {
		UserID string `json:"userId"`
		signed
	}
	if err := fusion.Decode(w, r, &req); err != nil {
		return err
	}
	u, err := userInScope(r.Context(), s.db, sc, req.UserID)
	if err != nil {
		return err
	}
	added, err := s.addPasskey(r.Context(), u, req.signed)
	if err != nil {
		return err
	}
	s.log.InfoContext(r.Context(), "passkey registered", "user", u.ID)
	return fusion.Reply(w, http.StatusOK, passkeyBody{added})
}

func (s *Server) addPasskey(ctx context.Context, u User, a signed) (none passkey, err error) {
	parsed, err := protocol.ParseCredentialCreationResponseBytes(a.Credential)
	if err != nil {
		return none, errPasskey
	}
	text := parsed.Response.CollectedClientData.Challenge
	c, err := s.takeChallenge(ctx, toRegister, text)
	if err != nil {
		return none, err
	}
	if c.userID != u.ID {
		return none, errPasskey
	}
	checks, ceremony, err := a.checker(text, &u)
	if err != nil {
		return none, err
	}
	credential, err := checks.CreateCredential(keyHolder{User: &u}, ceremony, parsed)
	if err == nil { // the library looks at the key itself at a login only
		_, err = webauthncose.ParsePublicKey(credential.PublicKey)
	}
	if err != nil {
		s.log.InfoContext(ctx, "passkey refused", "user", u.ID, "error", err)
		return none, errPasskey
	}
	encoded, err := stdjson.Marshal(credential)
	if err != nil {
		return none, fmt.Errorf("write passkey: %w", err)
	}
	id := uuid.NewString()
	err = s.db.Write(ctx, func(tx *sql.Tx) error {
		err := database.Changed(tx.Exec(`INSERT INTO passkeys (id, tenant_id, user_id, credential_id, credential, relying_party_id, display_name, user_agent, insert_instant, last_use_instant)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0) ON CONFLICT (credential_id) DO NOTHING`,
			id, u.TenantID, u.ID, base64.RawURLEncoding.EncodeToString(credential.ID), string(encoded), a.RPID, c.displayName, c.userAgent, database.Millis(s.now())))
		if errors.Is(err, ErrNotFound) {
			return fusion.Invalid("credential", "duplicate", "This passkey is registered already.")
		}
		return err
	})
	if err != nil {
		return none, err
	}
	made, err := readPasskeys(ctx, s.db, "id = $1", id)
	if err != nil || len(made) == 0 {
		return none, err
	}
	return made[0], nil
}

// passkeyLogin answers POST /api/webauthn/login. The device has verified its user, so no code is asked
// for.
func (s *Server) passkeyLogin(w http.ResponseWriter, r *http.Request, sc scope) error {
	var req struct {
		signed
		loginRequest
	}
	if err := fusion.Decode(w, r, &req); err != nil {
		return err
	}
	u, app, err := s.userOfPasskey(r.Context(), sc, req.signed, req.ApplicationID)
	if err != nil {
		return err
	}
	req.MetaData.Device.address = fusion.Caller(r, req.IPAddress, req.EventInfo.IPAddress)
	req.ApplicationID, req.passed = app.ID, true
	return s.finishLogin(w, r, u, app, &req.loginRequest)
}

func (s *Server) userOfPasskey(ctx context.Context, sc scope, a signed, applicationID string) (u User, app application, err error) {
	parsed, err := protocol.ParseCredentialRequestResponseBytes(a.Credential)
	if err != nil {
		return u, app, errPasskey
	}
	text := parsed.Response.CollectedClientData.Challenge
	c, err := s.takeChallenge(ctx, toLogIn, text)
	if err != nil {
		return u, app, err
	}
	if u, err = userInScope(ctx, s.db, sc, c.userID); err != nil {
		return u, app, err
	}
	if applicationID == "" {
		applicationID = c.applicationID
	}
	if app, err = optionalApplication(ctx, s.db, scope(u.TenantID), applicationID); err != nil {
		return u, app, err
	}
	return u, app, s.checkPasskey(ctx, &u, a, text, parsed)
}

func (s *Server) checkPasskey(ctx context.Context, u *User, a signed, challenge string, parsed *protocol.ParsedCredentialAssertionData) error {
	checks, ceremony, err := a.checker(challenge, u)
	if err != nil {
		return err
	}
	keys, err := readPasskeys(ctx, s.db, "user_id = $1 AND relying_party_id = $2", u.ID, a.RPID)
	if err != nil {
		return err
	}
	holder := keyHolder{User: u}
	for _, k := range keys {
		holder.keys = append(holder.keys, k.credential)
	}
	used, err := checks.ValidateLogin(holder, ceremony, parsed)
	if err != nil || used.Authenticator.CloneWarning {
		s.log.WarnContext(ctx, "passkey refused", "user", u.ID, "error", err, "cloned", err == nil)
		return errPasskey
	}
	encoded, err := stdjson.Marshal(used)
	if err != nil {
		return fmt.Errorf("write passkey: %w", err)
	}
	return s.db.Write(ctx, func(tx *sql.Tx) error {
		return database.Changed(tx.Exec(`UPDATE passkeys SET credential = $1, last_use_instant = $2 WHERE credential_id = $3`,
			string(encoded), database.Millis(s.now()), base64.RawURLEncoding.EncodeToString(used.ID)))
	})
}
