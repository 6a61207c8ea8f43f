package latchkey

import (
	"context"
	"errors"
	"time"

	"github.com/latchkey-dev/latchkey/internal/outage"
)

// An upstream is the provider as the guard calls it: with a timeout, without panics, and with
// back-off while it fails.
type upstream struct {
	*reporter
	provider Provider
	timeout  time.Duration // Config.ProviderTimeout
	outages  outage.Outages
	refusals *outage.Refusals
}

// errRefusesEverybody replaces a refusal while the provider refuses every session.
var errRefusesEverybody = errors.New("the provider refuses every session: is it configured as it was?")

// login goes on if the browser disconnects: otherwise a client could guess passwords without being
// counted, by hanging up before the refusal.
func (u *upstream) login(ctx context.Context, c Credentials) (Grant, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), u.timeout)
	defer cancel()
	grant, err := u.provider.Login(ctx, c)
	if err == nil {
		err = checkGrant(grant)
	}
	return grant, err
}

// admit returns when the provider may be asked to refresh a session of the user, or
// outage.ErrPaused.
func (u *upstream) admit(ctx context.Context, userID string) error {
	return u.outages.Admit(ctx, userID, u.now)
}

// refresh trades a refresh token for a grant.
func (u *upstream) refresh(ctx context.Context, id ID, r Renewal) (Grant, error) {
	ctx, cancel := context.WithTimeout(ctx, u.timeout)
	defer cancel()
	var grant Grant
	err := u.contain(ctx, "provider", func() (err error) {
		grant, err = u.provider.Refresh(ctx, r)
		return err
	})
	if err != nil && !refused(err) {
		if u.outages.Failed(r.User.ID, u.now()) {
			u.log.WarnContext(ctx, "the provider fails: refreshes pause", "app", u.app, "error", err)
		}
		return grant, err
	}
	if u.outages.Answered(r.User.ID) {
		u.log.InfoContext(ctx, "the provider has recovered: refreshes resume", "app", u.app)
	}
	switch {
	case err != nil && u.refusals.Refused(u.now(), id, r.User.ID):
		return grant, errRefusesEverybody
	case err != nil:
		return grant, err
	}
	err = checkGrant(grant)
	if err == nil {
		u.refusals.Accepted()
	}
	return grant, err
}

// refused reports whether err is the provider's refusal.
func refused(err error) bool {
	var e *ProviderError
	return errors.As(err, &e) && e.Code == CodeRefreshRefused
}

// checkGrant returns an error for a grant that lacks what a session needs.
func checkGrant(grant Grant) error {
	if grant.User.ID == "" || grant.RefreshToken == "" {
		return errors.New("the provider's grant has no user or no refresh token")
	}
	return nil
}

func (u *upstream) revoke(ctx context.Context, refreshTokenID string) error {
	ctx, cancel := context.WithTimeout(ctx, u.timeout)
	defer cancel()
	return u.contain(ctx, "provider", func() error { return u.provider.Revoke(ctx, refreshTokenID) })
}

// revokeOnce revokes a refresh token that belongs to no session. Without our keys it is worthless,
// so there is no retry.
func (u *upstream) revokeOnce(ctx context.Context, refreshTokenID string) {
	if refreshTokenID == "" {
		return
	}
	if err := u.revoke(context.WithoutCancel(ctx), refreshTokenID); err != nil {
		u.log.WarnContext(ctx, "refresh token not revoked", "app", u.app, "error", err)
	}
}

// rejectWrongUser reports a grant of another user than the session's, and revokes its refresh
// token.
func (u *upstream) rejectWrongUser(ctx context.Context, id ID, userID string, grant Grant) {
	u.log.ErrorContext(ctx, "the provider refreshed the session of one user with the tokens of another", "app", u.app,
		"session", id, "user", userID, "other", grant.User.ID)
	u.revokeOnce(ctx, grant.RefreshTokenID)
}
