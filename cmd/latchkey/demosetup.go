package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"time"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/account"
	"github.com/latchkey-dev/latchkey/examples/forums"
	"github.com/latchkey-dev/latchkey/examples/store"
	"github.com/latchkey-dev/latchkey/fusionauth"
	"github.com/latchkey-dev/latchkey/fusionauth/webhook"
	"github.com/latchkey-dev/latchkey/gateway"
	"github.com/latchkey-dev/latchkey/idp"
	"github.com/latchkey-dev/latchkey/internal/mail"
	"github.com/latchkey-dev/latchkey/sqlitestore"
)

// The demo's applications, as the provider knows them.
const (
	storeApplication  = "5f0cbb7e-9b53-4d4e-8a5c-0d1f6c1e4a01"
	forumsApplication = "5f0cbb7e-9b53-4d4e-8a5c-0d1f6c1e4a02"
)

// A demo is everything that the command runs, wired together. Close closes it in reverse order of
// opening.
type demo struct {
	closers
	command  demoCommand
	secrets  demoSecrets
	log      *slog.Logger
	port     string // of the store and the forums
	idpURL   string
	keys     latchkey.KeyRing
	provider *idp.Server
	events   providerEvents // in front of provider
	apps     []webhook.App
	sessions *sqlitestore.Store
	hosts    map[string]http.Handler // by host without port
	tls      *certificates           // nil without --tls
}

func (c demoCommand) open(ctx context.Context, secrets demoSecrets, log *slog.Logger, apps, provider net.Addr) (d *demo, err error) {
	d = &demo{command: c, secrets: secrets, log: log, idpURL: "http://" + provider.String(), hosts: make(map[string]http.Handler)}
	defer func() {
		if err != nil {
			err = errors.Join(err, d.Close())
		}
	}()
	if _, d.port, err = net.SplitHostPort(apps.String()); err != nil {
		return d, err
	}
	if d.keys, err = latchkey.LoadOrCreateKeys(filepath.Join(c.Data, "session.keys")); err != nil {
		return d, err
	}
	if c.TLS {
		if d.tls, err = openLocalCertificates(c.Data, []string{"localhost"}, log); err != nil {
			return d, err
		}
	}
	if err = d.openProvider(ctx); err != nil {
		return d, err
	}
	if d.sessions, err = sqlitestore.Open(ctx, filepath.Join(c.Data, "sessions.db")); err != nil {
		return d, err
	}
	d.closers = append(d.closers, d.sessions)
	if err = d.openStore(ctx); err != nil {
		return d, err
	}
	if err = d.openForums(ctx); err != nil {
		return d, err
	}
	return d, d.openEvents(ctx)
}

func (d *demo) origin(name string) string {
	scheme, standard := "http", "80"
	if d.command.TLS {
		scheme, standard = "https", "443"
	}
	origin := scheme + "://" + name + ".localhost"
	if d.port != standard { // browsers omit the scheme's default port
		origin += ":" + d.port
	}
	return origin
}

// openProvider starts the identity provider and makes sure that it has both applications, the
// backends' API key, and the demo user.
func (d *demo) openProvider(ctx context.Context) (err error) {
	send, err := mail.Outbox(d.outbox(), "Latchkey demo <demo@latchkey.localhost>")
	if err != nil {
		return err
	}
	d.provider, err = idp.Open(ctx, idp.Config{
		Path: filepath.Join(d.command.Data, "idp.db"), Secret: [32]byte(d.secrets.Provider), URL: d.idpURL, SendMail: send, Logger: d.log,
	})
	if err != nil {
		return err
	}
	d.closers = append(d.closers, d.provider)
	if err := d.provider.EnsureTenant(ctx, idp.Tenant{Name: "Default", VerifyEmail: true, UnverifiedBehavior: idp.UnverifiedGated}); err != nil {
		return err
	}
	for _, app := range []idp.Application{
		{ID: storeApplication, Name: "Halden", PageURL: d.origin("store"), AllowTokenRefresh: true},
		{ID: forumsApplication, Name: "Nightjar", PageURL: d.origin("forums"), ClientSecret: d.secrets.ClientSecret},
	} {
		app.GenerateRefreshTokens = true
		app.AccessTokenTTL = max(d.command.SessionCap, time.Second)
		app.RefreshTokenTTL = max(d.command.RefreshTTL, time.Second)
		if err := d.provider.EnsureApplication(ctx, app); err != nil {
			return err
		}
	}
	err = d.provider.EnsureAPIKey(ctx, idp.APIKey{
		Key: d.secrets.APIKey, Description: "backends of the demo",
		Endpoints: backendEndpoints(),
	})
	return errors.Join(err, d.ensureUser(ctx))
}

// openEvents ends sessions as soon as the provider says so.
func (d *demo) openEvents(ctx context.Context) error {
	receiver, err := webhook.New(webhook.Config{Apps: d.apps, KeySetURL: keySetOf(d.idpURL), Logger: d.log})
	if err != nil {
		return err
	}
	d.events.next = d.provider
	d.events.receiver.Store(receiver)
	return d.provider.EnsureWebhook(ctx, ownWebhook(d.idpURL))
}

// outbox is the folder of the provider's mails.
func (d *demo) outbox() string { return filepath.Join(d.command.Data, "outbox") }

func (d *demo) ensureUser(ctx context.Context) error {
	user, err := d.provider.UserByLoginID(ctx, d.secrets.Email)
	if errors.Is(err, idp.ErrNotFound) {
		user, err = d.provider.CreateUser(ctx, idp.NewUser{
			Email: d.secrets.Email, Password: d.secrets.Password, Verified: true,
			Profile: idp.Profile{FirstName: "Ada", LastName: "Lovelace"},
		})
	}
	if err != nil {
		return err
	}
	return errors.Join(
		d.provider.Register(ctx, user.ID, storeApplication, "customer"),
		d.provider.Register(ctx, user.ID, forumsApplication, "member"),
	)
}

// login is the login of one app. Without a client secret it refreshes through /api/jwt/refresh,
// with one through /oauth2/token.
func (d *demo) login(name, applicationID, clientSecret string) (latchkey.Config, *fusionauth.Client, error) {
	provider, err := fusionauth.New(fusionauth.Config{
		URL: d.idpURL, APIKey: latchkey.Secret(d.secrets.APIKey), ApplicationID: applicationID,
		ClientSecret: latchkey.Secret(clientSecret), PasswordCheckedFirst: true, Logger: d.log,
	})
	return latchkey.Config{
		Origin: d.origin(name), App: name, Provider: provider, Store: d.sessions, Keys: d.keys,
		IdleTimeout: d.command.Idle, SessionCap: d.command.SessionCap, RefreshTTL: d.command.RefreshTTL,
		InFlightWindow: d.command.InFlightWindow, Logger: d.log, EndsFile: endsFile(d.command.Data, name),
	}, provider, err
}

// inFlags translates configuration errors into the names of the flags.
func inFlags(err error) error {
	all, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return err
	}
	var said []error
	for _, err := range all.Unwrap() {
		var mistake *latchkey.ConfigError
		if errors.As(err, &mistake) && demoFlags[mistake.Field] != "" {
			err = fmt.Errorf("%s: %s", demoFlags[mistake.Field], fieldNames.Replace(mistake.Reason))
		}
		said = append(said, err)
	}
	return errors.Join(said...)
}

var demoFlags = map[string]string{"IdleTimeout": "--idle", "SessionCap": "--session-cap", "RefreshTTL": "--refresh-ttl", "InFlightWindow": "--in-flight-window"}

var fieldNames = strings.NewReplacer("SessionCap", "--session-cap", "IdleTimeout", "--idle", "AbsoluteTimeout", "the absolute timeout of 90 days")

// openStore connects the store to the library.
func (d *demo) openStore(ctx context.Context) error {
	login, provider, err := d.login("store", storeApplication, "")
	if err != nil {
		return err
	}
	guard, err := latchkey.New(login)
	if err != nil {
		return inFlags(err)
	}
	d.closers = append(d.closers, closeWithin(5*time.Second, guard.Close))
	accounts, err := account.New(account.Config{
		Guard: guard, Client: provider, Origin: login.Origin, Registration: account.RegistrationVerified, Issuer: "Halden", Logger: d.log,
	})
	if err != nil {
		return err
	}
	d.closers = append(d.closers, closeFunc(func() error { accounts.Close(); return nil }))
	d.apps = append(d.apps, webhook.App{ApplicationID: storeApplication, Guard: guard})
	app, err := store.Open(ctx, store.Config{Path: filepath.Join(d.command.Data, "store.db"), Guard: guard, Account: accounts, Logger: d.log})
	return d.serveHost("store", app, app, err)
}

// openForums puts the forums behind the gateway, on a port of their own, like an app in any
// language.
func (d *demo) openForums(ctx context.Context) error {
	login, provider, err := d.login("forums", forumsApplication, d.secrets.ClientSecret)
	if err != nil {
		return err
	}
	userKey := rand.Text() + rand.Text() // for this run
	app, err := forums.Open(ctx, forums.Config{Path: filepath.Join(d.command.Data, "forums.db"), UserKey: userKey, Origin: d.origin("forums"), Logger: d.log})
	if err != nil {
		return fmt.Errorf("forums: %w", err)
	}
	d.closers = append(d.closers, app)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("forums: %w", err)
	}
	behind := newServer(app)
	go serveBeside(behind, listener, d.log)
	d.closers = append(d.closers, closeFunc(behind.Close)) // after the gateway: no more requests come
	g, err := gateway.New(gateway.Config{Logger: d.log, Apps: []gateway.App{{
		Login: login, Account: &account.Config{Client: provider, Registration: account.RegistrationVerified, Issuer: "Nightjar"}, Upstream: "http://" + listener.Addr().String(), Protect: []string{"/api/"}, UserKey: latchkey.Secret(userKey), NoBearer: true,
		Page: forums.Page(), PageHeaders: forums.PageHeaders(),
	}}})
	if err != nil {
		return inFlags(err)
	}
	d.apps = append(d.apps, webhook.App{ApplicationID: forumsApplication, Guard: g.Guard("forums.localhost")})
	return d.serveHost("forums", g, closeWithin(5*time.Second, g.Close), nil)
}

func (d *demo) serveHost(name string, app http.Handler, closer io.Closer, err error) error {
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	d.closers = append(d.closers, closer)
	d.hosts[name+".localhost"] = app
	return nil
}
