package idp

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/latchkey-dev/latchkey/idp/internal/database"
	"github.com/latchkey-dev/latchkey/idp/internal/fusion"
)

const setTenant = `UPDATE SET name = $2, unverified_behavior = $3, verify_email = $5, lock_action_id = $6, lock_attempts = $7, lock_window = $8, lock_duration = $9,
	password_min_length = $10, password_max_length = $11, password_mixed_case = $12, password_non_alpha = $13, password_number = $14, revoke_on_multi_factor = $15,
	issuer = CASE WHEN tenants.is_default AND $16 = '' THEN tenants.issuer ELSE $16 END,
	last_update_instant = CASE WHEN tenants.last_update_instant >= $4 THEN tenants.last_update_instant + 1 ELSE $4 END`

// writeTenant stores a tenant. onConflict is the constant SQL for an id that is taken.
func (s *Server) writeTenant(ctx context.Context, t Tenant, onConflict string) error {
	if t.UnverifiedBehavior == "" {
		t.UnverifiedBehavior = UnverifiedAllow
	}
	t.Lockout = t.Lockout.withDefaults()
	wrong := append(t.Lockout.check(), t.PasswordRules.check(s.passwordMin)...)
	id, err := fusion.ParseID("tenant.id", t.ID)
	if err != nil {
		wrong = append(wrong, err.(ValidationError)...)
	}
	if t.Name == "" {
		wrong = append(wrong, fusion.Invalid("tenant.name", "blank", "A tenant needs a name.")...)
	}
	if hasNUL(t.Name) {
		wrong = append(wrong, fusion.Invalid("tenant.name", "invalid", "The name has a NUL in it.")...)
	}
	if t.UnverifiedBehavior != UnverifiedAllow && t.UnverifiedBehavior != UnverifiedGated {
		wrong = append(wrong, fusion.Invalid("tenant.emailConfiguration.unverified.behavior", "invalid", "Allow or Gated.")...)
	}
	if wrong != nil {
		return wrong
	}
	if id == "" {
		d, err := s.DefaultTenant(ctx)
		if err != nil {
			return err
		}
		id = d.ID
	}
	now := s.now()
	return s.db.Write(ctx, func(tx *sql.Tx) error {
		var taken bool
		if err := tx.QueryRow(`SELECT EXISTS (SELECT 1 FROM tenants WHERE name = $1 AND id <> $2)`, t.Name, id).Scan(&taken); err != nil {
			return err
		}
		if taken {
			return fusion.Invalid("tenant.name", "duplicate", "A tenant with that name exists.")
		}
		if err := s.changeIssuer(tx, id, t.Issuer, now); err != nil {
			return err
		}
		return database.Changed(tx.Exec(`INSERT INTO tenants (id, name, is_default, unverified_behavior, verify_email, lock_action_id, lock_attempts, lock_window, lock_duration,
				password_min_length, password_max_length, password_mixed_case, password_non_alpha, password_number, revoke_on_multi_factor, issuer, insert_instant, last_update_instant)
			VALUES ($1, $2, FALSE, $3, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $4, $4)
			ON CONFLICT (id) DO `+onConflict,
			id, t.Name, string(t.UnverifiedBehavior), database.Millis(now), t.VerifyEmail,
			strings.ToLower(t.Lockout.UserActionID), t.Lockout.Attempts, int64(t.Lockout.Window/time.Second), int64(t.Lockout.Duration/time.Second),
			t.PasswordRules.MinLength, t.PasswordRules.MaxLength, t.PasswordRules.RequireMixedCase, t.PasswordRules.RequireNonAlpha, t.PasswordRules.RequireNumber, t.OnMultiFactorEnable, t.Issuer))
	})
}

func defaultTenant(ctx context.Context, q database.Queries) (Tenant, error) {
	return readTenantWhere(ctx, q, "is_default")
}

func readTenant(ctx context.Context, q database.Queries, id string) (Tenant, error) {
	return readTenantWhere(ctx, q, "id = $1", id)
}

func readTenantWhere(ctx context.Context, q database.Queries, where string, args ...any) (Tenant, error) {
	t, err := scanTenant(q.QueryRowContext(ctx, selectTenant+where, args...).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return Tenant{}, ErrNotFound
	}
	if err != nil {
		return Tenant{}, fmt.Errorf("read tenant: %w", err)
	}
	return t, nil
}

const selectTenant = `SELECT id, name, unverified_behavior, verify_email, lock_action_id, lock_attempts, lock_window, lock_duration,
	password_min_length, password_max_length, password_mixed_case, password_non_alpha, password_number, revoke_on_multi_factor, issuer FROM tenants WHERE `

func scanTenant(scan func(...any) error) (t Tenant, err error) {
	var window, duration int64
	err = scan(&t.ID, &t.Name, (*string)(&t.UnverifiedBehavior), &t.VerifyEmail, &t.Lockout.UserActionID, &t.Lockout.Attempts, &window, &duration,
		&t.PasswordRules.MinLength, &t.PasswordRules.MaxLength, &t.PasswordRules.RequireMixedCase, &t.PasswordRules.RequireNonAlpha, &t.PasswordRules.RequireNumber, &t.OnMultiFactorEnable, &t.Issuer)
	t.Lockout.Window, t.Lockout.Duration = time.Duration(window)*time.Second, time.Duration(duration)*time.Second
	return t, err
}

// ensureDefaultTenant creates the default tenant of a new database, with this issuer. Of several
// nodes the first to start does it.
func (s *Server) ensureDefaultTenant(ctx context.Context, issuer string) error {
	id, err := fusion.ParseID("Config.DefaultTenantID", s.tenantID)
	if err != nil {
		return err
	}
	if id == "" {
		id = uuid.NewString()
	}
	now, created := database.Millis(s.now()), int64(0)
	err = s.db.Write(ctx, func(tx *sql.Tx) error {
		res, err := tx.Exec(`INSERT INTO tenants (id, name, is_default, unverified_behavior, issuer, insert_instant, last_update_instant)
			SELECT $1, 'Default', TRUE, 'Allow', $3, $2, $2 WHERE NOT EXISTS (SELECT 1 FROM tenants)`, id, now, issuer)
		if err != nil {
			return err
		}
		created, err = res.RowsAffected()
		return err
	})
	if err == nil && created > 0 {
		s.log.InfoContext(ctx, "new provider", "issuer", issuer)
	}
	return err
}

// tenantOrDefault resolves the TenantID of a new application or user.
func tenantOrDefault(ctx context.Context, q database.Queries, field, id string) (string, error) {
	id, err := fusion.ParseID(field, id)
	if err != nil {
		return "", err
	}
	if id == "" {
		t, err := defaultTenant(ctx, q)
		return t.ID, err
	}
	_, err = readTenant(ctx, q, id)
	if errors.Is(err, ErrNotFound) {
		return "", fusion.Invalid(field, "invalid", "There is no such tenant.")
	}
	return id, err
}

func tenantsIn(ctx context.Context, q database.Queries, sc scope) (all []Tenant, err error) {
	rows, err := q.QueryContext(ctx, selectTenant+`$1 = '' OR id = $1 ORDER BY name`, string(sc))
	if err != nil {
		return nil, fmt.Errorf("list tenants: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		t, err := scanTenant(rows.Scan)
		if err != nil {
			return nil, fmt.Errorf("list tenants: %w", err)
		}
		all = append(all, t)
	}
	return all, rows.Err()
}

// versionedTenant returns a tenant and when it was last written, which rises with each write.
func versionedTenant(ctx context.Context, q database.Queries, id string) (t Tenant, updated int64, err error) {
	if id == "" {
		if t, err = defaultTenant(ctx, q); err != nil {
			return Tenant{}, 0, err
		}
		id = t.ID
	}
	err = q.QueryRowContext(ctx, `SELECT last_update_instant FROM tenants WHERE id = $1`, id).Scan(&updated)
	if err != nil {
		return Tenant{}, 0, database.NotFoundIfNone(err)
	}
	// after its version: a write between the two fails the conditional write
	t, err = readTenant(ctx, q, id)
	return t, updated, err
}
