package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"path/filepath"
	"strings"
	"time"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/internal/configfile"
	"github.com/latchkey-dev/latchkey/internal/doctor"
	"github.com/latchkey-dev/latchkey/pgstore"
	"github.com/latchkey-dev/latchkey/redisstore"
	"github.com/latchkey-dev/latchkey/sqlitestore"
)

// fromFile checks what latchkey serve would run.
func (c doctorCommand) fromFile() (doctor.Config, error) {
	if c.ApplicationID+c.TenantID+c.Issuer+c.Origin+c.BasePath+c.DeviceBinding+c.APIKeyFile+c.ClientSecretFile != "" || c.Idle+c.SessionCap+c.RefreshTTL+c.Absolute != 0 {
		return doctor.Config{}, errors.New("-c names the provider, the application and the times: leave out the flags for them")
	}
	file, err := configfile.ReadPart(c.Config, configfile.Except("apps.user_key", "apps.user_key_file", "mail.password", "mail.password_file"))
	if err != nil {
		return doctor.Config{}, err
	}
	_, port, err := net.SplitHostPort(file.Listen)
	if err != nil {
		return doctor.Config{}, err
	}
	p, s := file.Provider, file.Session
	config := doctor.Config{
		URL: p.URL, APIKey: latchkey.Secret(p.APIKey), TenantID: p.TenantID, Issuer: p.Issuer,
		Session:   doctor.Session{Idle: s.Idle, Cap: s.Cap, RefreshTTL: s.RefreshTTL, Absolute: s.Absolute, RefreshAhead: s.RefreshAhead},
		NoWebhook: !p.Webhook.On(), WebhookURL: eventsPath,
		Store:    func(ctx context.Context) (string, error) { return checkStore(ctx, file) },
		Embedded: func(ctx context.Context) (doctor.Embedded, error) { return lookAtEmbedded(ctx, file) },
	}
	for _, a := range file.Apps {
		if a.Bearer && config.Session.RefreshAhead == 0 {
			config.Session.RefreshAhead = time.Minute // as the gateway has it
		}
		app := doctor.App{
			Origin: origin(file, a, port), ApplicationID: a.ApplicationID, ClientSecret: latchkey.Secret(a.ClientSecret), Accounts: a.Accounts, Upstream: a.Upstream,
			BasePath: cmp.Or(a.BasePath, "/api"), NotBound: a.DeviceBinding == "off",
		}
		if strings.HasPrefix(a.SPA, "http") {
			app.DevServer = a.SPA
		} else {
			app.Page = a.SPA
		}
		config.Apps = append(config.Apps, app)
	}
	return config, nil
}

// checkStore looks at the session store without changing it.
func checkStore(ctx context.Context, file *configfile.File) (string, error) {
	scheme, _, _ := strings.Cut(file.Store, ":")
	switch scheme {
	case "memory":
		return "sessions are kept in memory: a restart logs everyone out", nil
	case "sqlite":
		path := filepath.Join(file.Data, "sessions.db")
		current, newest, err := sqlitestore.Check(ctx, path)
		if errors.Is(err, fs.ErrNotExist) {
			return path + " does not exist yet: latchkey serve creates it", nil
		}
		return schemaSeen(path, current, newest), err
	case "postgres", "postgresql":
		current, newest, err := pgstore.Check(ctx, file.Store)
		return schemaSeen("PostgreSQL", current, newest), err
	}
	store, err := redisstore.Open(ctx, file.Store) // creates nothing, and checks the server's version
	if err != nil {
		return "", err
	}
	return "Redis answers, and is new enough", store.Close()
}

func schemaSeen(where string, current, newest int64) string {
	if current < newest {
		return fmt.Sprintf("%s has schema %d: latchkey serve brings it to %d", where, current, newest)
	}
	return fmt.Sprintf("%s has schema %d, the newest", where, current)
}
