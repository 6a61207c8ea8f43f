package idp

// UnverifiedBehavior says what becomes of the login of a user who has not
// proved an e-mail address.
type UnverifiedBehavior string

// FusionAuth's values.
const (
	UnverifiedAllow UnverifiedBehavior = "Allow" // the default: log in as usual
	UnverifiedGated UnverifiedBehavior = "Gated" // answer 212 instead
)

// Tenant is a world of its own: its users and applications are invisible to
// every other tenant. There is always one default tenant.
type Tenant struct {
	ID                 string // UUID
	Name               string // unique
	UnverifiedBehavior UnverifiedBehavior
	Lockout            Lockout
	VerifyEmail        bool // a new user gets a mail that proves the address
	PasswordRules      PasswordRules

	// OnMultiFactorEnable revokes all refresh tokens of a user who sets a second
	// factor up: a user who was logged in without one must bring it.
	OnMultiFactorEnable bool

	// Issuer is the iss of its tokens, of the form of Config.Issuer. Empty: the
	// default tenant's; and of the default tenant itself, the one that it has.
	Issuer string
}

// gates reports whether a user is kept out until their address is proved.
func (t Tenant) gates(u *User) bool { return !u.Verified && t.UnverifiedBehavior == UnverifiedGated }
