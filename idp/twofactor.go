package idp

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/base32"
	"encoding/base64"
	"errors"
	"net/http"
	"strings"

	"github.com/google/uuid"

	"github.com/latchkey-dev/latchkey/idp/internal/database"
	"github.com/latchkey-dev/latchkey/idp/internal/fusion"
	"github.com/latchkey-dev/latchkey/idp/internal/outbox"
	"github.com/latchkey-dev/latchkey/idp/internal/totp"
)

// methodAuthenticator is the one second factor that there is, and a user has at
// most one of them.
const methodAuthenticator = "authenticator"

const recoveryCodeCount = 10

// statusWrongCode is FusionAuth's: 421.
const statusWrongCode = http.StatusMisdirectedRequest

// errWrongCode is a code that is wrong, was used, or is one guess too many.
var errWrongCode = errors.New("idp: wrong code")

type twoFactorJSON struct {
	Methods []twoFactorMethod `json:"methods"`
}

type twoFactorMethod struct {
	ID     string `json:"id"`
	Method string `json:"method"`
}

func (u *User) twoFactorMethods() []twoFactorMethod {
	if u.authenticatorID == "" {
		return []twoFactorMethod{}
	}
	return []twoFactorMethod{{u.authenticatorID, methodAuthenticator}}
}

// authenticatorEncoding is how authenticators take a secret.
var authenticatorEncoding = base32.StdEncoding.WithPadding(base32.NoPadding)

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

func (s *Server) setAuthenticator(ctx context.Context, caller string, u User, secret []byte, code string) (codes []string, err error) {
	step, ok := totp.Match(secret, code, s.now(), 0)
	if !ok {
		return nil, errWrongCode
	}
	id := uuid.NewString()
	err = s.outbox.Write(ctx, caller, func(tx *outbox.Tx) error {
		err := database.Changed(tx.Exec(`UPDATE users SET authenticator_id = $1, authenticator_secret = $2, authenticator_step = $3, last_update_instant = $4
			WHERE id = $5 AND authenticator_id = ''`, id, s.secrets.sealed(id, secret), step, database.Millis(s.now()), u.ID))
		if errors.Is(err, ErrNotFound) {
			return fusion.Invalid("method", "duplicate", "The user has an authenticator already: disable it first.")
		}
		if err != nil {
			return err
		}
		if codes, err = newRecoveryCodes(tx.Tx, s.secrets, u.ID); err != nil {
			return err
		}
		if err := revokeForFactor(ctx, tx, u); err != nil {
			return err
		}
		return raiseFactor(ctx, tx, "user.two-factor.method.add", u.ID, id)
	})
	return codes, err
}

// revokeForFactor revokes what was granted without the second factor, if the tenant says so.
func revokeForFactor(ctx context.Context, tx *outbox.Tx, u User) error {
	var wanted bool
	err := tx.QueryRow(`SELECT revoke_on_multi_factor FROM tenants WHERE id = $1`, u.TenantID).Scan(&wanted)
	if err != nil || !wanted {
		return err
	}
	_, err = revokeTokens(ctx, tx, revocation{userID: u.ID})
	return err
}

// newRecoveryCodes replaces a user's recovery codes. Only digests are kept.
func newRecoveryCodes(tx *sql.Tx, keys *secrets, userID string) ([]string, error) {
	if _, err := tx.Exec(`DELETE FROM recovery_codes WHERE user_id = $1`, userID); err != nil {
		return nil, err
	}
	var codes []string
	for range recoveryCodeCount {
		text := rand.Text()[:10] // 50 bits, and guesses are bounded
		if _, err := tx.Exec(`INSERT INTO recovery_codes (user_id, digest) VALUES ($1, $2)`, userID, keys.recoveryCodeDigest(userID, text)); err != nil {
			return nil, err
		}
		codes = append(codes, text[:5]+"-"+text[5:])
	}
	return codes, nil
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

// DisableTwoFactor removes a second factor that its user has lost. Unknown user:
// ErrNotFound.
func (s *Server) DisableTwoFactor(ctx context.Context, userID string) error {
	userID = strings.ToLower(userID)
	return s.outbox.Write(ctx, "", func(tx *outbox.Tx) error { return removeAuthenticator(ctx, tx, userID) })
}

func removeAuthenticator(ctx context.Context, tx *outbox.Tx, userID string) error {
	var id string // of the authenticator
	if err := tx.QueryRow(`SELECT authenticator_id FROM users WHERE id = $1`, userID).Scan(&id); err != nil {
		return database.NotFoundIfNone(err)
	}
	err := database.Changed(tx.Exec(`UPDATE users SET authenticator_id = '', authenticator_secret = NULL, authenticator_step = 0,
		last_update_instant = $1 WHERE id = $2`, database.Millis(tx.Now), userID))
	if err != nil {
		return err
	}
	if _, err := tx.Exec(`DELETE FROM recovery_codes WHERE user_id = $1`, userID); err != nil || id == "" {
		return err
	}
	return raiseFactor(ctx, tx, "user.two-factor.method.remove", userID, id)
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
