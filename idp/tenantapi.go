package idp

import (
	"cmp"
	"context"
	"fmt"
	"net/http"

	"github.com/latchkey-dev/latchkey/idp/internal/database"
	"github.com/latchkey-dev/latchkey/idp/internal/fusion"
	"github.com/latchkey-dev/latchkey/idp/internal/jsonpatch"
)

type tenantJSON struct {
	ID     string `json:"id,omitempty"`
	Name   string `json:"name,omitempty"`
	State  string `json:"state,omitempty"`
	Issuer string `json:"issuer,omitempty"`

	EmailConfiguration struct {
		VerifyEmail bool `json:"verifyEmail"`
		Unverified  struct {
			Behavior UnverifiedBehavior `json:"behavior,omitempty"`
		} `json:"unverified"`
	} `json:"emailConfiguration"`

	FailedAuthentication lockoutJSON `json:"failedAuthenticationConfiguration"`

	PasswordRules passwordRulesJSON `json:"passwordValidationRules"`

	EventConfiguration eventConfigurationJSON `json:"eventConfiguration"`

	JWTConfiguration struct {
		RefreshTokenRevocationPolicy struct {
			OnMultiFactorEnable bool `json:"onMultiFactorEnable"`
			OnPasswordChanged   bool `json:"onPasswordChanged"` // always, as the next
			OnLoginPrevented    bool `json:"onLoginPrevented"`
		} `json:"refreshTokenRevocationPolicy"`
	} `json:"jwtConfiguration"`
}

type tenantBody struct {
	Tenant tenantJSON `json:"tenant"`
}

func (s *Server) tenantJSON(t Tenant) tenantJSON {
	j := tenantJSON{ID: t.ID, Name: t.Name, State: "Active", Issuer: s.issuer}
	j.EmailConfiguration.VerifyEmail = t.VerifyEmail
	j.EmailConfiguration.Unverified.Behavior = t.UnverifiedBehavior
	j.FailedAuthentication, j.PasswordRules = t.Lockout.json(), t.PasswordRules.json(s.passwordMin)
	j.EventConfiguration = allEvents()
	policy := &j.JWTConfiguration.RefreshTokenRevocationPolicy
	policy.OnMultiFactorEnable, policy.OnPasswordChanged, policy.OnLoginPrevented = t.OnMultiFactorEnable, true, true
	return j
}

func (s *Server) replyTenant(w http.ResponseWriter, t Tenant) error {
	return fusion.Reply(w, http.StatusOK, tenantBody{s.tenantJSON(t)})
}

// tenantInScope returns the tenant that the path names.
func tenantInScope(q database.Queries, r *http.Request, sc scope) (Tenant, error) {
	id, err := fusion.ParseID("tenantId", r.PathValue("tenantId"))
	if err != nil {
		return Tenant{}, err
	}
	if !sc.covers(id) {
		return Tenant{}, ErrNotFound
	}
	return readTenant(r.Context(), q, id)
}

// getTenant answers GET /api/tenant/{tenantId}.
func (s *Server) getTenant(w http.ResponseWriter, r *http.Request, sc scope) error {
	t, err := tenantInScope(s.db, r, sc)
	if err != nil {
		return err
	}
	return s.replyTenant(w, t)
}

// listTenants answers GET /api/tenant.
func (s *Server) listTenants(w http.ResponseWriter, r *http.Request, sc scope) error {
	all, err := tenantsIn(r.Context(), s.db, sc)
	if err != nil {
		return err
	}
	list := []tenantJSON{}
	for _, t := range all {
		list = append(list, s.tenantJSON(t))
	}
	return fusion.Reply(w, http.StatusOK, struct {
		Tenants []tenantJSON `json:"tenants"`
	}{list})
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
	return s.replyTenant(w, t)
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
	return s.replyTenant(w, t)
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
		text, err := jsonpatch.Apply(fusion.MediaType(r), patch, "tenant", s.tenantJSON(t))
		if err != nil {
			return Tenant{}, err
		}
		var body tenantBody
		if err := fusion.DecodeJSON(text, &body); err != nil {
			return Tenant{}, err
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
	return s.replyTenant(w, t)
}

// tenantOf is the tenant that a request describes.
func (s *Server) tenantOf(id string, j tenantJSON) (Tenant, error) {
	lockout, err := j.FailedAuthentication.lockout()
	if err != nil {
		return Tenant{}, err
	}
	return Tenant{
		ID: id, Name: j.Name, Lockout: lockout, PasswordRules: j.PasswordRules.rules(s.passwordMin),
		UnverifiedBehavior:  j.EmailConfiguration.Unverified.Behavior,
		VerifyEmail:         j.EmailConfiguration.VerifyEmail,
		OnMultiFactorEnable: j.JWTConfiguration.RefreshTokenRevocationPolicy.OnMultiFactorEnable,
	}, nil
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
