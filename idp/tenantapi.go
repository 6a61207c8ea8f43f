package idp

import (
	"context"
	"fmt"
	"net/http"

	"github.com/google/uuid"

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
	j.FailedAuthentication, j.PasswordRules = t.Lockout.json(), s.passwordRulesJSON(t.PasswordRules)
	j.EventConfiguration = allEvents()
	policy := &j.JWTConfiguration.RefreshTokenRevocationPolicy
	policy.OnMultiFactorEnable, policy.OnPasswordChanged, policy.OnLoginPrevented = t.OnMultiFactorEnable, true, true
	return j
}

func (s *Server) replyTenant(w http.ResponseWriter, r *http.Request, t Tenant, err error) {
	if err != nil {
		s.fail(w, r, err)
		return
	}
	fusion.Reply(w, http.StatusOK, tenantBody{s.tenantJSON(t)})
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
func (s *Server) getTenant(w http.ResponseWriter, r *http.Request, sc scope) {
	t, err := tenantInScope(s.db, r, sc)
	s.replyTenant(w, r, t, err)
}

// listTenants answers GET /api/tenant.
func (s *Server) listTenants(w http.ResponseWriter, r *http.Request, sc scope) {
	all, err := s.tenants(r.Context(), sc)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	fusion.Reply(w, http.StatusOK, struct {
		Tenants []tenantJSON `json:"tenants"`
	}{all})
}

func (s *Server) tenants(ctx context.Context, sc scope) ([]tenantJSON, error) {
	rows, err := s.db.QueryContext(ctx, selectTenant+`$1 = '' OR id = $1 ORDER BY name`, string(sc))
	if err != nil {
		return nil, fmt.Errorf("list tenants: %w", err)
	}
	defer rows.Close()
	all := []tenantJSON{}
	for rows.Next() {
		t, err := scanTenant(rows.Scan)
		if err != nil {
			return nil, fmt.Errorf("list tenants: %w", err)
		}
		all = append(all, s.tenantJSON(t))
	}
	return all, rows.Err()
}

// createTenant answers POST /api/tenant[/{tenantId}]. A key that is confined to a tenant makes none.
func (s *Server) createTenant(w http.ResponseWriter, r *http.Request, sc scope) {
	var body tenantBody
	err := fusion.Decode(w, r, &body)
	if err == nil && sc != "" {
		err = errUnauthorized
	}
	id := r.PathValue("tenantId")
	if id == "" {
		id = body.Tenant.ID
	}
	if id == "" {
		id = uuid.NewString()
	}
	if err == nil {
		id, err = fusion.ParseID("tenantId", id)
	}
	var t Tenant
	if err == nil {
		t, err = s.storeTenant(r.Context(), id, body.Tenant, s.makeTenant)
	}
	s.replyTenant(w, r, t, err)
}

// putTenant answers PUT /api/tenant/{tenantId}.
func (s *Server) putTenant(w http.ResponseWriter, r *http.Request, sc scope) {
	t, err := tenantInScope(s.db, r, sc)
	var body tenantBody
	if err == nil {
		err = fusion.Decode(w, r, &body)
	}
	if err == nil {
		t, err = s.storeTenant(r.Context(), t.ID, body.Tenant, s.EnsureTenant)
	}
	s.replyTenant(w, r, t, err)
}

// patchTenant answers PATCH /api/tenant/{tenantId}.
func (s *Server) patchTenant(w http.ResponseWriter, r *http.Request, sc scope) {
	t, err := tenantInScope(s.db, r, sc)
	var patch []byte
	if err == nil {
		patch, err = fusion.ReadBody(w, r)
	}
	if err == nil {
		err = s.changeTenant(r.Context(), t.ID, func(t Tenant) (Tenant, error) {
			text, err := jsonpatch.Apply(fusion.MediaType(r), patch, "tenant", s.tenantJSON(t))
			var body tenantBody
			if err == nil {
				err = fusion.DecodeJSON(text, &body)
			}
			if err != nil {
				return t, err
			}
			return s.tenantOf(t.ID, body.Tenant)
		})
	}
	if err == nil {
		t, err = readTenant(r.Context(), s.db, t.ID)
	}
	s.replyTenant(w, r, t, err)
}

// tenantOf is the tenant that a request describes.
func (s *Server) tenantOf(id string, j tenantJSON) (Tenant, error) {
	lockout, err := j.FailedAuthentication.lockout()
	return Tenant{ID: id, Lockout: lockout, Name: j.Name, UnverifiedBehavior: j.EmailConfiguration.Unverified.Behavior, VerifyEmail: j.EmailConfiguration.VerifyEmail, PasswordRules: s.passwordRules(j.PasswordRules),
		OnMultiFactorEnable: j.JWTConfiguration.RefreshTokenRevocationPolicy.OnMultiFactorEnable}, err
}

func (s *Server) storeTenant(ctx context.Context, id string, j tenantJSON, store func(context.Context, Tenant) error) (Tenant, error) {
	t, err := s.tenantOf(id, j)
	if err == nil {
		err = store(ctx, t)
	}
	if err != nil {
		return Tenant{}, err
	}
	return readTenant(ctx, s.db, id)
}
