package idp

import (
	"database/sql"
	"encoding/base64"
	"net/http"
	"strings"

	"github.com/latchkey-dev/latchkey/idp/internal/database"
	"github.com/latchkey-dev/latchkey/idp/internal/fusion"
	"github.com/latchkey-dev/latchkey/idp/internal/outbox"
	"github.com/latchkey-dev/latchkey/idp/internal/totp"
)

// newSecret answers GET /api/two-factor/secret. The secret is not stored.
func (s *Server) newSecret(w http.ResponseWriter, _ *http.Request, _ scope) error {
	secret := totp.NewSecret()
	return fusion.Reply(w, http.StatusOK, struct {
		Secret       string `json:"secret"`
		SecretBase32 string `json:"secretBase32Encoded"`
	}{base64.StdEncoding.EncodeToString(secret), authenticatorEncoding.EncodeToString(secret)})
}

type enableRequest struct {
	Code         string `json:"code"`
	Method       string `json:"method"`
	Secret       string `json:"secret"`
	SecretBase32 string `json:"secretBase32Encoded"`
}

func (r enableRequest) secret() ([]byte, error) {
	if r.Method != methodAuthenticator {
		return nil, fusion.Invalid("method", "invalid", "The one method is authenticator.")
	}
	secret, err := base64.StdEncoding.DecodeString(r.Secret)
	if r.SecretBase32 != "" {
		secret, err = authenticatorEncoding.DecodeString(strings.TrimRight(strings.ToUpper(r.SecretBase32), "="))
	}
	if err != nil || !totp.Usable(secret) {
		return nil, fusion.Invalid("secret", "invalid", "A secret has 16 to 64 bytes, in base 64 (secret) or base 32 (secretBase32Encoded).")
	}
	return secret, nil
}

type recoveryCodes struct {
	RecoveryCodes []string `json:"recoveryCodes"`
}

// enableTwoFactor answers POST /api/user/two-factor/{userId}: the authenticator shows a code, and
// so it has the secret.
func (s *Server) enableTwoFactor(w http.ResponseWriter, r *http.Request, sc scope) error {
	u, err := userInScope(r.Context(), s.db, sc, r.PathValue("userId"))
	if err != nil {
		return err
	}
	var req enableRequest
	if err := fusion.Decode(w, r, &req); err != nil {
		return err
	}
	secret, err := req.secret()
	if err != nil {
		return err
	}
	codes, err := s.setAuthenticator(r.Context(), fusion.Caller(r), u, secret, req.Code)
	if err != nil {
		return err
	}
	s.log.InfoContext(r.Context(), "second factor enabled", "user", u.ID)
	return fusion.Reply(w, http.StatusOK, recoveryCodes{codes})
}

// disableTwoFactor answers DELETE /api/user/two-factor/{userId} with methodId and code. A recovery
// code will do.
func (s *Server) disableTwoFactor(w http.ResponseWriter, r *http.Request, sc scope) error {
	u, err := userInScope(r.Context(), s.db, sc, r.PathValue("userId"))
	if err != nil {
		return err
	}
	form, err := fusion.Parameters(w, r)
	if err != nil {
		return err
	}
	if u.authenticatorID == "" || form.Get("methodId") != u.authenticatorID {
		return ErrNotFound
	}
	if err := s.codes.take(r.Context(), u, form.Get("code"), ""); err != nil {
		return err
	}
	err = s.outbox.Write(r.Context(), fusion.Caller(r), func(tx *outbox.Tx) error { return removeAuthenticator(r.Context(), tx, u.ID) })
	if err != nil {
		return err
	}
	s.log.InfoContext(r.Context(), "second factor disabled", "user", u.ID)
	return nil
}

// replaceRecoveryCodes answers POST /api/user/two-factor/recovery-code/{userId}.
func (s *Server) replaceRecoveryCodes(w http.ResponseWriter, r *http.Request, sc scope) error {
	u, err := userInScope(r.Context(), s.db, sc, r.PathValue("userId"))
	if err != nil {
		return err
	}
	if u.authenticatorID == "" {
		return ErrNotFound
	}
	var codes []string
	now := database.Millis(s.now())
	err = s.db.Write(r.Context(), func(tx *sql.Tx) error {
		// Lock the user's row: it serializes replacing and using codes.
		err := database.Changed(tx.Exec(`UPDATE users SET last_update_instant = $1 WHERE id = $2 AND authenticator_id = $3`, now, u.ID, u.authenticatorID))
		if err != nil {
			return err
		}
		codes, err = newRecoveryCodes(tx, s.secrets, u.ID)
		return err
	})
	if err != nil {
		return err
	}
	return fusion.Reply(w, http.StatusOK, recoveryCodes{codes})
}
