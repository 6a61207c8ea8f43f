package fusionauth

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"github.com/latchkey-dev/latchkey"
)

// An Account is what the server knows about a user now. A session knows the user as of its last
// refresh.
type Account struct {
	ID       string
	LoginID  string // the e-mail address, or else the username
	Verified bool   // the e-mail address
	Factors  []Factor
}

// Account returns a user (GET /api/user/{id}). It fails with ErrNotFound.
func (c *Client) Account(ctx context.Context, userID string) (Account, error) {
	return c.account(ctx, "/api/user/"+url.PathEscape(userID), nil)
}

// AccountOfChange returns the user whose password the id in a mail changes (GET /api/user). It
// fails with ErrNotFound if the id is not valid, or no longer.
func (c *Client) AccountOfChange(ctx context.Context, changeID latchkey.Secret) (Account, error) {
	return c.account(ctx, "/api/user", url.Values{"changePasswordId": {string(changeID)}})
}

// AccountOfVerification returns the user whose address the id in a mail verifies (GET /api/user).
// It fails with ErrNotFound if the id is not valid, or no longer.
func (c *Client) AccountOfVerification(ctx context.Context, verificationID latchkey.Secret) (Account, error) {
	return c.account(ctx, "/api/user", url.Values{"verificationId": {string(verificationID)}})
}

// accountOf returns the user who has a login id (GET /api/user).
func (c *Client) accountOf(ctx context.Context, loginID string) (Account, error) {
	return c.account(ctx, "/api/user", url.Values{"loginId": {loginID}})
}

func (c *Client) account(ctx context.Context, path string, query url.Values) (Account, error) {
	var found struct {
		User struct {
			user
			TwoFactor struct {
				Methods []Factor `json:"methods"`
			} `json:"twoFactor"`
		} `json:"user"`
	}
	if err := c.get(ctx, path, query, &found); err != nil {
		return Account{}, err
	}
	u := found.User
	if u.ID == "" {
		return Account{}, errors.New(http.MethodGet + " /api/user: no user")
	}
	return Account{ID: u.ID, LoginID: first(u.Email, u.Username), Verified: u.Verified, Factors: u.TwoFactor.Methods}, nil
}
