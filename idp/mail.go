package idp

import (
	"context"
	"fmt"
	"net/url"
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

// postbox counts the mails under way.
type postbox struct{ waiting atomic.Int64 }

// mail sends a letter and does not wait for it: the time that an answer takes
// must not tell whether there was somebody to write to. Close waits.
func (s *Server) mail(ctx context.Context, m Mail) {
	if s.postbox.waiting.Add(1) > maxMails {
		s.postbox.waiting.Add(-1)
		s.log.ErrorContext(ctx, "a mail is dropped: too many are waiting", "subject", m.Subject)
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), mailTimeout)
	s.mails.Go(func() {
		defer cancel()
		defer s.postbox.waiting.Add(-1)
		if err := crash.Contain(func() error { return s.sendMail(ctx, m) }); err != nil {
			s.log.ErrorContext(ctx, "a mail was not sent", "subject", m.Subject, "error", err)
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

// letterOf is the mail with a ticket. It links to the application's page, with
// the ticket behind the #, which browsers send to nobody.
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
