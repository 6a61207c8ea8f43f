package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/account"
	"github.com/latchkey-dev/latchkey/idp"
	"github.com/latchkey-dev/latchkey/internal/configfile"
	"github.com/latchkey-dev/latchkey/internal/wholefile"
)

// An embeddedProvider is the identity provider in the same process, with a server on loopback for
// its administrators.
type embeddedProvider struct {
	*idp.Server
	url    string
	apiKey latchkey.Secret
	http   *http.Server
	events providerEvents // in front of the Server
}

// providerSecrets are generated for each data directory.
type providerSecrets struct {
	APIKey   string `json:"apiKey"`   // of the gateway
	Provider []byte `json:"provider"` // root of the provider's keys
}

func openEmbeddedProvider(ctx context.Context, file *configfile.File, log *slog.Logger) (p *embeddedProvider, err error) {
	send, err := file.Mail.Sender()
	if err != nil {
		return nil, file.Mistake("mail", err.Error())
	}
	listener, err := listen("provider.listen", file.Provider.Listen)
	if err != nil {
		return nil, err
	}
	server, secrets, err := openProviderIn(ctx, file.Data, idp.Config{
		Issuer: file.Provider.Issuer, URL: ownURL(samePort(file.Provider.Listen, listener)),
		BreachedPasswords: file.Provider.BreachedPasswords, SendMail: send, Logger: log,
	})
	if err != nil {
		return nil, errors.Join(notOpened(file, err), listener.Close())
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, listener.Close(), server.Close())
		}
	}()
	err = server.EnsureAPIKey(ctx, idp.APIKey{Key: secrets.APIKey, Description: "latchkey serve", Endpoints: backendEndpoints()})
	if err != nil {
		return nil, err
	}
	p = &embeddedProvider{Server: server, url: "http://" + listener.Addr().String(), apiKey: latchkey.Secret(secrets.APIKey)}
	p.events.next, p.http = server, newServer(&p.events)
	p.http.ErrorLog = slog.NewLogLogger(log.Handler(), slog.LevelDebug)
	go serveBeside(p.http, listener, log)
	return p, nil
}

// backendEndpoints are the calls that the backend of an app makes.
func backendEndpoints() map[string][]string {
	endpoints := maps.Clone(account.Endpoints)
	endpoints["/api/login"], endpoints["/api/jwt/refresh"] = []string{"POST"}, []string{"DELETE"}
	return endpoints
}

// openProviderIn opens the provider of a data directory, and creates it if there is none.
func openProviderIn(ctx context.Context, data string, config idp.Config) (*idp.Server, providerSecrets, error) {
	secrets, err := providerSecretsIn(data)
	if err != nil {
		return nil, secrets, err
	}
	config.Path, config.Secret = filepath.Join(data, "idp.db"), [32]byte(secrets.Provider)
	server, err := idp.Open(ctx, config)
	if errors.Is(err, idp.ErrOtherSecret) {
		err = fmt.Errorf("%s does not belong to %s: restore it from a backup", filepath.Join(data, "provider.json"), config.Path)
	}
	return server, secrets, err
}

// providerSecretsIn reads the secrets of a data directory, or creates those of a new provider. If
// another process was faster, its secrets are used.
func providerSecretsIn(data string) (providerSecrets, error) {
	s, err := knownProviderSecrets(data)
	if !errors.Is(err, fs.ErrNotExist) {
		return s, err
	}
	if err := checkSessionKeys(data); err != nil {
		return s, err
	}
	if _, err := latchkey.LoadOrCreateKeys(sessionKeys(data)); err != nil { // an existing database needs its own
		return s, err
	}
	s = providerSecrets{APIKey: rand.Text() + rand.Text(), Provider: make([]byte, 32)}
	rand.Read(s.Provider)
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return s, err
	}
	path := filepath.Join(data, "provider.json")
	if err := wholefile.Create(path, append(text, '\n')); errors.Is(err, fs.ErrExist) {
		return loadProviderSecrets(path)
	} else if err != nil {
		return s, err
	}
	return s, nil
}

// knownProviderSecrets reads the secrets of an existing provider. Without one it returns
// fs.ErrNotExist.
func knownProviderSecrets(data string) (providerSecrets, error) {
	path, database := filepath.Join(data, "provider.json"), filepath.Join(data, "idp.db")
	_, made := os.Stat(database)
	s, err := loadProviderSecrets(path)
	if errors.Is(err, fs.ErrNotExist) && made == nil {
		return s, fmt.Errorf("%s is missing: restore it from a backup; without it nobody can log in to the accounts in %s", path, database)
	}
	return s, err
}

// loadProviderSecrets reads the file. If it is missing, the error is fs.ErrNotExist.
func loadProviderSecrets(path string) (s providerSecrets, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return s, err
	}
	if err := json.Unmarshal(text, &s); err != nil || len(s.Provider) != 32 || s.APIKey == "" {
		return s, fmt.Errorf("%s is damaged: restore it from a backup; without it nobody can log in to the accounts in idp.db", path)
	}
	return s, nil
}

// Close lets running calls end and closes the database.
func (p *embeddedProvider) Close() error {
	return errors.Join(stopServer(p.http, 5*time.Second), p.Server.Close())
}
