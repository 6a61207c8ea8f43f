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

const mendTrial = "mend what was found before this, then look at the user in FusionAuth"

// trials logs the user of the trial in to each app, as the backend does.
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
		PasswordCheckedFirst: true, Transport: x.Transport, Now: x.Now, // an administrator may know what is wrong with the account
	})
	if err != nil {
		x.found(Problem, check, a.name(), err.Error(), mendTrial)
		return
	}
	device := latchkey.Device{UserAgent: "latchkey doctor"}
	before := x.Now()
	grant, err := client.Login(ctx, latchkey.Credentials{LoginID: x.Trial.LoginID, Password: x.Trial.Password, Device: device})
	if err != nil {
		x.found(Problem, check, a.name(), "the login fails: "+explain(err), mendTrial)
		return
	}
	defer func() {
		if err := client.Revoke(context.WithoutCancel(ctx), grant.RefreshTokenID); err != nil {
			x.found(Problem, "trial_revoke", a.name(), "the refresh token cannot be revoked: "+err.Error(), mendKey)
		}
	}()
	if issued := issuedAt(grant.Token); !issued.IsZero() {
		ahead := time.Duration(0)
		if now := x.Now(); issued.After(now) {
			ahead = issued.Sub(now)
		} else if issued.Before(before.Add(-time.Second)) {
			ahead = issued.Sub(before) + time.Second
		}
		x.skew("trial_clock", a.name(), "the clock that stamps tokens", ahead)
	}
	renewed, err := client.Refresh(ctx, latchkey.Renewal{RefreshToken: grant.RefreshToken, User: grant.User, Device: device})
	switch {
	case err != nil:
		x.found(Problem, check, a.name(), "the login works, and the refresh fails: "+explain(err), "look at allowTokenRefresh, or at the client secret")
	case grant.RefreshTokenID == "":
		x.found(Problem, check, a.name(), "the server does not say the id of a refresh token: logout could not revoke it", "FusionAuth 1.37 or later is needed")
	case renewed.User.ID != grant.User.ID:
		x.found(Problem, check, a.name(), "the refresh is for another user", "let this backend through to the server itself, without a cache")
	default:
		x.found(OK, check, a.name(), "login, refresh and revocation work", "")
	}
}

// explain puts a definite no into words.
func explain(err error) string {
	var no *latchkey.ProviderError
	if !errors.As(err, &no) {
		return err.Error()
	}
	return map[latchkey.Code]string{
		latchkey.CodeInvalidCredentials:     "no such user, or the password is wrong; or the application is of another tenant",
		latchkey.CodeNotRegistered:          "the user is not registered for the application",
		latchkey.CodeTwoFactorRequired:      "the user has a second factor: try one without",
		latchkey.CodePasswordChangeRequired: "the user must change the password first",
		latchkey.CodeRefreshRefused:         "the server refuses a refresh token that it has just issued",
	}[no.Code] + " (" + string(no.Code) + ")"
}

// issuedAt reads the iat of a JWT; zero where there is none.
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
