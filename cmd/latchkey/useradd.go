package main

import (
	"cmp"
	"errors"
	"fmt"

	"github.com/latchkey-dev/latchkey/idp"
	"github.com/latchkey-dev/latchkey/internal/configfile"
)

// chosenApps are the applications that a user may log in to, and the user's roles there.
type chosenApps struct {
	App  []string `help:"An application that the user may log in to, by id or name. Can be repeated. Default: all applications of the configuration or, without one, of the provider."`
	Role []string `help:"A role in each of them. Can be repeated."`
}

// ids finds the applications.
func (c chosenApps) ids(w world, server *idp.Server, file *configfile.File) (ids []string, err error) {
	for _, name := range c.App {
		a, err := findApp(w.ctx, server, name)
		if err != nil {
			return nil, err
		}
		ids = append(ids, a.ID)
	}
	switch {
	case len(c.App) > 0:
		return ids, nil
	case file != nil:
		for _, a := range file.Apps {
			ids = append(ids, a.ApplicationID)
		}
		return ids, nil
	}
	all, err := server.Applications(w.ctx)
	for _, a := range all {
		ids = append(ids, a.ID)
	}
	return ids, err
}

func (c chosenApps) register(w world, server *idp.Server, userID string, applications []string) error {
	for _, id := range applications {
		if err := server.Register(w.ctx, userID, id, c.Role...); err != nil {
			return fmt.Errorf("application %s: %w", id, err)
		}
	}
	return nil
}

type userAddCommand struct {
	providerPlace
	chosenApps
	Email             string `arg:"" help:"The user's e-mail address."`
	PasswordFile      string `type:"existingfile" help:"A file with the password. Default: the terminal or standard input."`
	BreachedPasswords string `type:"existingfile" help:"A filter of passwords to refuse. Default: the configuration's."`
}

// Run can be used while the gateway or the provider runs: the user can log in immediately. If it
// fails, no user was added.
func (c userAddCommand) Run(w world) error {
	c.breached = c.BreachedPasswords
	return c.make(w, func(server *idp.Server, file *configfile.File) error {
		if err := makeApplications(w, server, file); err != nil {
			return err
		}
		applications, err := c.ids(w, server, file)
		if err != nil {
			return err
		}
		password, err := readPassword(w, c.PasswordFile)
		if err != nil {
			return err
		}
		user, err := server.CreateUser(w.ctx, idp.NewUser{Email: c.Email, Password: password, Verified: true})
		if errors.Is(err, idp.ErrDuplicate) {
			return fmt.Errorf("user %s exists already: latchkey user register adds applications", c.Email)
		}
		if err != nil {
			return err
		}
		if err := c.register(w, server, user.ID, applications); err != nil {
			return errors.Join(err, server.DeleteUser(w.ctx, user.ID))
		}
		fmt.Fprintf(w.stdout, "added %s %s\n", user.Email, user.ID)
		return nil
	})
}

// makeApplications creates those of a configuration that was never served, so that users can be
// registered for them. The start of the gateway does the rest.
func makeApplications(w world, server *idp.Server, file *configfile.File) error {
	if file == nil {
		return nil
	}
	for i, a := range file.Apps {
		_, err := server.ApplicationByID(w.ctx, a.ApplicationID)
		if errors.Is(err, idp.ErrNotFound) {
			err = server.ChangeApplication(w.ctx, a.ApplicationID, func(application *idp.Application) { application.Name = cmp.Or(a.Name, a.Host, a.ApplicationID) })
		}
		if err != nil {
			return notTaken(file, i, err)
		}
	}
	return nil
}

type userRegisterCommand struct {
	namedUser
	chosenApps
}

// Run replaces the roles of an earlier registration.
func (c userRegisterCommand) Run(w world) error {
	return c.make(w, func(server *idp.Server, file *configfile.File) error {
		user, err := c.find(w, server)
		if err != nil {
			return err
		}
		applications, err := c.ids(w, server, file)
		if err != nil {
			return err
		}
		if err := c.register(w, server, user.ID, applications); err != nil {
			return err
		}
		_, err = fmt.Fprintln(w.stdout, "registered", name(user), user.ID)
		return err
	})
}
