package idp

import (
	"cmp"
	"context"
	"net/http"

	"github.com/latchkey-dev/latchkey/idp/internal/fusion"
	"github.com/latchkey-dev/latchkey/idp/internal/jsonpatch"
)

func (s *Server) replyTenant(ctx context.Context, w http.ResponseWriter, t Tenant) error {
	j, err := s.tenantJSON(ctx, t)
	if err != nil {
		return err
	}
	return fusion.Reply(w, http.StatusOK, tenantBody{j})
}

// getTenant answers GET /api/tenant/{tenantId}.
func (s *Server) getTenant(w http.ResponseWriter, r *http.Request, sc scope) error {
	t, err := tenantInScope(s.db, r, sc)
	if err != nil {
		return err
	}
	return s.replyTenant(r.Context(), w, t)
}

// listTenants answers GET /api/tenant.
func (s *Server) listTenants(w http.ResponseWriter, r *http.Request, sc scope) error {
	all, err := tenantsIn(r.Context(), s.db, sc)
	if err != nil {
		return err
	}
	list := []tenantJSON{}
	for _, t := range all {
		j, err := s.tenantJSON(r.Context(), t)
		if err != nil {
			return err
		}
		list = append(list, j)
	}
	return fusion.Reply(w, http.StatusOK, struct {
		Tenants []tenantJSON `json:"tenants"`
	}{list})
}

// createTenant answers POST /api/tenant[/{tenantId}]. A key that is confined to a tenant creates
// none.
func (s *Server) createTenant(w http.ResponseWriter, r *http.Request, sc scope) error {
	var body tenantBody
	if err := fusion.Decode(w, r, &body); err != nil {
		return err
	}
	if sc != "" {
		return errUnauthorized
	}
	id, err := newID("tenantId", cmp.Or(r.PathValue("tenantId"), body.Tenant.ID))
	if err != nil {
		return err
	}
	t, err := s.storeTenant(r.Context(), id, body.Tenant, s.makeTenant)
	if err != nil {
		return err
	}
	return s.replyTenant(r.Context(), w, t)
}

// putTenant answers PUT /api/tenant/{tenantId}.
func (s *Server) putTenant(w http.ResponseWriter, r *http.Request, sc scope) error {
	old, err := tenantInScope(s.db, r, sc)
	if err != nil {
		return err
	}
	var body tenantBody
	if err := fusion.Decode(w, r, &body); err != nil {
		return err
	}
	t, err := s.storeTenant(r.Context(), old.ID, body.Tenant, s.EnsureTenant)
	if err != nil {
		return err
	}
	return s.replyTenant(r.Context(), w, t)
}

// patchTenant answers PATCH /api/tenant/{tenantId}.
func (s *Server) patchTenant(w http.ResponseWriter, r *http.Request, sc scope) error {
	old, err := tenantInScope(s.db, r, sc)
	if err != nil {
		return err
	}
	patch, err := fusion.ReadBody(w, r)
	if err != nil {
		return err
	}
	err = s.changeTenant(r.Context(), old.ID, func(t Tenant) (Tenant, error) {
		before, err := s.tenantJSON(r.Context(), t)
		if err != nil {
			return Tenant{}, err
		}
		text, err := jsonpatch.Apply(fusion.MediaType(r), patch, "tenant", before)
		if err != nil {
			return Tenant{}, err
		}
		var body tenantBody
		if err := fusion.DecodeJSON(text, &body); err != nil {
			return Tenant{}, err
		}
		if body.Tenant.Issuer == before.Issuer {
			body.Tenant.Issuer = t.Issuer // a patch of something else does not give it one of its own
		}
		return s.tenantOf(t.ID, body.Tenant)
	})
	if err != nil {
		return err
	}
	t, err := readTenant(r.Context(), s.db, old.ID)
	if err != nil {
		return err
	}
	return s.replyTenant(r.Context(), w, t)
}

func (s *Server) storeTenant(ctx context.Context, id string, j tenantJSON, store func(context.Context, Tenant) error) (Tenant, error) {
	t, err := s.tenantOf(id, j)
	if err != nil {
		return Tenant{}, err
	}
	if err := store(ctx, t); err != nil {
		return Tenant{}, err
	}
	return readTenant(ctx, s.db, id)
}
