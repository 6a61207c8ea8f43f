package idp

import (
	"net/http"
	"time"

	"github.com/latchkey-dev/latchkey/idp/internal/database"
	"github.com/latchkey-dev/latchkey/idp/internal/fusion"
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
