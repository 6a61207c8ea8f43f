package doctor

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/fusionauth"
)

const userAgent = "latchkey doctor"

const mendTrial = "fix the findings above, then check the user in FusionAuth"

// trials logs in the user of the trial to each app, as the backend does.
func (x *examination) trials(ctx context.Context) {
	if x.Trial == nil {
		return
	}
	for _, a := range x.Apps {
		x.trial(ctx, a)
	}
}

func (x *examination) trial(ctx context.Context, a App) {
	const check = "trial"
	client, err := fusionauth.New(fusionauth.Config{
		URL: x.URL, APIKey: x.APIKey, ApplicationID: a.ApplicationID, TenantID: x.TenantID, Issuer: x.Issuer, ClientSecret: a.ClientSecret,
		PasswordCheckedFirst: true, Transport: x.Transport, Now: x.Now, // an administrator may see what is wrong with the account
	})
	if err != nil {
		x.found(Problem, check, a.name(), err.Error(), mendTrial)
		return
	}
	device := latchkey.Device{UserAgent: userAgent}
	before := x.Now()
	grant, err := client.Login(ctx, latchkey.Credentials{LoginID: x.Trial.LoginID, Password: x.Trial.Password, Device: device})
	if err != nil {
		x.found(Problem, check, a.name(), "the login failed: "+explain(err), mendTrial)
		return
	}
	defer func() {
		if err := client.Revoke(context.WithoutCancel(ctx), grant.RefreshTokenID); err != nil {
			x.found(Problem, "trial_revoke", a.name(), "cannot revoke the refresh token: "+err.Error(), mendKey)
		}
	}()
	if issued := issuedAt(grant.Token); !issued.IsZero() {
		ahead := time.Duration(0)
		if now := x.Now(); issued.After(now) {
			ahead = issued.Sub(now)
		} else if issued.Before(before.Add(-time.Second)) {
			ahead = issued.Sub(before) + time.Second
		}
		x.skew("trial_clock", a.name(), "the clock of the token issuer", ahead)
	}
	renewed, err := client.Refresh(ctx, latchkey.Renewal{RefreshToken: grant.RefreshToken, User: grant.User, Device: device})
	switch {
	case err != nil:
		x.found(Problem, check, a.name(), "the login works, but the refresh failed: "+explain(err), "check allowTokenRefresh or the client secret")
	case grant.RefreshTokenID == "":
		x.found(Problem, check, a.name(), "the server does not return the id of the refresh token: logout could not revoke it", "FusionAuth 1.37 or later is needed")
	case renewed.User.ID != grant.User.ID:
		x.found(Problem, check, a.name(), "the refresh returned another user", "let this backend reach the server itself, without a cache")
	default:
		x.found(OK, check, a.name(), "login, refresh and revocation work", "")
	}
}

// explain describes a documented refusal.
func explain(err error) string {
	var no *latchkey.ProviderError
	if !errors.As(err, &no) {
		return err.Error()
	}
	return map[latchkey.Code]string{
		latchkey.CodeInvalidCredentials:     "no such user, wrong password, or an application of another tenant",
		latchkey.CodeNotRegistered:          "the user is not registered for the application",
		latchkey.CodeTwoFactorRequired:      "the user has a second factor: use a user without one",
		latchkey.CodePasswordChangeRequired: "the user must change the password first",
		latchkey.CodeRefreshRefused:         "the server refuses a refresh token that it has just issued",
	}[no.Code] + " (" + string(no.Code) + ")"
}

// issuedAt returns the iat of a JWT, or zero.
func issuedAt(token latchkey.Secret) time.Time {
	var claims struct {
		IssuedAt int64 `json:"iat"`
	}
	parts := strings.Split(string(token), ".")
	if len(parts) != 3 {
		return time.Time{}
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil || json.Unmarshal(payload, &claims) != nil || claims.IssuedAt <= 0 {
		return time.Time{}
	}
	return time.Unix(claims.IssuedAt, 0)
}
