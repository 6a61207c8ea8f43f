package main

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/idp"
	"github.com/latchkey-dev/latchkey/internal/configfile"
	"github.com/latchkey-dev/latchkey/memstore"
)

// tryOut builds in memory everything that a file asks for: no port, no connection, no file. It must
// refuse what is wrong before a start creates keys and databases, and before a reload changes the
// provider's applications.
func tryOut(ctx context.Context, file *configfile.File, port string) (err error) {
	if err := checkTLS(file); err != nil {
		return err
	}
	s := &serving{file: file, log: slog.New(slog.DiscardHandler), port: port, keys: latchkey.KeyRing{latchkey.NewKey()}, store: memstore.New()}
	if file.Provider.URL == "" {
		if s.embedded, err = providerInMemory(ctx, file); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, s.embedded.Server.Close()) }()
	}
	g, err := s.newGateway(ctx, file)
	if err != nil {
		return err
	}
	_, err = s.newReceiver(file, g)
	return errors.Join(err, g.Close(ctx))
}

// providerInMemory is the embedded provider that the file describes, without users and without a
// server.
func providerInMemory(ctx context.Context, file *configfile.File) (*embeddedProvider, error) {
	config := idp.Config{BreachedPasswords: file.Provider.BreachedPasswords, Issuer: file.Provider.Issuer}
	rand.Read(config.Secret[:])
	server, err := idp.Open(ctx, config)
	if err != nil {
		return nil, notOpened(file, err)
	}
	return &embeddedProvider{Server: server, url: "http://" + file.Provider.Listen, apiKey: "not asked"}, nil
}
