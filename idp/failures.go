package idp

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/latchkey-dev/latchkey/idp/internal/database"
	"github.com/latchkey-dev/latchkey/internal/loginid"
)

// lockouts counts wrong passwords.
type lockouts struct {
	db  database.DB
	now func() time.Time
}

// verify runs a check of a password and counts failures, if the tenant has a lockout. While a lock
// lasts nothing is checked: the answer must not reveal whether the password was right. An attempt
// counts before it is checked, and no longer if it was right, so that concurrent guesses are
// limited as sequential ones are.
func (o lockouts) verify(ctx context.Context, l Lockout, subject string, check func() error) error {
	if l.UserActionID == "" {
		return check()
	}
	if err := o.count(ctx, l, subject); err != nil {
		return err
	}
	checked := check()
	if errors.Is(checked, ErrNotFound) {
		return checked
	}
	err := o.db.Write(context.WithoutCancel(ctx), func(tx *sql.Tx) error {
		if checked == nil {
			return forgetFailures(tx, subject)
		}
		return uncountFailure(tx, subject, l, o.now())
	})
	if err != nil {
		return errors.Join(checked, fmt.Errorf("reset failed logins: %w", err))
	}
	return checked
}

func (o lockouts) count(ctx context.Context, l Lockout, subject string) error {
	var until int64
	err := o.db.Write(ctx, func(tx *sql.Tx) error {
		until = 0
		err := countFailure(tx, subject, l, o.now())
		if errors.Is(err, ErrNotFound) {
			return tx.QueryRow(`SELECT locked_until FROM failures WHERE subject = $1`, subject).Scan(&until)
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("count login attempt: %w", err)
	}
	if until > 0 {
		return &lockedError{l.UserActionID, database.FromMillis(until)}
	}
	return nil
}

// failureSubject names what a wrong password counts against: a user, whatever the login id, or an
// unknown login id.
func (s *secrets) failureSubject(u *User, tenantID, loginID string) string {
	if u.ID != "" {
		return "user " + u.ID
	}
	return "login id " + hex.EncodeToString(s.credentialDigest("login id", tenantID+" "+loginid.Canonical(loginID)))
}

// stale is the condition for a count that is forgotten, whether it has been swept or not.
const stale = `(failures.forget_instant <= $2 OR failures.since_instant <= $4)`

// countFailure counts a wrong password or code, and locks after too many. While
// a lock lasts it counts nothing and returns ErrNotFound.
func countFailure(tx *sql.Tx, subject string, l Lockout, now time.Time) error {
	at, since := database.Millis(now), database.Millis(now.Add(-l.Window))
	err := database.Changed(tx.Exec(`INSERT INTO failures (subject, failed, since_instant, locked_until, forget_instant) VALUES ($1, 1, $2, 0, $3)
		ON CONFLICT (subject) DO UPDATE SET
			failed = CASE WHEN `+stale+` THEN 1 ELSE failures.failed + 1 END,
			since_instant = CASE WHEN `+stale+` THEN $2 ELSE failures.since_instant END,
			forget_instant = CASE WHEN `+stale+` THEN $3 ELSE failures.forget_instant END
		WHERE failures.locked_until <= $2`,
		subject, at, database.Millis(now.Add(l.Window)), since))
	if err != nil {
		return err
	}
	until := database.Millis(now.Add(l.Duration))
	_, err = tx.Exec(`UPDATE failures SET failed = 0, since_instant = $1, locked_until = $2, forget_instant = $2 WHERE subject = $3 AND failed >= $4`,
		at, until, subject, l.Attempts)
	return err
}

// uncountFailure takes back an attempt whose password was not checked, or was right.
func uncountFailure(tx *sql.Tx, subject string, l Lockout, now time.Time) error {
	_, err := tx.Exec(`UPDATE failures SET locked_until = 0, failed = CASE WHEN locked_until > $1 THEN $2 ELSE failed - 1 END
		WHERE subject = $3 AND (failed > 0 OR locked_until > $1)`, database.Millis(now), l.Attempts-1, subject)
	return err
}

// lockedOut reports whether a lock of a subject lasts.
func lockedOut(tx *sql.Tx, subject string, now time.Time) (bool, error) {
	var until int64
	err := tx.QueryRow(`SELECT locked_until FROM failures WHERE subject = $1`, subject).Scan(&until)
	return until > database.Millis(now), database.IgnoreNoRows(err)
}

func forgetFailures(tx *sql.Tx, subject string) error {
	_, err := tx.Exec(`DELETE FROM failures WHERE subject = $1`, subject)
	return err
}
