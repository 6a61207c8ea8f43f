package idp

import (
	"context"
	"fmt"

	"github.com/latchkey-dev/latchkey/idp/internal/database"
	"github.com/latchkey-dev/latchkey/idp/internal/fusion"
	"github.com/latchkey-dev/latchkey/idp/internal/password"
)

// passwordPolicy decides which passwords may be set.
type passwordPolicy struct {
	db        database.Queries
	issuers   issuers
	minLength int
	breached  *password.Breached
}

// refuse returns what is wrong with a new password of a user in a tenant, as errors of the field:
// the tenant's rules, and then what it is made of. The names are the user's own; those of the
// service count as well.
func (p passwordPolicy) refuse(ctx context.Context, field, tenantID, typed string, names ...string) (ValidationError, error) {
	t, err := readTenant(ctx, p.db, tenantID)
	if err != nil {
		return nil, err
	}
	if wrong := t.PasswordRules.withDefaults(p.minLength).refuse(field, typed); wrong != nil {
		return wrong, nil
	}
	apps, err := database.Strings(ctx, p.db, `SELECT name FROM applications WHERE tenant_id = $1`, tenantID)
	if err != nil {
		return nil, fmt.Errorf("read names of applications: %w", err)
	}
	issuer, err := p.issuers.ofTenant(ctx, t)
	if err != nil {
		return nil, err
	}
	if password.Predictable(typed, append(append(names, apps...), t.Name, issuer)...) {
		return fusion.Invalid(field, "breachedCommonPassword",
			"The password is too easy to guess: common words, names of the user or the service, runs and repetitions make up most of it."), nil
	}
	found, err := p.breached.Has(typed)
	if err != nil {
		return nil, err
	}
	if found {
		return fusion.Invalid(field, "breachedCommonPassword", "The password was in a leak of passwords, and is tried first by those who guess."), nil
	}
	return nil, nil
}

// check is refuse for a user who exists.
func (p passwordPolicy) check(ctx context.Context, field string, u *User, typed string) error {
	wrong, err := p.refuse(ctx, field, u.TenantID, typed, u.Email, u.Username)
	if err != nil {
		return err
	}
	return fusion.OrNil(wrong)
}
