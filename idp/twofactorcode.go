package idp

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/latchkey-dev/latchkey/idp/internal/database"
	"github.com/latchkey-dev/latchkey/idp/internal/totp"
)

// factorCodes checks the codes of second factors.
type factorCodes struct {
	db      database.DB
	secrets *secrets
	log     *slog.Logger
	now     func() time.Time
}

// codeVerdict is what a code of a second factor is worth.
type codeVerdict int

const (
	codeWrong codeVerdict = iota // or right, after too many guesses
	codeRight
	ticketSpent
)

// take uses up a code of the user's authenticator, or a recovery code: if two bring one code at
// once, one of them succeeds. Wrong codes are counted, and after too many even a right one is
// refused for a while. A right code uses up the ticket, if there is one; ErrNotFound: it was used
// before.
func (c factorCodes) take(ctx context.Context, u User, code string, t ticket) error {
	var verdict codeVerdict
	now := c.now()
	err := c.db.Write(ctx, func(tx *sql.Tx) (err error) {
		verdict, err = c.judge(tx, u, code, t, now)
		return err
	})
	if errors.Is(err, ErrNotFound) {
		return errWrongCode // the second factor was disabled meanwhile
	}
	if err != nil {
		return fmt.Errorf("use code: %w", err)
	}
	switch verdict {
	case codeRight:
		return nil
	case ticketSpent:
		return ErrNotFound
	}
	c.log.InfoContext(ctx, "wrong code", "user", u.ID)
	return errWrongCode
}

func (c factorCodes) judge(tx *sql.Tx, u User, code string, t ticket, now time.Time) (codeVerdict, error) {
	// Lock the user's row: it serializes replacing and using codes.
	err := database.Changed(tx.Exec(`UPDATE users SET authenticator_step = authenticator_step WHERE id = $1 AND authenticator_id = $2`, u.ID, u.authenticatorID))
	if err != nil {
		return codeWrong, err
	}
	if t != "" {
		if used, err := ticketUsed(tx, t); err != nil || used {
			return ticketSpent, err
		}
	}
	subject := "code " + u.ID
	if locked, err := lockedOut(tx, subject, now); err != nil || locked {
		return codeWrong, err
	}
	right, err := c.use(tx, u, code, now)
	if err != nil {
		return codeWrong, err
	}
	if !right {
		return codeWrong, countFailure(tx, subject, codeLockout, now)
	}
	if t != "" {
		if err := useTicket(tx, t, now, secondFactorTTL); err != nil {
			return codeWrong, err
		}
	}
	return codeRight, forgetFailures(tx, subject)
}

// use reports whether a code is right, and invalidates it.
func (c factorCodes) use(tx *sql.Tx, u User, code string, now time.Time) (bool, error) {
	var sealed []byte
	var last int64
	if err := tx.QueryRow(`SELECT authenticator_secret, authenticator_step FROM users WHERE id = $1`, u.ID).Scan(&sealed, &last); err != nil {
		return false, err
	}
	secret, err := c.secrets.unsealed(u.authenticatorID, sealed)
	if err != nil {
		return false, fmt.Errorf("decrypt secret of authenticator: %w", err)
	}
	if step, ok := totp.Match(secret, code, now, last); ok {
		_, err := tx.Exec(`UPDATE users SET authenticator_step = $1 WHERE id = $2`, step, u.ID)
		return true, err
	}
	err = database.Changed(tx.Exec(`DELETE FROM recovery_codes WHERE user_id = $1 AND digest = $2`, u.ID, c.secrets.recoveryCodeDigest(u.ID, code)))
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}
