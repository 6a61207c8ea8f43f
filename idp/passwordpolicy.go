package idp

import (
	"context"
	"fmt"

	"github.com/latchkey-dev/latchkey/idp/internal/database"
	"github.com/latchkey-dev/latchkey/idp/internal/fusion"
	"github.com/latchkey-dev/latchkey/idp/internal/password"
)

// refusePassword returns what is wrong with a new password of somebody in a
// tenant, as errors of the field: the tenant's rules, and then what it is made
// of. The user's own names are those that are given and those of the service.
func (s *Server) refusePassword(ctx context.Context, field, tenantID, typed string, names ...string) (ValidationError, error) {
	t, err := readTenant(ctx, s.db, tenantID)
	if err != nil {
		return nil, err
	}
	if wrong := t.PasswordRules.withDefaults(s.passwordMin).refuse(field, typed); wrong != nil {
		return wrong, nil
	}
	apps, err := database.Strings(ctx, s.db, `SELECT name FROM applications WHERE tenant_id = $1`, tenantID)
	if err != nil {
		return nil, fmt.Errorf("read names of applications: %w", err)
	}
	if password.Predictable(typed, append(append(names, apps...), t.Name, s.issuer)...) {
		return fusion.Invalid(field, "breachedCommonPassword", "The password is too easy to guess: common words, names of the user or the service, runs and repetitions make up most of it."), nil
	}
	found, err := s.breached.Has(typed)
	if found {
		return fusion.Invalid(field, "breachedCommonPassword", "The password was in a leak of passwords, and is tried first by those who guess."), nil
	}
	return nil, err
}

// mayBePassword is refusePassword for a user who is there.
func (s *Server) mayBePassword(ctx context.Context, field string, u *User, typed string) error {
	wrong, err := s.refusePassword(ctx, field, u.TenantID, typed, u.Email, u.Username)
	if err != nil {
		return err
	}
	return fusion.OrNil(wrong)
}
