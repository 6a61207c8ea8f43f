package idp

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/latchkey-dev/latchkey/idp/internal/database"
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
// with defaults where t says nothing. An empty ID means the default tenant.
// [Server.ChangeTenant] leaves alone what it does not name.
func (s *Server) EnsureTenant(ctx context.Context, t Tenant) error {
	return s.writeTenant(ctx, t, setTenant)
}

const setTenant = `UPDATE SET name = $2, unverified_behavior = $3, verify_email = $5, lock_action_id = $6, lock_attempts = $7, lock_window = $8, lock_duration = $9,
	password_min_length = $10, password_max_length = $11, password_mixed_case = $12, password_non_alpha = $13, password_number = $14, revoke_on_multi_factor = $15,
	last_update_instant = CASE WHEN tenants.last_update_instant >= $4 THEN tenants.last_update_instant + 1 ELSE $4 END`

// makeTenant makes a tenant whose id nobody has.
func (s *Server) makeTenant(ctx context.Context, t Tenant) error {
	err := s.writeTenant(ctx, t, `NOTHING`)
	if errors.Is(err, ErrNotFound) {
		return fusion.Invalid("tenant.id", "duplicate", "This one is taken.")
	}
	return err
}

// writeTenant makes a tenant, and does what a constant of ours says where the id is taken.
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
	now := database.Millis(s.now())
	return s.db.Write(ctx, func(tx *sql.Tx) error {
		var taken bool
		if err := tx.QueryRow(`SELECT EXISTS (SELECT 1 FROM tenants WHERE name = $1 AND id <> $2)`, t.Name, id).Scan(&taken); err != nil {
			return err
		}
		if taken {
			return fusion.Invalid("tenant.name", "duplicate", "A tenant with that name exists.")
		}
		return database.Changed(tx.Exec(`INSERT INTO tenants (id, name, is_default, unverified_behavior, verify_email, lock_action_id, lock_attempts, lock_window, lock_duration,
				password_min_length, password_max_length, password_mixed_case, password_non_alpha, password_number, revoke_on_multi_factor, insert_instant, last_update_instant)
			VALUES ($1, $2, FALSE, $3, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $4, $4)
			ON CONFLICT (id) DO `+onConflict,
			id, t.Name, string(t.UnverifiedBehavior), now, t.VerifyEmail,
			strings.ToLower(t.Lockout.UserActionID), t.Lockout.Attempts, int64(t.Lockout.Window/time.Second), int64(t.Lockout.Duration/time.Second),
			t.PasswordRules.MinLength, t.PasswordRules.MaxLength, t.PasswordRules.RequireMixedCase, t.PasswordRules.RequireNonAlpha, t.PasswordRules.RequireNumber, t.OnMultiFactorEnable))
	})
}

// DefaultTenant returns the tenant that is meant where none is named.
func (s *Server) DefaultTenant(ctx context.Context) (Tenant, error) {
	return defaultTenant(ctx, s.db)
}

func defaultTenant(ctx context.Context, q database.Queries) (Tenant, error) {
	return readTenantWhere(ctx, q, "is_default")
}

// TenantByID returns a tenant. Unknown: ErrNotFound.
func (s *Server) TenantByID(ctx context.Context, id string) (Tenant, error) {
	return readTenant(ctx, s.db, strings.ToLower(id))
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
	password_min_length, password_max_length, password_mixed_case, password_non_alpha, password_number, revoke_on_multi_factor FROM tenants WHERE `

func scanTenant(scan func(...any) error) (t Tenant, err error) {
	var window, duration int64
	err = scan(&t.ID, &t.Name, (*string)(&t.UnverifiedBehavior), &t.VerifyEmail, &t.Lockout.UserActionID, &t.Lockout.Attempts, &window, &duration,
		&t.PasswordRules.MinLength, &t.PasswordRules.MaxLength, &t.PasswordRules.RequireMixedCase, &t.PasswordRules.RequireNonAlpha, &t.PasswordRules.RequireNumber, &t.OnMultiFactorEnable)
	t.Lockout.Window, t.Lockout.Duration = time.Duration(window)*time.Second, time.Duration(duration)*time.Second
	return t, err
}

func (s *Server) ensureDefaultTenant(ctx context.Context) error {
	id, err := fusion.ParseID("Config.DefaultTenantID", s.tenantID)
	if err != nil {
		return err
	}
	if id == "" {
		id = uuid.NewString()
	}
	return s.db.Write(ctx, func(tx *sql.Tx) error {
		_, err := tx.Exec(`INSERT INTO tenants (id, name, is_default, unverified_behavior, insert_instant, last_update_instant)
			SELECT $1, 'Default', TRUE, 'Allow', $2, $2 WHERE NOT EXISTS (SELECT 1 FROM tenants)`, id, database.Millis(s.now()))
		return err
	})
}

// tenantOrDefault resolves the TenantID of an application or a user to be made.
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

// tenantIn returns the tenant of a request that names no object: the one that the request is
// confined to, or the only one that exists.
func tenantIn(ctx context.Context, q database.Queries, sc scope) (string, error) {
	if sc != "" {
		return string(sc), nil
	}
	return soleTenant(ctx, q)
}

// soleTenant returns the only tenant. With several, the request has to say which one it means.
func soleTenant(ctx context.Context, q database.Queries) (string, error) {
	var n int
	var id string
	if err := q.QueryRowContext(ctx, `SELECT count(*), min(id) FROM tenants`).Scan(&n, &id); err != nil {
		return "", fmt.Errorf("count tenants: %w", err)
	}
	if n != 1 {
		return "", fusion.Invalid("", "TenantIdRequired", "There are several tenants: name one in X-FusionAuth-TenantId.")
	}
	return id, nil
}

// scope is the tenant that a request is confined to; "" where it may be any.
type scope string

// covers reports whether an object of the tenant may be seen at all.
func (c scope) covers(tenantID string) bool { return c == "" || string(c) == tenantID }

// headerScope returns the tenant that X-FusionAuth-TenantId names.
func headerScope(q database.Queries, r *http.Request) (scope, error) {
	const header = "X-FusionAuth-TenantId"
	if len(r.Header.Values(header)) > 1 {
		return "", fusion.Invalid(header, "duplicate", "The header is given twice.")
	}
	id, err := fusion.ParseID(header, r.Header.Get(header))
	if err != nil || id == "" {
		return "", err
	}
	_, err = readTenant(r.Context(), q, id)
	if errors.Is(err, ErrNotFound) {
		return "", fusion.Invalid("", "invalid", "X-FusionAuth-TenantId names no tenant.")
	}
	return scope(id), err
}
