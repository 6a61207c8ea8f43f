package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/latchkey-dev/latchkey/idp"
)

// A namedUser is one that the command line names.
type namedUser struct {
	providerPlace
	User string `arg:"" help:"The user's e-mail address, username or id."`
}

func (n namedUser) find(w world, server *idp.Server) (idp.User, error) {
	u, err := server.UserByLoginID(w.ctx, n.User)
	if errors.Is(err, idp.ErrNotFound) {
		u, err = server.UserByID(w.ctx, n.User)
	}
	if errors.Is(err, idp.ErrNotFound) {
		err = fmt.Errorf("no user %s", n.User)
	}
	return u, err
}

// with finds the user, changes them, and prints what was done.
func (n namedUser) with(w world, done string, do func(*idp.Server, idp.User) error) error {
	return n.use(w, func(server *idp.Server) error {
		u, err := n.find(w, server)
		if err == nil {
			err = do(server, u)
		}
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(w.stdout, done, name(u), u.ID)
		return err
	})
}

func name(u idp.User) string {
	if u.Email != "" {
		return u.Email
	}
	return u.Username
}

// shownUser is a user as the commands print it.
type shownUser struct {
	ID            string              `json:"id"`
	Email         string              `json:"email,omitempty"`
	Username      string              `json:"username,omitempty"`
	Active        bool                `json:"active"`
	Verified      bool                `json:"verified"`
	Created       time.Time           `json:"created"`
	LastLogin     time.Time           `json:"lastLogin,omitzero"`
	Registrations map[string][]string `json:"registrations"` // application: roles
}

func shown(u idp.User) shownUser {
	s := shownUser{u.ID, u.Email, u.Username, u.Active, u.Verified, u.InsertInstant, u.LastLoginInstant, map[string][]string{}}
	for _, r := range u.Registrations {
		s.Registrations[r.ApplicationID] = r.Roles
	}
	return s
}

func printJSON(w world, v any) error {
	e := json.NewEncoder(w.stdout)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

type userListCommand struct {
	providerPlace
	Text  string `arg:"" optional:"" help:"Only users whose e-mail address or username contains this; * matches anything."`
	After int    `help:"Skip this many."`
	Most  int    `default:"100" help:"List at most this many."`
	JSON  bool   `name:"json" help:"Print JSON."`
}

func (c userListCommand) Run(w world) error {
	if c.After < 0 || c.Most < 1 {
		return &usageError{errors.New("--after must be at least 0, and --most at least 1")}
	}
	return c.use(w, func(server *idp.Server) error {
		users, total, err := server.FindUsers(w.ctx, c.Text, c.After, c.Most)
		if err != nil {
			return err
		}
		list := make([]shownUser, 0, len(users))
		for _, u := range users {
			list = append(list, shown(u))
		}
		if c.JSON {
			return printJSON(w, struct {
				Total int         `json:"total"`
				Users []shownUser `json:"users"`
			}{total, list})
		}
		table := tabwriter.NewWriter(w.stdout, 0, 0, 2, ' ', 0)
		for i, u := range users {
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", name(u), u.ID, state(u), lastLogin(list[i]))
		}
		fmt.Fprintf(table, "%d of %d\n", len(users), total)
		return table.Flush()
	})
}

func state(u idp.User) string {
	switch {
	case !u.Active:
		return "locked"
	case !u.Verified:
		return "unverified"
	}
	return "active"
}

func lastLogin(u shownUser) string {
	if u.LastLogin.IsZero() {
		return "never logged in"
	}
	return "last login " + u.LastLogin.Format(time.DateTime)
}

type userShowCommand struct {
	namedUser
	JSON bool `name:"json" help:"Print JSON."`
}

func (c userShowCommand) Run(w world) error {
	return c.use(w, func(server *idp.Server) error {
		u, err := c.find(w, server)
		if err != nil {
			return err
		}
		s := shown(u)
		if c.JSON {
			return printJSON(w, s)
		}
		table := tabwriter.NewWriter(w.stdout, 0, 0, 2, ' ', 0)
		fmt.Fprintf(table, "id\t%s\nemail\t%s\nusername\t%s\nstate\t%s\ncreated\t%s\nlogins\t%s\n", s.ID, s.Email, s.Username, state(u), s.Created.Format(time.DateTime), lastLogin(s))
		for _, r := range u.Registrations {
			fmt.Fprintf(table, "registered\t%s %s\n", r.ApplicationID, strings.Join(r.Roles, " "))
		}
		return table.Flush()
	})
}

type userLockCommand struct{ namedUser }

func (c userLockCommand) Run(w world) error {
	return c.with(w, "locked", func(s *idp.Server, u idp.User) error { return s.SetUserActive(w.ctx, u.ID, false) })
}

type userUnlockCommand struct{ namedUser }

func (c userUnlockCommand) Run(w world) error {
	return c.with(w, "unlocked", func(s *idp.Server, u idp.User) error { return s.SetUserActive(w.ctx, u.ID, true) })
}

type userDeleteCommand struct{ namedUser }

func (c userDeleteCommand) Run(w world) error {
	return c.with(w, "deleted", func(s *idp.Server, u idp.User) error { return s.DeleteUser(w.ctx, u.ID) })
}

type userPasswordCommand struct {
	namedUser
	PasswordFile      string `type:"existingfile" help:"A file with the password. Default: the terminal or standard input."`
	BreachedPasswords string `type:"existingfile" help:"A filter of passwords to refuse. Default: the configuration's."`
}

func (c userPasswordCommand) Run(w world) error {
	c.breached = c.BreachedPasswords
	return c.with(w, "new password for", func(s *idp.Server, u idp.User) error {
		password, err := readPassword(w, c.PasswordFile)
		if err != nil {
			return err
		}
		return s.SetPassword(w.ctx, u.ID, password)
	})
}

type userImportCommand struct {
	providerPlace
	File              string `arg:"" type:"existingfile" help:"The file."`
	BreachedPasswords string `type:"existingfile" help:"A filter of passwords to refuse; hashes cannot be checked. Default: the configuration's."`
}

func (c userImportCommand) Run(w world) error {
	c.breached = c.BreachedPasswords
	text, err := os.ReadFile(c.File)
	if err != nil {
		return err
	}
	return c.use(w, func(server *idp.Server) error {
		n, err := server.ImportUsers(w.ctx, text)
		if err != nil {
			return fmt.Errorf("%s: no user imported: %w", c.File, err)
		}
		_, err = fmt.Fprintf(w.stdout, "%d users imported\n", n)
		return err
	})
}
