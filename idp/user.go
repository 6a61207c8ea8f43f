package idp

import (
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// User is a person who can log in, with FusionAuth's names.
type User struct {
	ID       string // UUID
	TenantID string
	Email    string // lower case
	Username string

	Active   bool
	Verified bool      // the e-mail address was proved
	Expiry   time.Time // from then on the user cannot log in; zero: never

	// PasswordChangeReason says why the password must be changed before the
	// next login. Empty: it need not.
	PasswordChangeReason PasswordChangeReason

	Profile       Profile
	Registrations []Registration

	InsertInstant             time.Time
	LastUpdateInstant         time.Time
	LastLoginInstant          time.Time // zero: never
	PasswordLastUpdateInstant time.Time

	passwordHash    string
	authenticatorID string // "": none
}

// Profile is what an application may show and the provider does not look at.
type Profile struct {
	FirstName          string   `json:"firstName,omitempty"`
	MiddleName         string   `json:"middleName,omitempty"`
	LastName           string   `json:"lastName,omitempty"`
	FullName           string   `json:"fullName,omitempty"`
	BirthDate          string   `json:"birthDate,omitempty"` // YYYY-MM-DD
	ImageURL           string   `json:"imageUrl,omitempty"`
	MobilePhone        string   `json:"mobilePhone,omitempty"`
	Timezone           string   `json:"timezone,omitempty"` // IANA name
	PreferredLanguages []string `json:"preferredLanguages"`

	// Data belongs to the application and is stored as it was written, to the last digit of its
	// numbers.
	Data map[string]jsontext.Value `json:"data"`
}

// Registration says that a user may use an application, and in which roles.
type Registration struct {
	ID                string
	ApplicationID     string
	Roles             []string
	InsertInstant     time.Time
	LastUpdateInstant time.Time
	LastLoginInstant  time.Time // zero: never
}

// PasswordChangeReason is why a password must be changed.
type PasswordChangeReason string

// FusionAuth's values.
const (
	ChangeAdministrative PasswordChangeReason = "Administrative"
	ChangeBreached       PasswordChangeReason = "Breached"
	ChangeExpired        PasswordChangeReason = "Expired"
	ChangeValidation     PasswordChangeReason = "Validation"
)

// known reports whether there is such a reason, or none.
func (r PasswordChangeReason) known() bool {
	switch r {
	case "", ChangeAdministrative, ChangeBreached, ChangeExpired, ChangeValidation:
		return true
	}
	return false
}

// registration returns the user's registration for an application, if any.
func (u *User) registration(applicationID string) *Registration {
	for i := range u.Registrations {
		if u.Registrations[i].ApplicationID == applicationID {
			return &u.Registrations[i]
		}
	}
	return nil
}

// expired reports whether the account has come to its end.
func (u *User) expired(now time.Time) bool { return !u.Expiry.IsZero() && !now.Before(u.Expiry) }

// badExpiry reports whether an expiry is not after 1970-01-01T00:00:00Z, which is stored as never.
func badExpiry(t time.Time) bool { return !t.IsZero() && t.UnixMilli() <= 0 }
