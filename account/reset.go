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
	if err == nil && id == "" {
		err = wire.Of(wire.CodeLinkInvalid)
	}
	if err == nil {
		who, err = h.Client.AccountOfChange(r.Context(), latchkey.Secret(id))
	}
	foreign := err == nil && h.Registration == RegistrationUnverified && !who.Verified
	if foreign { // first, so that it can be tried again
		err = h.dropFactors(r.Context(), who)
	}
	if err == nil {
		err = h.Client.ResetPassword(r.Context(), latchkey.Secret(id), fresh)
	}
	if err != nil {
		h.fail(w, r, link(err))
		return
	}
	h.endBefore(r, who.ID)
	h.Guard.ForgetFailures(who.LoginID)
	if foreign {
		h.dropNewFactors(r, who.ID)
	}
	keys, err := h.Client.Passkeys(r.Context(), who.ID)
	if err != nil {
		h.fail(w, r, err)
		return
	}
	wire.Write(w, http.StatusOK, map[string]int{"passkeys": len(keys)})
}

// dropFactors takes from an account what other ways into it there are beside the password. Where nobody had to prove the address, it may be somebody else who registered
// it, and waits for its owner to set a password and fill the account.
func (h *Handler) dropFactors(ctx context.Context, who fusionauth.Account) error {
	if err := h.Client.DeletePasskeys(ctx, who.ID); err != nil {
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

// dropNewFactors drops what has been added while the old password was still good.
func (h *Handler) dropNewFactors(r *http.Request, userID string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), unwatched)
	defer cancel()
	who, err := h.Client.Account(ctx, userID)
	if err == nil {
		err = h.dropFactors(ctx, who)
	}
	if err != nil {
		h.Logger.ErrorContext(ctx, "passkeys and factors of who had registered the address may be left", "user", userID, "error", err)
	}
}
