package idp

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/latchkey-dev/latchkey/idp/internal/fusion"
)

// ChangeTenant changes a tenant: what change sets, and nothing else. An empty id means the default
// tenant. If another call writes at the same time, change is called again with what that one wrote.
// Unknown: ErrNotFound; mistakes are a [ValidationError].
func (s *Server) ChangeTenant(ctx context.Context, id string, change func(*Tenant)) error {
	id, err := fusion.ParseID("tenant.id", id)
	if err != nil {
		return err
	}
	return s.changeTenant(ctx, id, func(t Tenant) (Tenant, error) {
		change(&t)
		return t, nil
	})
}

func (s *Server) changeTenant(ctx context.Context, id string, change func(Tenant) (Tenant, error)) error {
	for {
		t, updated, err := versionedTenant(ctx, s.db, id)
		if err != nil {
			return err
		}
		id = t.ID
		if t, err = change(t); err != nil {
			return err
		}
		t.ID = id
		if err := s.writeTenant(ctx, t, setTenant+fmt.Sprintf(` WHERE tenants.last_update_instant = %d`, updated)); !errors.Is(err, ErrNotFound) {
			return err
		}
	}
}

// EnsureTenant creates a tenant, or replaces the settings of the one with its ID,
// with defaults if t says nothing. An empty ID means the default tenant.
// [Server.ChangeTenant] leaves alone what it does not name.
func (s *Server) EnsureTenant(ctx context.Context, t Tenant) error {
	return s.writeTenant(ctx, t, setTenant)
}

// makeTenant creates a tenant whose id is free.
func (s *Server) makeTenant(ctx context.Context, t Tenant) error {
	err := s.writeTenant(ctx, t, `NOTHING`)
	if errors.Is(err, ErrNotFound) {
		return fusion.Invalid("tenant.id", "duplicate", "This one is taken.")
	}
	return err
}

// DefaultTenant returns the tenant for calls that name none.
func (s *Server) DefaultTenant(ctx context.Context) (Tenant, error) {
	return defaultTenant(ctx, s.db)
}

// TenantByID returns a tenant. Unknown: ErrNotFound.
func (s *Server) TenantByID(ctx context.Context, id string) (Tenant, error) {
	return readTenant(ctx, s.db, strings.ToLower(id))
}
