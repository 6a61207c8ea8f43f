package idp

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/base32"
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
