package account

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/fusionauth"
	"github.com/latchkey-dev/latchkey/internal/crash"
	"github.com/latchkey-dev/latchkey/internal/loginid"
	"github.com/latchkey-dev/latchkey/internal/wire"
)

// accountOf returns the account of the id in a mail.
func (h *Handler) accountOf(r *http.Request, id string, ask func(context.Context, latchkey.Secret) (fusionauth.Account, error)) (fusionauth.Account, error) {
	if id == "" { // the provider would treat it as a missing parameter
		return fusionauth.Account{}, wire.Of(wire.CodeLinkInvalid)
	}
	who, err := ask(r.Context(), latchkey.Secret(id))
	return who, link(err)
}

// link is the problem of an id that the provider does not know, or no longer.
func link(err error) error {
	if errors.Is(err, fusionauth.ErrNotFound) {
		return wire.Of(wire.CodeLinkInvalid)
	}
	return err
}

func (h *Handler) forgotPassword(w http.ResponseWriter, r *http.Request) error {
	return h.mail(w, r, passwordMail, h.config.Client.ForgotPassword)
}

func (h *Handler) sendVerification(w http.ResponseWriter, r *http.Request) error {
	return h.mail(w, r, verificationMail, h.config.Client.SendVerification)
}

// mail makes the provider send a mail, if the address has an account. The response does not wait
// for it, because its time would reveal whether there is one.
func (h *Handler) mail(w http.ResponseWriter, r *http.Request, kind mailKind, send func(context.Context, string) error) error {
	email, err := h.address(w, r)
	if err != nil {
		return err
	}
	h.sendLater(r, kind, email, send)
	accepted(w)
	return nil
}

// unwatched is how long a background call may take.
const unwatched = 10 * time.Second

// Mails of each kind are counted separately, so that nobody can exhaust those of one kind by asking
// for another, of which perhaps none is sent.
type mailKind string

const (
	passwordMail     mailKind = "password"
	verificationMail mailKind = "verification"
)

// sendLater sends a mail in the background. It drops mails that would flood a mailbox, silently.
func (h *Handler) sendLater(r *http.Request, kind mailKind, email string, send func(context.Context, string) error) {
	if h.mails.Take(string(kind)+" "+loginid.Canonical(email), h.config.Now()) > 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), unwatched)
	h.running.Go(func() {
		defer cancel()
		err := crash.Contain(func() error { return send(ctx, email) })
		if err != nil && !errors.Is(err, fusionauth.ErrNotFound) {
			h.config.Logger.ErrorContext(ctx, "provider did not send a mail", "path", r.URL.Path, "error", err)
		}
	})
}
