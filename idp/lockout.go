package idp

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/latchkey-dev/latchkey/idp/internal/database"
	"github.com/latchkey-dev/latchkey/idp/internal/fusion"
	"github.com/latchkey-dev/latchkey/internal/loginid"
)

// Lockout says when a tenant refuses logins after wrong passwords, with FusionAuth's names and
// defaults. A locked user gets 409, and so does a stranger after as many attempts at a login id
// that nobody has: the answer does not reveal which accounts exist. A new password by mail ends the
// lock.
type Lockout struct {
	UserActionID string        // UUID that the 409 names; empty: there is no lockout
	Attempts     int           // 0: 5
	Window       time.Duration // attempts are forgotten after it; 0: a minute
	Duration     time.Duration // 0: three minutes
}

func (l Lockout) withDefaults() Lockout {
	if l.Attempts == 0 {
		l.Attempts = 5
	}
	if l.Window == 0 {
		l.Window = time.Minute
	}
	if l.Duration == 0 {
		l.Duration = 3 * time.Minute
	}
	return l
}

func (l Lockout) check() (wrong ValidationError) {
	const field = "tenant.failedAuthenticationConfiguration."
	if _, err := fusion.ParseID(field+"userActionId", l.UserActionID); err != nil {
		wrong = append(wrong, err.(ValidationError)...)
	}
	if l.Attempts < 1 || l.Attempts > 1000 {
		wrong = append(wrong, fusion.Invalid(field+"tooManyAttempts", "invalid", "1 to 1000 attempts.")...)
	}
	if l.Window < time.Second || l.Window > 365*24*time.Hour {
		wrong = append(wrong, fusion.Invalid(field+"resetCountInSeconds", "invalid", "A second to a year.")...)
	}
	if l.Duration < time.Second || l.Duration > 100*365*24*time.Hour {
		wrong = append(wrong, fusion.Invalid(field+"actionDuration", "invalid", "A second to a century.")...)
	}
	return wrong
}

// codeLockout bounds guesses at the codes of one user, whatever the tenant says:
// a code has six digits, and there are three of them at a time.
var codeLockout = Lockout{UserActionID: "-", Attempts: 5, Window: 15 * time.Minute, Duration: 15 * time.Minute}

// lockedError is a login that the tenant's policy prevents: 409.
type lockedError struct {
	actionID string
	until    time.Time
}

func (e *lockedError) Error() string { return "idp: too many failed logins" }

type actionsBody struct {
	Actions []actionJSON `json:"actions"`
}

type actionJSON struct {
	ActionID      string `json:"actionId"`
	Expiry        int64  `json:"expiry"`
	Name          string `json:"name"`
	LocalizedName string `json:"localizedName"`
}

func (e *lockedError) reply(w http.ResponseWriter) {
	const name = "Too many failed logins"
	fusion.Reply(w, http.StatusConflict, actionsBody{[]actionJSON{{e.actionID, database.Millis(e.until), name, name}}})
}

// failureSubject is whom a wrong password counts against: a user, whatever the
// login id, or a login id that nobody has.
func (s *secrets) failureSubject(u *User, tenantID, loginID string) string {
	if u.ID != "" {
		return "user " + u.ID
	}
	return "login id " + hex.EncodeToString(s.credentialDigest("login id", tenantID+" "+loginid.Canonical(loginID)))
}

// countFailure counts a wrong password or code, and locks after too many. While
// a lock lasts it counts nothing and returns ErrNotFound.
func countFailure(tx *sql.Tx, subject string, l Lockout, now time.Time) error {
	at, since := database.Millis(now), database.Millis(now.Add(-l.Window))
	if _, err := tx.Exec(`DELETE FROM failures WHERE forget_instant <= $1`, at); err != nil {
		return err
	}
	err := database.Changed(tx.Exec(`INSERT INTO failures (subject, failed, since_instant, locked_until, forget_instant) VALUES ($1, 1, $2, 0, $3)
		ON CONFLICT (subject) DO UPDATE SET
			failed = CASE WHEN failures.since_instant <= $4 THEN 1 ELSE failures.failed + 1 END,
			since_instant = CASE WHEN failures.since_instant <= $4 THEN $2 ELSE failures.since_instant END
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

// uncountFailure takes an attempt back that came to nothing.
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

// lockouts counts wrong passwords.
type lockouts struct {
	db  database.DB
	now func() time.Time
}

// verify runs a check of a password and counts what it says, if the tenant locks out. While a lock
// lasts nothing is checked: the answer must not reveal whether the password was right. An attempt
// counts before it is checked, and is forgiven if it was right: many at once are checked no more
// often than one after another.
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
		return errors.Join(checked, fmt.Errorf("forget failures: %w", err))
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
		return fmt.Errorf("count an attempt: %w", err)
	}
	if until > 0 {
		return &lockedError{l.UserActionID, database.FromMillis(until)}
	}
	return nil
}
