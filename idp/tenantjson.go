package idp

import "context"

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

func (s *Server) tenantJSON(ctx context.Context, t Tenant) (tenantJSON, error) {
	issuer, err := s.issuers.ofTenant(ctx, t)
	if err != nil {
		return tenantJSON{}, err
	}
	j := tenantJSON{ID: t.ID, Name: t.Name, State: "Active", Issuer: issuer}
	j.EmailConfiguration.VerifyEmail = t.VerifyEmail
	j.EmailConfiguration.Unverified.Behavior = t.UnverifiedBehavior
	j.FailedAuthentication, j.PasswordRules = t.Lockout.json(), t.PasswordRules.json(s.passwordMin)
	j.EventConfiguration = allEvents()
	policy := &j.JWTConfiguration.RefreshTokenRevocationPolicy
	policy.OnMultiFactorEnable, policy.OnPasswordChanged, policy.OnLoginPrevented = t.OnMultiFactorEnable, true, true
	return j, nil
}

// tenantOf is the tenant that a request describes.
func (s *Server) tenantOf(id string, j tenantJSON) (Tenant, error) {
	lockout, err := j.FailedAuthentication.lockout()
	if err != nil {
		return Tenant{}, err
	}
	return Tenant{
		ID: id, Name: j.Name, Issuer: j.Issuer, Lockout: lockout, PasswordRules: j.PasswordRules.rules(s.passwordMin),
		UnverifiedBehavior:  j.EmailConfiguration.Unverified.Behavior,
		VerifyEmail:         j.EmailConfiguration.VerifyEmail,
		OnMultiFactorEnable: j.JWTConfiguration.RefreshTokenRevocationPolicy.OnMultiFactorEnable,
	}, nil
}
