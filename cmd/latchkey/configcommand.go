package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/idp"
	"github.com/latchkey-dev/latchkey/internal/configfile"
	"github.com/latchkey-dev/latchkey/memstore"
)

type configCommand struct {
	Check configCheckCommand `cmd:"" help:"Read the configuration as serve does, and say what is wrong with it."`
}

type configCheckCommand struct {
	Config string `short:"c" default:"latchkey.yaml" type:"path" help:"The configuration."`
}

// Run makes all that the file asks for in memory. It opens no port and no connection, and writes nothing.
func (c configCheckCommand) Run(w world) (err error) {
	file, err := configfile.Read(c.Config)
	if err != nil {
		return err
	}
	_, port, err := net.SplitHostPort(file.Listen)
	if err != nil {
		return err
	}
	if port == "0" {
		port = "1" // any, for it is not known yet
	}
	if err := errors.Join(checkData(file), checkTLS(file)); err != nil {
		return err
	}
	s := &serving{file: file, log: slog.New(slog.DiscardHandler), port: port, keys: latchkey.KeyRing{latchkey.NewKey()}, store: memstore.New()}
	if file.Provider.URL == "" {
		if s.embedded, err = providerInMemory(w.ctx, file); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, s.embedded.Server.Close()) }()
	}
	g, err := s.newGateway(w.ctx, file)
	if err != nil {
		return err
	}
	defer g.Close(context.Background())
	if _, err := s.newReceiver(file, g); err != nil {
		return err
	}
	fmt.Fprintf(w.stdout, "%s is good:\n", c.Config)
	for i, a := range file.Apps {
		fmt.Fprintf(w.stdout, "  %s", s.origins(file)[i])
		if a.SPA != "" {
			fmt.Fprintf(w.stdout, "  page %s", a.SPA)
		}
		if a.Upstream != "" {
			fmt.Fprintf(w.stdout, "  app %s", a.Upstream)
		}
		fmt.Fprintln(w.stdout)
	}
	if file.Provider.URL == "" && sharesStore(file) {
		fmt.Fprintln(w.stdout, "note: the embedded provider belongs to this node. For several nodes run one provider for all of them, and name it in provider.url: docs/two-nodes.md")
	}
	return nil
}

// checkData looks at what is in the data directory.
func checkData(file *configfile.File) error {
	if err := checkDirectory(file.Data); err != nil {
		return file.Mistake("data", err.Error())
	}
	if err := checkSessionKeys(file.Data); err != nil {
		return file.Mistake("data", err.Error())
	}
	if text, err := os.ReadFile(sessionKeys(file.Data)); err == nil {
		if _, err := latchkey.ParseKeys(string(text)); err != nil {
			return file.Mistake("data", fmt.Sprintf("session.keys: %v", err))
		}
	}
	if file.Provider.URL == "" {
		if _, err := knownProviderSecrets(file.Data); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return file.Mistake("data", err.Error())
		}
	}
	return nil
}

// providerInMemory is the embedded provider as the file would have it, without a user and without a server.
func providerInMemory(ctx context.Context, file *configfile.File) (*embeddedProvider, error) {
	config := idp.Config{BreachedPasswords: file.Provider.BreachedPasswords}
	rand.Read(config.Secret[:])
	server, err := idp.Open(ctx, config)
	if err != nil {
		return nil, notOpened(file, err)
	}
	return &embeddedProvider{Server: server, url: "http://" + file.Provider.Listen, apiKey: "not asked"}, nil
}
