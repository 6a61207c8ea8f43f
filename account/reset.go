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

// resetPassword takes the id of a mail and the new password, and ends the user's sessions. It logs
// nobody in: a mailbox must not bypass a second factor. The response says how many passkeys still
// open the account, for its owner to check.
func (h *Handler) resetPassword(w http.ResponseWriter, r *http.Request) error {
	var id, typed string
	if err := h.form(w, r, wire.Fields{"id": &id, "password": &typed}); err != nil {
		return err
	}
	password, err := newPassword(typed)
	if err != nil {
		return err
	}
	who, err := h.accountOf(r, id, h.config.Client.AccountOfChange)
	if err != nil {
		return err
	}
	if err := h.reset(r, who, latchkey.Secret(id), password); err != nil {
		return link(err)
	}
	keys, err := h.config.Client.Passkeys(r.Context(), who.ID)
	if err != nil {
		return err
	}
	wire.Write(w, http.StatusOK, map[string]int{"passkeys": len(keys)})
	return nil
}

// reset sets the password of an account by the id of a mail. An account that somebody else may have
// registered loses their ways into it: before, so that a failure can be retried, and again after
// it.
func (h *Handler) reset(r *http.Request, who fusionauth.Account, id, password latchkey.Secret) error {
	foreign := h.config.Registration != RegistrationClosed && !who.Verified
	if foreign {
		if err := h.dropWays(r.Context(), who); err != nil {
			return err
		}
	}
	err := h.setPassword(r, who.ID, func(ctx context.Context) error { return h.config.Client.ResetPassword(ctx, id, password) })
	if err != nil {
		return err
	}
	h.config.Guard.ForgetFailures(who.LoginID)
	if foreign {
		h.dropNewWays(r, who.ID)
	}
	return nil
}

// dropWays removes ways into an account that bypass its password. Nobody has proved the address
// until now: somebody else may have registered it, and wait for its owner to set a password and use
// the account. That holds for RegistrationVerified too: the account may be older than that setting,
// or created for another application. An authenticator alone opens nothing. It is removed only with
// RegistrationUnverified, where somebody else can have set one up: otherwise a mailbox must not
// bypass a second factor.
func (h *Handler) dropWays(ctx context.Context, who fusionauth.Account) error {
	if err := h.config.Client.DeletePasskeys(ctx, who.ID); err != nil || h.config.Registration != RegistrationUnverified {
		return err
	}
	for _, f := range who.Factors {
		err := h.config.Client.DropFactor(ctx, who.ID, f.ID)
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

// dropNewWays removes what was added while the old password was still valid. The new password is
// set, so a failure is only logged.
func (h *Handler) dropNewWays(r *http.Request, userID string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), unwatched)
	defer cancel()
	if err := h.dropWaysOf(ctx, userID); err != nil {
		h.config.Logger.ErrorContext(ctx, "cannot remove the passkeys and factors from before a new password", "user", userID, "error", err)
	}
}

func (h *Handler) dropWaysOf(ctx context.Context, userID string) error {
	who, err := h.config.Client.Account(ctx, userID)
	if err != nil {
		return err
	}
	return h.dropWays(ctx, who)
}
