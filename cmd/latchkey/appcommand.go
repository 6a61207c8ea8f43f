package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/google/uuid"

	"github.com/latchkey-dev/latchkey/idp"
	"github.com/latchkey-dev/latchkey/internal/wholefile"
)

type appCommand struct {
	Add    appAddCommand    `cmd:"" help:"Add an application to the embedded provider. Its client secret is shown once. The apps of a gateway's configuration do not need this: latchkey serve adds them."`
	List   appListCommand   `cmd:"" help:"List applications."`
	Show   appShowCommand   `cmd:"" help:"Show an application."`
	Secret appSecretCommand `cmd:"" help:"Give an application a new client secret. It is shown once, and the old one stops working immediately."`
	Delete appDeleteCommand `cmd:"" help:"Delete an application permanently, with its registrations and refresh tokens."`
}

type appAddCommand struct {
	providerPlace
	Name    string `arg:"" help:"The application's name."`
	ID      string `name:"id" help:"The application's id, a UUID: the application_id of a configuration. Default: a new one."`
	PageURL string `name:"page-url" help:"The page that links in mails open, such as https://shop.example.com."`
	Env     string `type:"path" placeholder:"FILE" help:"Instead of showing the secret, write APPLICATION_ID, CLIENT_SECRET and FUSIONAUTH_API_KEY (a new key for its backend) to a file that only you can read."`
	Public  bool   `help:"Use no client secret: the page itself refreshes, so its scripts can read the tokens."`
	JSON    bool   `name:"json" help:"Print JSON."`
}

// Run never changes an existing application. Refreshing needs the new one's client secret or, with
// --public, nothing.
func (c appAddCommand) Run(w world) error {
	id, err := uuid.NewRandom()
	if c.ID != "" {
		id, err = uuid.Parse(c.ID)
	}
	if err != nil {
		return &usageError{fmt.Errorf("--id %s: want a UUID", c.ID)}
	}
	if _, err := os.Lstat(c.Env); c.Env != "" && !errors.Is(err, fs.ErrNotExist) {
		return errors.Join(err, fmt.Errorf("--env %s: the file exists already", c.Env))
	}
	return c.use(w, func(server *idp.Server) error {
		if _, err := server.ApplicationByID(w.ctx, id.String()); !errors.Is(err, idp.ErrNotFound) {
			return errors.Join(err, fmt.Errorf("application %s exists already", id))
		}
		err := server.EnsureApplication(w.ctx, idp.Application{
			ID: id.String(), Name: c.Name, PageURL: c.PageURL, GenerateRefreshTokens: true, AllowTokenRefresh: c.Public, ClientAuthenticationPolicy: authentication(c.Public),
		})
		if err != nil {
			return err
		}
		secret := ""
		if !c.Public {
			if secret, err = server.NewClientSecret(w.ctx, id.String()); err != nil {
				return err
			}
		}
		a, err := server.ApplicationByID(w.ctx, id.String())
		if err == nil && c.Env != "" {
			err = writeEnv(w, server, c.Env, a, secret)
			secret = ""
		}
		if err != nil {
			return err
		}
		return tellSecret(w, "added", a, secret, c.JSON)
	})
}

// writeEnv writes what the backend of an application needs, in the format of systemd's
// EnvironmentFile and docker's --env-file. A shell can read it too.
func writeEnv(w world, server *idp.Server, path string, a idp.KnownApplication, secret string) error {
	key := rand.Text() + rand.Text()
	err := server.EnsureAPIKey(w.ctx, idp.APIKey{Key: key, Description: "backend of " + a.Name, TenantID: a.TenantID, Endpoints: backendEndpoints()})
	if err != nil {
		return err
	}
	text := "APPLICATION_ID=" + a.ID + "\nFUSIONAUTH_API_KEY=" + key + "\n"
	if secret != "" {
		text += "CLIENT_SECRET=" + secret + "\n"
	}
	return wholefile.Create(path, []byte(text))
}

func authentication(public bool) idp.ClientAuthenticationPolicy {
	if public {
		return idp.ClientAuthenticationNotRequired
	}
	return idp.ClientAuthenticationRequired
}

// tellSecret is the only place that shows a client secret.
func tellSecret(w world, done string, a idp.KnownApplication, secret string, json bool) error {
	if json {
		s := shownAppOf(a)
		s.ClientSecret = secret
		return printJSON(w, s)
	}
	fmt.Fprintln(w.stdout, done, a.Name, a.ID)
	if secret != "" {
		fmt.Fprintln(w.stdout, "client secret:", secret)
		fmt.Fprintln(w.stderr, "save the client secret: it is not shown again")
	}
	return nil
}

// A namedApp is an application that the command line names.
type namedApp struct {
	providerPlace
	App string `arg:"" help:"The application's id, or its name if that is unique."`
}

// findApp finds an application by its id or its name.
func findApp(ctx context.Context, server *idp.Server, app string) (idp.KnownApplication, error) {
	all, err := server.Applications(ctx)
	var found []idp.KnownApplication
	for _, a := range all {
		if a.ID == strings.ToLower(app) {
			return a, nil
		}
		if a.Name == app {
			found = append(found, a)
		}
	}
	switch {
	case err != nil:
		return idp.KnownApplication{}, err
	case len(found) == 0:
		return idp.KnownApplication{}, fmt.Errorf("no application %s: latchkey app list shows them", app)
	case len(found) > 1:
		return idp.KnownApplication{}, fmt.Errorf("%d applications have the name %s: give the id instead", len(found), app)
	}
	return found[0], nil
}

// with changes an application, unless the configuration would undo the change.
func (n namedApp) with(w world, what string, do func(*idp.Server, idp.KnownApplication) error) error {
	return n.use(w, func(server *idp.Server) error {
		a, err := findApp(w.ctx, server, n.App)
		if err == nil {
			err = n.refuseConfigured(a.ID, what)
		}
		if err != nil {
			return err
		}
		return do(server, a)
	})
}

// refuseConfigured refuses applications of the gateway's configuration, which latchkey serve sets
// up at each start.
func (n namedApp) refuseConfigured(id, what string) error {
	_, file, err := n.place()
	if err != nil || file == nil {
		return err
	}
	for _, a := range file.Apps {
		if a.ApplicationID == id {
			return fmt.Errorf("%s:%d defines this application: %s there", n.Config, a.Line, what)
		}
	}
	return nil
}
