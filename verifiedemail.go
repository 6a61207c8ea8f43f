package latchkey

import (
	"context"
	"sync/atomic"
)

// verifiedEmails is what happens to users whose address is not verified.
type verifiedEmails struct {
	required atomic.Bool // see RequireVerifiedEmail
	hidden   atomic.Bool // see HideUnverified
}

// RequireVerifiedEmail lets sessions begin only for users whose e-mail address the provider calls
// verified (User.EmailVerified), however they log in. All others are answered as with a wrong
// password. Otherwise, if anyone may register, a stranger could register an address with a password
// of their own, log in, and learn from the response whether the address had an account before (ASVS
// V6.3.8). Their tokens are revoked. Existing sessions go on. Package account calls it if
// registration requires a verified address.
func (g *Guard) RequireVerifiedEmail() {
	g.emails.required.Store(true)
	g.HideUnverified()
}

// HideUnverified answers logins that the provider refuses because an address is not verified as
// with a wrong password, and changes nothing else. It is for an app that shares its users with one
// that requires verified addresses: its login would reveal who has registered there.
func (g *Guard) HideUnverified() { g.emails.hidden.Store(true) }

// Discard revokes the refresh token of a grant that will not start a session. It does not wait: the
// Guard retries in the background until the provider has revoked it.
func (g *Guard) Discard(grant Grant) {
	if grant.RefreshTokenID == "" {
		return
	}
	now := g.now()
	g.ledger.EndAbandoned(context.Background(), &Record{ID: newID(), App: g.app, User: User{ID: grant.User.ID}, RefreshTokenID: grant.RefreshTokenID, CreatedAt: now, Deadline: now.Add(g.rules.Cap)})
}

// admit refuses users who may not have a session, and revokes their refresh token.
func (g *Guard) admit(ctx context.Context, grant Grant) error {
	if grant.User.EmailVerified || !g.emails.required.Load() {
		return nil
	}
	g.log.InfoContext(ctx, "login refused: the e-mail address is not verified", "app", g.app, "user", grant.User.ID)
	g.Discard(grant)
	return &ProviderError{Code: CodeInvalidCredentials}
}

// revealsUnverified reports whether a refusal would reveal an unverified account. After too many
// failures, the provider may prevent the login instead.
func (e *ProviderError) revealsUnverified() bool {
	return e.Code == CodeEmailNotVerified || e.Code == CodeLoginPrevented || e.Code == CodeNotRegistered && e.Unverified
}
