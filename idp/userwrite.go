package idp

import (
	"github.com/latchkey-dev/latchkey/internal/loginid"
)

// userWrite is what a request may set of a user. Active and verified are missing because they have
// calls of their own.
type userWrite struct {
	ID       string `json:"id"`
	TenantID string `json:"tenantId"`
	Email    string `json:"email"`
	Username string `json:"username"`
	Password string `json:"password"`
	Expiry   int64  `json:"expiry"`
	// nil: as the reason says
	PasswordChangeRequired *bool                `json:"passwordChangeRequired"`
	PasswordChangeReason   PasswordChangeReason `json:"passwordChangeReason"`
	TwoFactor              twoFactorWrite       `json:"twoFactor"` // of a new user

	Profile
}

// userRequest is the body of the calls that write a user.
type userRequest struct {
	ApplicationID        string    `json:"applicationId"`
	SendSetPasswordEmail bool      `json:"sendSetPasswordEmail"`
	SkipVerification     bool      `json:"skipVerification"`
	User                 userWrite `json:"user"`
}

func (u userWrite) changeReason() PasswordChangeReason {
	switch required := u.PasswordChangeRequired; {
	case required != nil && !*required:
		return ""
	case required != nil && u.PasswordChangeReason == "":
		return ChangeAdministrative
	}
	return u.PasswordChangeReason
}

// trimmed leaves out the white space around the login ids, as a login does.
func (u userWrite) trimmed() userWrite {
	u.Email, u.Username = loginid.Trim(u.Email), loginid.Trim(u.Username)
	return u
}
