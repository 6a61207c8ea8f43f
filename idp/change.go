package idp

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/latchkey-dev/latchkey/idp/internal/database"
	"github.com/latchkey-dev/latchkey/idp/internal/fusion"
)

// ChangeApplication makes the application with this id, with the defaults of a new one, or changes
// the one that has it: what change sets. The rest stays as it is, the client secret too, which
// change sees as "". Change may be called again with what somebody else has written meanwhile.
// Mistakes are a [ValidationError].
func (s *Server) ChangeApplication(ctx context.Context, id string, change func(*Application)) error {
	id, err := applicationID(id)
	if err != nil {
		return err
	}
	for {
		if err := s.changeApplication(ctx, id, change); !errors.Is(err, ErrNotFound) {
			return err
		}
	}
}

// changeApplication is one attempt. ErrNotFound: somebody else has written meanwhile.
func (s *Server) changeApplication(ctx context.Context, id string, change func(*Application)) error {
	old, err := readApplication(ctx, s.db, id)
	if errors.Is(err, ErrNotFound) {
		a := Application{}
		change(&a)
		a.ID = id
		return s.storeApplication(ctx, a, s.secrets.newClientSecretDigest(a), insertApplication+` ON CONFLICT (id) DO NOTHING`)
	}
	if err != nil {
		return err
	}
	a := old.Application
	change(&a)
	a.ID = id
	if !strings.EqualFold(a.TenantID, old.TenantID) {
		return errOtherTenant
	}
	return s.storeApplication(ctx, a, s.secrets.newClientSecretDigest(a),
		fmt.Sprintf(`UPDATE applications %s WHERE id = $1 AND tenant_id = $2 AND last_update_instant = %d`, keepSecret, old.updated))
}

// ChangeTenant changes a tenant: what change sets, and nothing else. An empty id means the default
// tenant. Change may be called again with what somebody else has written meanwhile. Unknown:
// ErrNotFound; mistakes are a [ValidationError].
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
	t, err = readTenant(ctx, q, id) // after its version: a write between the two fails the conditional write
	return t, updated, err
}
