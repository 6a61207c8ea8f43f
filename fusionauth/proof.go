package fusionauth

import (
	"context"
	"errors"
	"net/http"

	"github.com/latchkey-dev/latchkey"
)

// A Proof names the user whose password, and code, was right.
type Proof struct {
	UserID  string
	CodeDue bool   // a login would ask for a code, and none was given
	trust   string // lets the next login skip the code
}

// CheckPassword finds out whose password it is, without a login (POST /api/login with noJWT). It
// fails with CodeInvalidCredentials if it is wrong, and with CodeInvalidCode if a code is needed
// and the given one is wrong. It does not fail if a login would ask for a new password.
func (c *Client) CheckPassword(ctx context.Context, credentials latchkey.Credentials) (Proof, error) {
	a, err := c.passwordLogin(ctx, loginRequest{LoginID: credentials.LoginID, Password: string(credentials.Password), NoJWT: true, visit: c.visit(credentials.Device)})
	if err == nil && a.status == statusTwoFactor && credentials.Code != "" {
		a, err = c.secondFactor(ctx, a, secondFactor{credentials: credentials, trust: true, noJWT: true})
	}
	if err != nil {
		return Proof{}, err
	}
	switch a.status {
	case http.StatusOK, statusChangePassword, statusTwoFactor:
		return c.proof(ctx, a, credentials.LoginID)
	}
	return Proof{}, c.loginRefused(a)
}

// proof returns the user. A response that asks for another step does not name them: then it is the
// user with the login id.
func (c *Client) proof(ctx context.Context, a answer, loginID string) (Proof, error) {
	var r loginResponse
	if err := a.decode(&r); err != nil {
		return Proof{}, err
	}
	p := Proof{UserID: r.User.ID, CodeDue: a.status == statusTwoFactor, trust: r.TwoFactorTrustID}
	if a.status == http.StatusOK {
		if r.User.ID == "" {
			return Proof{}, errors.New(a.call + ": 200 without a user")
		}
		c.worked()
		return p, nil
	}
	found, err := c.accountOf(ctx, loginID)
	p.UserID = found.ID
	return p, err
}

// LoginAfter logs in a user who has just proved who they are, and has set a new password since. It
// does not ask for a code again: the one that was given is used up.
func (c *Client) LoginAfter(ctx context.Context, proof Proof, credentials latchkey.Credentials) (latchkey.Grant, error) {
	a, err := c.passwordLogin(ctx, loginRequest{
		LoginID: credentials.LoginID, Password: string(credentials.Password), TwoFactorTrustID: proof.trust, visit: c.visit(credentials.Device),
	})
	if err != nil {
		return latchkey.Grant{}, err
	}
	grant, err := c.grant(ctx, a, credentials.Device)
	switch {
	case err != nil:
		return latchkey.Grant{}, err
	case grant.User.ID != proof.UserID:
		return latchkey.Grant{}, errors.Join(errors.New(a.call+": another user was logged in"), c.Revoke(ctx, grant.RefreshTokenID))
	}
	grant.AuthMethods = byPassword
	if proof.trust != "" {
		grant.AuthMethods = byTwoFactors
	}
	return grant, nil
}
