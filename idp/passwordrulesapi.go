package idp

import (
	"net/http"

	"github.com/latchkey-dev/latchkey/idp/internal/fusion"
)

// passwordRulesJSON are the rules as FusionAuth writes them. What is not said takes its default.
type passwordRulesJSON struct {
	MinLength           int  `json:"minLength,omitzero"`
	MaxLength           int  `json:"maxLength,omitzero"`
	RequireMixedCase    bool `json:"requireMixedCase"`
	RequireNonAlpha     bool `json:"requireNonAlpha"`
	RequireNumber       bool `json:"requireNumber"`
	ValidateOnLogin     bool `json:"validateOnLogin"`     // never
	DisallowUserLoginID bool `json:"disallowUserLoginId"` // always
}

func (p PasswordRules) json(minLength int) passwordRulesJSON {
	p = p.withDefaults(minLength)
	return passwordRulesJSON{p.MinLength, p.MaxLength, p.RequireMixedCase, p.RequireNonAlpha, p.RequireNumber, false, true}
}

// rules are those of a request. If it repeats a default, the rules keep following the default.
func (j passwordRulesJSON) rules(minLength int) PasswordRules {
	p := PasswordRules{j.MinLength, j.MaxLength, j.RequireMixedCase, j.RequireNonAlpha, j.RequireNumber}
	if p.MinLength == minLength {
		p.MinLength = 0
	}
	if p.MaxLength == passwordMaxLength {
		p.MaxLength = 0
	}
	return p
}

// showPasswordRules answers GET /api/tenant/password-validation-rules[/{tenantId}], to everybody: a
// form tells its rules.
func (s *Server) showPasswordRules(w http.ResponseWriter, r *http.Request) error {
	t, err := s.tenantOfRules(r)
	if err != nil {
		return err
	}
	return fusion.Reply(w, http.StatusOK, struct {
		Rules passwordRulesJSON `json:"passwordValidationRules"`
	}{t.PasswordRules.json(s.passwordMin)})
}

// tenantOfRules is named by the path, a header or a key of a tenant, or is the only one.
func (s *Server) tenantOfRules(r *http.Request) (Tenant, error) {
	id, err := fusion.ParseID("tenantId", r.PathValue("tenantId"))
	if err != nil {
		return Tenant{}, err
	}
	if id == "" {
		sc, err := s.scopeOfRules(r)
		if err != nil {
			return Tenant{}, err
		}
		if id, err = tenantIn(r.Context(), s.db, sc); err != nil {
			return Tenant{}, err
		}
	}
	return readTenant(r.Context(), s.db, id)
}

func (s *Server) scopeOfRules(r *http.Request) (scope, error) {
	if r.Header.Get("Authorization") != "" {
		return s.authorize(r, "/api/tenant/password-validation-rules")
	}
	return headerScope(s.db, r)
}
