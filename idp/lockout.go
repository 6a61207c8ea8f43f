package idp

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// Lockout says when a tenant refuses logins after wrong passwords, with
// FusionAuth's names and defaults. Whoever is locked out gets 409, and so does,
// after as many attempts, whoever tries a login id that nobody has: the answer
// does not tell which accounts there are. A new password by mail ends it.
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
	if _, err := parseID(field+"userActionId", l.UserActionID); err != nil {
		wrong = append(wrong, err.(ValidationError)...)
	}
	if l.Attempts < 1 || l.Attempts > 1000 {
		wrong = append(wrong, FieldError{field + "tooManyAttempts", "invalid", "1 to 1000 attempts."})
	}
	if l.Window < time.Second || l.Window > 365*24*time.Hour {
		wrong = append(wrong, FieldError{field + "resetCountInSeconds", "invalid", "A second to a year."})
	}
	if l.Duration < time.Second || l.Duration > 100*365*24*time.Hour {
		wrong = append(wrong, FieldError{field + "actionDuration", "invalid", "A second to a century."})
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
	reply(w, http.StatusConflict, actionsBody{[]actionJSON{{e.actionID, millis(e.until), name, name}}})
}

// failureSubject is whom a wrong password counts against: a user, whatever the
// login id, or a login id that nobody has.
func (s *Server) failureSubject(u *User, tenantID, loginID string) string {
	if u.ID != "" {
		return "user " + u.ID
	}
	return "login id " + hex.EncodeToString(s.secrets.credentialDigest("login id", tenantID+" "+normalizeLoginID(loginID)))
}

// lockedUntil returns when the lock on a subject ends; the zero time where there
// is none, and whether anything is known of it.
func (s *Server) lockedUntil(ctx context.Context, subject string) (until time.Time, known bool, err error) {
	var ms int64
	err = s.db.QueryRowContext(ctx, `SELECT locked_until FROM failures WHERE subject = $1`, subject).Scan(&ms)
	if errors.Is(err, sql.ErrNoRows) {
		return time.Time{}, false, nil
	}
	if err != nil {
		return time.Time{}, false, fmt.Errorf("read failures: %w", err)
	}
	if ms > millis(s.now()) {
		until = fromMillis(ms)
	}
	return until, true, nil
}

// countFailure counts a wrong password or code, and locks after too many.
func countFailure(tx *sql.Tx, subject string, l Lockout, now time.Time) error {
	at, since := millis(now), millis(now.Add(-l.Window))
	if _, err := tx.Exec(`DELETE FROM failures WHERE forget_instant <= $1`, at); err != nil {
		return err
	}
	_, err := tx.Exec(`INSERT INTO failures (subject, failed, since_instant, locked_until, forget_instant) VALUES ($1, 1, $2, 0, $3)
		ON CONFLICT (subject) DO UPDATE SET
			failed = CASE WHEN failures.since_instant <= $4 THEN 1 ELSE failures.failed + 1 END,
			since_instant = CASE WHEN failures.since_instant <= $4 THEN $2 ELSE failures.since_instant END`,
		subject, at, millis(now.Add(l.Window)), since)
	if err != nil {
		return err
	}
	until := millis(now.Add(l.Duration))
	_, err = tx.Exec(`UPDATE failures SET failed = 0, since_instant = $1, locked_until = $2, forget_instant = $2 WHERE subject = $3 AND failed >= $4`,
		at, until, subject, l.Attempts)
	return err
}

func forgetFailures(tx *sql.Tx, subject string) error {
	_, err := tx.Exec(`DELETE FROM failures WHERE subject = $1`, subject)
	return err
}

// locking counts what a check of a password says, where the tenant locks out.
// While a lock lasts nothing is checked: the answer must not tell whether the
// password was right.
func (s *Server) locking(ctx context.Context, l Lockout, subject string, verify func() error) error {
	if l.UserActionID == "" {
		return verify()
	}
	until, known, err := s.lockedUntil(ctx, subject)
	if err != nil {
		return err
	}
	if !until.IsZero() {
		return &lockedError{l.UserActionID, until}
	}
	verified := verify()
	if verified == nil && !known || verified != nil && !errors.Is(verified, ErrNotFound) {
		return verified
	}
	err = s.db.Write(ctx, func(tx *sql.Tx) error {
		if verified == nil {
			return forgetFailures(tx, subject)
		}
		return countFailure(tx, subject, l, s.now())
	})
	if err != nil {
		return fmt.Errorf("count failures: %w", err)
	}
	return verified
}
