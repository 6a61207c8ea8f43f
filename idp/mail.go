package idp

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/latchkey-dev/latchkey/internal/crash"
)

// Mail is a letter to a user, in plain text.
type Mail struct {
	To      string // an address
	Subject string
	Text    string // lines end in \n
}

// Bounds on mails that are under way.
const (
	maxMails    = 256
	mailTimeout = time.Minute
)

// A mailQueue sends mails in the background.
type mailQueue struct {
	deliver func(context.Context, Mail) error // nil: there is no mail
	log     *slog.Logger

	waiting atomic.Int64
	running sync.WaitGroup
}

// send sends a mail in the background: response time must not reveal whether the user exists.
func (q *mailQueue) send(ctx context.Context, m Mail) {
	if q.waiting.Add(1) > maxMails {
		q.waiting.Add(-1)
		q.log.ErrorContext(ctx, "mail dropped: too many are waiting", "subject", m.Subject)
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), mailTimeout)
	q.running.Go(func() {
		defer cancel()
		defer q.waiting.Add(-1)
		if err := crash.Contain(func() error { return q.deliver(ctx, m) }); err != nil {
			q.log.ErrorContext(ctx, "cannot send mail", "subject", m.Subject, "error", err)
		}
	})
}

// linkTo is the address of a page with a ticket in its fragment.
func linkTo(page, what string, t ticket) string {
	u, err := url.Parse(page)
	if err != nil { // Application.check does not let it in
		return page + "#" + what + "=" + string(t)
	}
	if u.Path == "" {
		u.Path = "/"
	}
	u.Fragment = what + "=" + string(t)
	return u.String()
}

// letterOf is the mail with a ticket. It links to the application's page, with the ticket in the
// fragment, which browsers do not send.
func letterOf(u *User, app application, what string, t ticket) Mail {
	name := app.Name
	if name == "" {
		name = "your account"
	}
	link := "Your code is:\n\n" + string(t)
	if app.PageURL != "" {
		link = "Open this page:\n\n" + linkTo(app.PageURL, what, t)
	}
	if what == "verify-email" {
		return Mail{u.Email, "Confirm your e-mail address for " + name, fmt.Sprintf(
			"Somebody made an account for %s with this address. If it was you, confirm the address.\n%s\n\nIt is good for %d hours. If it was not you, do nothing: the account stays closed.\n",
			name, link, int(verificationTTL.Hours()))}
	}
	return Mail{u.Email, "A new password for " + name, fmt.Sprintf(
		"Somebody asked for a new password for your account at %s. If it was you, choose one.\n%s\n\nIt is good for %d minutes, and once. If it was not you, do nothing: your password stays as it is.\n",
		name, link, int(changeTTL.Minutes()))}
}
