package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/latchkey-dev/latchkey/idp"
)

type userVerifyCommand struct {
	providerPlace
	User     string `arg:"" optional:"" help:"The user's e-mail address, username or id."`
	Imported bool   `help:"All users who were imported as unverified and still have that address, because you know that the system they came from had verified it."`

	Since  time.Time `format:"2006-01-02" placeholder:"2006-01-02" help:"Only users imported on that day or later, in UTC."`
	Before time.Time `format:"2006-01-02" placeholder:"2006-01-02" help:"Only users imported before that day, in UTC."`
}

func (c userVerifyCommand) Run(w world) error {
	if c.Imported == (c.User != "") {
		return &usageError{errors.New("name a user, or use --imported")}
	}
	if dated := !c.Since.IsZero() || !c.Before.IsZero(); dated && !c.Imported {
		return &usageError{errors.New("--since and --before need --imported")}
	}
	if !c.Imported {
		return namedUser{c.providerPlace, c.User}.with(w, "verified", func(s *idp.Server, u idp.User) error { return s.SetUserVerified(w.ctx, u.ID, true) })
	}
	return c.use(w, func(server *idp.Server) error {
		count, err := server.MarkVerified(w.ctx, idp.Imports{Since: c.Since, Before: c.Before})
		if err == nil {
			_, err = fmt.Fprintf(w.stdout, "%d users verified\n", count)
		}
		return err
	})
}
