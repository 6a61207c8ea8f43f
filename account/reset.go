package account

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/fusionauth"
	"github.com/latchkey-dev/latchkey/internal/wire"
)

// resetPassword takes the id of a mail and the new password, and ends the user's sessions. It logs nobody in: a second factor is not to be got round by a mailbox.
// The answer says how many passkeys still open the account, for its owner to look at.
func (h *Handler) resetPassword(w http.ResponseWriter, r *http.Request) {
	var id, password string
	err := h.form(w, r, wire.Fields{"id": &id, "password": &password})
	var fresh latchkey.Secret
	if err == nil {
		fresh, err = newPassword(password)
	}
	var who fusionauth.Account
	if err == nil {
		who, err = h.accountOf(r, id, h.Client.AccountOfChange)
	}
	foreign := err == nil && h.Registration != RegistrationClosed && !who.Verified
	if foreign { // first, so that it can be tried again
		err = h.dropWays(r.Context(), who)
	}
	if err == nil {
		err = h.setPassword(r, who.ID, func(ctx context.Context) error { return h.Client.ResetPassword(ctx, latchkey.Secret(id), fresh) })
	}
	if err != nil {
		h.fail(w, r, link(err))
		return
	}
	h.Guard.ForgetFailures(who.LoginID)
	if foreign {
		h.dropNewWays(r, who.ID)
	}
	keys, err := h.Client.Passkeys(r.Context(), who.ID)
	if err != nil {
		h.fail(w, r, err)
		return
	}
	wire.Write(w, http.StatusOK, map[string]int{"passkeys": len(keys)})
}

// dropWays removes the ways into an account that lead past its password. Nobody has proved its address
// until now: somebody else may have registered it, and wait for its owner to set a password and use the
// account. That holds for RegistrationVerified too: the account may be older than that setting, or made
// for another application.
// An authenticator alone opens nothing. It goes only with RegistrationUnverified, where somebody else
// can have set one up: otherwise a mailbox must not get round a second factor.
func (h *Handler) dropWays(ctx context.Context, who fusionauth.Account) error {
	if err := h.Client.DeletePasskeys(ctx, who.ID); err != nil || h.Registration != RegistrationUnverified {
		return err
	}
	for _, f := range who.Factors {
		err := h.Client.DropFactor(ctx, who.ID, f.ID)
		var refused *latchkey.ProviderError
		if errors.As(err, &refused) && refused.Code == latchkey.CodeInvalidCode { // guesses have locked all codes for a while
			return &latchkey.ProviderError{Code: latchkey.CodeTooManyAttempts, RetryAfter: 15 * time.Minute}
		}
		if err != nil && !errors.Is(err, fusionauth.ErrNotFound) {
			return err
		}
	}
	return nil
}

// dropNewWays drops what was added while the old password was still good.
func (h *Handler) dropNewWays(r *http.Request, userID string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), unwatched)
	defer cancel()
	who, err := h.Client.Account(ctx, userID)
	if err == nil {
		err = h.dropWays(ctx, who)
	}
	if err != nil {
		h.Logger.ErrorContext(ctx, "passkeys and factors of who had registered the address may be left", "user", userID, "error", err)
	}
}
