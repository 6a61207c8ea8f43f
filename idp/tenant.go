package idp

import (
	"context"
	"errors"
	"strings"

	"github.com/latchkey-dev/latchkey/idp/internal/fusion"
)

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
}

// gates reports whether a user is kept out until their address is proved.
func (t Tenant) gates(u *User) bool { return !u.Verified && t.UnverifiedBehavior == UnverifiedGated }

// EnsureTenant makes a tenant, or replaces the settings of the one with its ID,
// with defaults if t says nothing. An empty ID means the default tenant.
// [Server.ChangeTenant] leaves alone what it does not name.
func (s *Server) EnsureTenant(ctx context.Context, t Tenant) error {
	return s.writeTenant(ctx, t, setTenant)
}

// makeTenant makes a tenant whose id nobody has.
func (s *Server) makeTenant(ctx context.Context, t Tenant) error {
	err := s.writeTenant(ctx, t, `NOTHING`)
	if errors.Is(err, ErrNotFound) {
		return fusion.Invalid("tenant.id", "duplicate", "This one is taken.")
	}
	return err
}

// DefaultTenant returns the tenant that is meant if none is named.
func (s *Server) DefaultTenant(ctx context.Context) (Tenant, error) {
	return defaultTenant(ctx, s.db)
}

// TenantByID returns a tenant. Unknown: ErrNotFound.
func (s *Server) TenantByID(ctx context.Context, id string) (Tenant, error) {
	return readTenant(ctx, s.db, strings.ToLower(id))
}
