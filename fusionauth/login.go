package fusionauth

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/internal/loginid"
)

type loginRequest struct {
	LoginID          string `json:"loginId"`
	Password         string `json:"password"`
	TwoFactorTrustID string `json:"twoFactorTrustId,omitempty"`
	NoJWT            bool   `json:"noJWT,omitempty"`
	visit
}

// A visit says for which application and for whom a login is.
type visit struct {
	ApplicationID string    `json:"applicationId"`
	IPAddress     string    `json:"ipAddress,omitempty"`
	MetaData      metaData  `json:"metaData"`
	EventInfo     eventInfo `json:"eventInfo"`
}

func (c *Client) visit(device latchkey.Device) visit {
	v := visit{ApplicationID: c.config.ApplicationID, IPAddress: device.IP, EventInfo: eventInfo{IPAddress: device.IP, UserAgent: device.UserAgent}}
	v.MetaData.Device.Description, v.MetaData.Device.Type = device.UserAgent, "BROWSER"
	return v
}

type metaData struct {
	Device struct {
		Description string `json:"description,omitempty"`
		Type        string `json:"type"`
	} `json:"device"`
}

type eventInfo struct {
	IPAddress string `json:"ipAddress,omitempty"`
	UserAgent string `json:"userAgent,omitempty"`
}

type loginResponse struct {
	Token                  string `json:"token"`
	TokenExpirationInstant int64  `json:"tokenExpirationInstant"`
	RefreshToken           string `json:"refreshToken"`
	RefreshTokenID         string `json:"refreshTokenId"`
	ChangePasswordID       string `json:"changePasswordId"`
	ChangePasswordReason   string `json:"changePasswordReason"`
	TwoFactorID            string `json:"twoFactorId"`
	TwoFactorTrustID       string `json:"twoFactorTrustId"`
	User                   user   `json:"user"`
	Methods                []struct {
		Method string `json:"method"`
	} `json:"methods"`
}

// Login calls POST /api/login. Of its 2xx responses only a 200 with a token and a refresh token is
// a login. If the response asks for a second factor or a new password, and the credentials have it,
// the login continues.
func (c *Client) Login(ctx context.Context, credentials latchkey.Credentials) (latchkey.Grant, error) {
	login := loginRequest{LoginID: credentials.LoginID, Password: string(credentials.Password), visit: c.visit(credentials.Device)}
	a, err := c.passwordLogin(ctx, login)
	methods := byPassword
	if err == nil && a.status == statusTwoFactor && credentials.Code != "" {
		methods = byTwoFactors
		a, err = c.secondFactor(ctx, a, secondFactor{credentials: credentials, trust: credentials.NewPassword != ""})
	}
	changed := err == nil && a.status == statusChangePassword && credentials.NewPassword != ""
	if changed {
		a, err = c.withNewPassword(ctx, a, credentials)
	}
	if err != nil {
		return latchkey.Grant{}, err
	}
	grant, err := c.grant(ctx, a, credentials.Device)
	if err != nil {
		return latchkey.Grant{}, err
	}
	grant.PasswordChanged, grant.AuthMethods = changed, methods
	return grant, nil
}

// How users log in, in the words of Grant.AuthMethods.
var (
	byPassword   = []string{"pwd"}
	byTwoFactors = []string{"pwd", "otp", "mfa"}
	byPasskey    = []string{"pop"}
)

// CanonicalLoginID returns the form in which the embedded provider compares login ids (NFKC, case
// folded). FusionAuth compares more strictly, or as its database does: there, accounts whose login
// ids differ by compatibility characters alone share one count of failed logins.
func (c *Client) CanonicalLoginID(loginID string) string { return loginid.Canonical(loginID) }

// passwordLogin returns the response of POST /api/login. A 404 that is not the provider's own is an
// error.
func (c *Client) passwordLogin(ctx context.Context, login loginRequest) (answer, error) {
	a, err := c.call(ctx, request{method: http.MethodPost, path: "/api/login", json: login, authorize: true, tenant: true, ip: login.IPAddress})
	if err == nil && a.status == http.StatusNotFound && (len(a.body) > 0 || !c.works(ctx)) {
		return a, a.unexpected() // the response is not the provider's
	}
	return a, err
}

// grant reads the last response of a login.
func (c *Client) grant(ctx context.Context, a answer, device latchkey.Device) (latchkey.Grant, error) {
	if a.status != http.StatusOK {
		return latchkey.Grant{}, c.loginRefused(a)
	}
	grant, err := c.loggedIn(a)
	if err != nil {
		return latchkey.Grant{}, err
	}
	return c.tryRefresh(ctx, grant, device), nil
}

func (c *Client) loggedIn(a answer) (latchkey.Grant, error) {
	var r loginResponse
	if err := a.decode(&r); err != nil {
		return latchkey.Grant{}, err
	}
	switch {
	case r.Token == "" || r.User.ID == "":
		return latchkey.Grant{}, errors.New(a.call + ": 200 without a token or a user")
	case r.RefreshToken == "":
		return latchkey.Grant{}, fmt.Errorf("%s: no refresh token: enable loginConfiguration.generateRefreshTokens for application %s", a.call, c.config.ApplicationID)
	}
	claims, err := c.check(r.Token)
	if err != nil {
		return latchkey.Grant{}, err
	}
	if claims.Subject != r.User.ID {
		return latchkey.Grant{}, errors.New(a.call + ": token and user differ")
	}
	c.worked()
	return latchkey.Grant{
		User:  r.User.forApplication(c.config.ApplicationID, claims),
		Token: latchkey.Secret(r.Token), TokenExpiresAt: time.Unix(claims.ExpiresAt, 0),
		RefreshToken: latchkey.Secret(r.RefreshToken), RefreshTokenID: first(r.RefreshTokenID, claims.RefreshTokenID),
	}, nil
}

// The API's own statuses.
const (
	statusChangePassword = http.StatusNonAuthoritativeInfo // 203
	statusUnverified     = 212                             // the address
	statusTwoFactor      = 242
	statusWrongCode      = http.StatusMisdirectedRequest // 421

	statusRegistrationUnverified = 213
)

// loginRefused maps every documented status to a code, and everything else to an error.
func (c *Client) loginRefused(a answer) error {
	refuse := func(code latchkey.Code) error {
		return &latchkey.ProviderError{Code: code, Err: fmt.Errorf("%s: status %d", a.call, a.status)}
	}
	// The account's state is only for those who know its password.
	state := func(code latchkey.Code) error {
		if c.config.PasswordCheckedFirst {
			return refuse(code)
		}
		return refuse(latchkey.CodeInvalidCredentials)
	}
	if !a.plain() {
		return a.unexpected()
	}
	switch a.status {
	case http.StatusAccepted: // 202
		var r loginResponse
		return &latchkey.ProviderError{Code: latchkey.CodeNotRegistered, Unverified: a.decode(&r) != nil || !r.User.Verified, Err: fmt.Errorf("%s: status 202", a.call)}
	case statusChangePassword:
		e := &latchkey.ProviderError{Code: latchkey.CodePasswordChangeRequired}
		var r loginResponse
		if a.decode(&r) == nil && knownReason(r.ChangePasswordReason) {
			e.Reason = r.ChangePasswordReason
		}
		return e
	case statusUnverified, statusRegistrationUnverified:
		return refuse(latchkey.CodeEmailNotVerified)
	case statusTwoFactor:
		e := &latchkey.ProviderError{Code: latchkey.CodeTwoFactorRequired}
		var r loginResponse
		if a.decode(&r) == nil {
			for _, m := range r.Methods {
				e.Methods = append(e.Methods, m.Method)
			}
		}
		return e
	case http.StatusBadRequest:
		return c.badLogin(a, state)
	case http.StatusUnauthorized:
		return errors.New(a.call + ": 401: the API key is wrong, or lacks this call")
	case http.StatusNotFound: // both for an unknown user and for a wrong password
		return refuse(latchkey.CodeInvalidCredentials)
	case http.StatusConflict, http.StatusGone: // a user action such as a lock-out; an account past its expiry
		return state(latchkey.CodeLoginPrevented)
	case http.StatusLocked:
		return state(latchkey.CodeAccountLocked)
	case http.StatusTooManyRequests:
		return &latchkey.ProviderError{Code: latchkey.CodeTooManyAttempts, RetryAfter: a.retryAfter()}
	}
	return a.unexpected()
}

// badLogin distinguishes refusals that come as a 400 from our own mistakes.
func (c *Client) badLogin(a answer, state func(latchkey.Code) error) error {
	for _, e := range a.apiErrors().GeneralErrors {
		switch e.Code {
		case "[UserLockedException]":
			return state(latchkey.CodeAccountLocked)
		case "[LoginPreventedException]", "[UserExpiredException]":
			return state(latchkey.CodeLoginPrevented)
		}
	}
	return a.unexpected()
}

func knownReason(reason string) bool {
	switch reason {
	case "Administrative", "Breached", "Expired", "Validation":
		return true
	}
	return false
}
