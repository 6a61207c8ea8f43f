package idp

import (
	"time"

	"github.com/latchkey-dev/latchkey/idp/internal/fusion"
)

// lockoutJSON is a Lockout as FusionAuth writes it.
type lockoutJSON struct {
	UserActionID string `json:"userActionId,omitempty"`
	Attempts     int    `json:"tooManyAttempts,omitzero"`
	Window       int64  `json:"resetCountInSeconds,omitzero"`
	Duration     int64  `json:"actionDuration,omitzero"`
	Unit         string `json:"actionDurationUnit,omitempty"`
}

// lockoutUnits are FusionAuth's units of time. A month has 30 days here.
var lockoutUnits = map[string]time.Duration{
	"": time.Minute, "MINUTES": time.Minute, "HOURS": time.Hour, "DAYS": 24 * time.Hour, "WEEKS": 7 * 24 * time.Hour,
	"MONTHS": 30 * 24 * time.Hour, "YEARS": 365 * 24 * time.Hour,
}

func (l Lockout) json() lockoutJSON {
	return lockoutJSON{l.UserActionID, l.Attempts, int64(l.Window / time.Second), int64((l.Duration + time.Minute - 1) / time.Minute), "MINUTES"}
}

func (j lockoutJSON) lockout() (Lockout, error) {
	unit, known := lockoutUnits[j.Unit]
	if !known {
		return Lockout{}, fusion.Invalid("tenant.failedAuthenticationConfiguration.actionDurationUnit", "invalid", "MINUTES, HOURS, DAYS, WEEKS, MONTHS or YEARS.")
	}
	const century = 100 * 365 * 24 * time.Hour // more does not fit into a time.Duration before long
	if j.Window < 0 || j.Window > int64(century/time.Second) || j.Duration < 0 || j.Duration > int64(century/unit) {
		return Lockout{}, fusion.Invalid("tenant.failedAuthenticationConfiguration", "invalid", "That is too long.")
	}
	return Lockout{j.UserActionID, j.Attempts, time.Duration(j.Window) * time.Second, time.Duration(j.Duration) * unit}, nil
}
