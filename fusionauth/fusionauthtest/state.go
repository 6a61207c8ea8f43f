package fusionauthtest

// A State is what the server stores. Its types have FusionAuth's names and JSON.
type State struct {
	Tenant        Tenant
	OtherTenantID string // a second, empty tenant; "": there is none
	Applications  []Application
	Users         []*User
	Keys          map[string][]string // what each API key may call, such as "POST /api/login"; nothing: everything
	Webhooks      []Webhook
	Version       string
}

// A Tenant has the settings that apply if an application has none of its own.
type Tenant struct {
	ID                 string             `json:"id"`
	Name               string             `json:"name"`
	Issuer             string             `json:"issuer"`
	JWTConfiguration   JWTConfiguration   `json:"jwtConfiguration"`
	EventConfiguration EventConfiguration `json:"eventConfiguration"`
	EmailConfiguration EmailConfiguration `json:"emailConfiguration"`
}

// An EmailConfiguration says which mails a tenant sends. Templates are named by their ids.
type EmailConfiguration struct {
	VerifyEmail                   bool   `json:"verifyEmail"`
	VerificationEmailTemplateID   string `json:"verificationEmailTemplateId,omitempty"`
	ForgotPasswordEmailTemplateID string `json:"forgotPasswordEmailTemplateId,omitempty"`
	Unverified                    struct {
		Behavior string `json:"behavior"`
	} `json:"unverified"`
}

// An Application is what users log in to.
type Application struct {
	ID                 string             `json:"id"`
	TenantID           string             `json:"tenantId"`
	Name               string             `json:"name"`
	Active             bool               `json:"active"`
	LoginConfiguration LoginConfiguration `json:"loginConfiguration"`
	OAuthConfiguration OAuthConfiguration `json:"oauthConfiguration"`
	JWTConfiguration   JWTConfiguration   `json:"jwtConfiguration"`
}

// A LoginConfiguration is about POST /api/login and POST /api/jwt/refresh.
type LoginConfiguration struct {
	RequireAuthentication bool `json:"requireAuthentication"`
	GenerateRefreshTokens bool `json:"generateRefreshTokens"`
	AllowTokenRefresh     bool `json:"allowTokenRefresh"`
}

// An OAuthConfiguration is about POST /oauth2/token.
type OAuthConfiguration struct {
	ClientID                   string   `json:"clientId"`
	ClientSecret               string   `json:"clientSecret"`
	ClientAuthenticationPolicy string   `json:"clientAuthenticationPolicy"`
	EnabledGrants              []string `json:"enabledGrants"`
}

// A JWTConfiguration is about tokens. An application's applies only if it is enabled.
type JWTConfiguration struct {
	Enabled                                bool   `json:"enabled"`
	TimeToLiveInSeconds                    int    `json:"timeToLiveInSeconds"`
	RefreshTokenTimeToLiveInMinutes        int    `json:"refreshTokenTimeToLiveInMinutes"`
	RefreshTokenExpirationPolicy           string `json:"refreshTokenExpirationPolicy"`
	RefreshTokenUsagePolicy                string `json:"refreshTokenUsagePolicy"`
	RefreshTokenSlidingWindowConfiguration struct {
		MaximumTimeToLiveInMinutes int `json:"maximumTimeToLiveInMinutes"`
	} `json:"refreshTokenSlidingWindowConfiguration"`
	RefreshTokenOneTimeUseConfiguration struct {
		GracePeriodInSeconds int `json:"gracePeriodInSeconds"`
	} `json:"refreshTokenOneTimeUseConfiguration"`
	RefreshTokenRevocationPolicy RevocationPolicy `json:"refreshTokenRevocationPolicy"`
}

// A RevocationPolicy says what revokes all refresh tokens of a user. Only the tenant's applies.
type RevocationPolicy struct {
	OnLoginPrevented  bool `json:"onLoginPrevented"`
	OnPasswordChanged bool `json:"onPasswordChanged"`
}

// An EventConfiguration says which events the tenant raises.
type EventConfiguration struct {
	Events map[string]EventSetting `json:"events"`
}

// An EventSetting is the setting of one event. With a TransactionType other than None, the call
// that raises it fails if no receiver accepts it.
type EventSetting struct {
	Enabled         bool   `json:"enabled"`
	TransactionType string `json:"transactionType"`
}

// A Webhook is a receiver of events.
type Webhook struct {
	ID                     string          `json:"id"`
	URL                    string          `json:"url"`
	Global                 bool            `json:"global"`
	TenantIDs              []string        `json:"tenantIds"`
	EventsEnabled          map[string]bool `json:"eventsEnabled"`
	SignatureConfiguration struct {
		Enabled      bool   `json:"enabled"`
		SigningKeyID string `json:"signingKeyId,omitempty"`
	} `json:"signatureConfiguration"`

	Sign func(body []byte) string `json:"-"` // makes the signature; nil: there is none
}

// A User has a plain-text password, which is for tests only.
type User struct {
	ID, Email, Username, Password string
	Inactive                      bool
	Registrations                 []Registration

	// What can stand between the right password and a login.
	Prevented, Expired, TwoFactor, Unverified bool
	PasswordChangeReason                      string

	codeUsed bool
}

// A Registration registers a user for one application.
type Registration struct {
	ApplicationID string   `json:"applicationId"`
	Roles         []string `json:"roles"`
	Unverified    bool     `json:"-"`
}

func newState(apiKey string) State {
	defaults := JWTConfiguration{
		TimeToLiveInSeconds: 3600, RefreshTokenTimeToLiveInMinutes: 43200, RefreshTokenExpirationPolicy: "Fixed", RefreshTokenUsagePolicy: "Reusable",
		RefreshTokenRevocationPolicy: RevocationPolicy{OnLoginPrevented: true, OnPasswordChanged: true},
	}
	defaults.RefreshTokenSlidingWindowConfiguration.MaximumTimeToLiveInMinutes = 43200
	ofApplication := defaults
	defaults.Enabled = true
	return State{
		Tenant: Tenant{ID: TenantID, Name: "Default", Issuer: "acme.com", JWTConfiguration: defaults},
		Applications: []Application{{
			ID: ApplicationID, TenantID: TenantID, Name: "Store", Active: true,
			LoginConfiguration: LoginConfiguration{RequireAuthentication: true, GenerateRefreshTokens: true, AllowTokenRefresh: true},
			OAuthConfiguration: OAuthConfiguration{
				ClientID: ApplicationID, ClientSecret: ClientSecret, ClientAuthenticationPolicy: "Required", EnabledGrants: []string{"authorization_code", "refresh_token"},
			},
			JWTConfiguration: ofApplication,
		}},
		Users:   []*User{{ID: UserID, Email: Email, Password: Password, Registrations: []Registration{{ApplicationID: ApplicationID, Roles: []string{"user"}}}}},
		Keys:    map[string][]string{apiKey: nil},
		Version: "1.69.0",
	}
}

// app returns the application of that id, or nil.
func (s *State) app(id string) *Application {
	for i := range s.Applications {
		if s.Applications[i].ID == id {
			return &s.Applications[i]
		}
	}
	return nil
}

// user returns the first matching user, or nil.
func (s *State) user(meant func(*User) bool) *User {
	for _, u := range s.Users {
		if meant(u) {
			return u
		}
	}
	return nil
}

func (u *User) registration(applicationID string) *Registration {
	for i := range u.Registrations {
		if u.Registrations[i].ApplicationID == applicationID {
			return &u.Registrations[i]
		}
	}
	return nil
}

// jwt returns the settings that apply to an application.
func (s *State) jwt(a *Application) JWTConfiguration {
	if a != nil && a.JWTConfiguration.Enabled {
		return a.JWTConfiguration
	}
	return s.Tenant.JWTConfiguration
}
