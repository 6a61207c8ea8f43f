package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/internal/configfile"
	"github.com/latchkey-dev/latchkey/memstore"
)

type configCommand struct {
	Check configCheckCommand `cmd:"" help:"Read the configuration as serve does, and say what is wrong with it."`
}

type configCheckCommand struct {
	Config string `short:"c" default:"latchkey.yaml" type:"path" help:"The configuration."`
}

// Run makes all that the file asks for, but opens no port, no database and no connection.
func (c configCheckCommand) Run(w world) error {
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
	s := &serving{file: file, log: slog.New(slog.DiscardHandler), port: port, keys: latchkey.KeyRing{latchkey.NewKey()}, store: memstore.New()}
	if file.Provider.URL == "" {
		s.embedded = &embeddedProvider{url: "http://" + file.Provider.Listen, apiKey: "not asked"}
	}
	if file.TLS.CertFile != "" {
		if _, err := readCertificate(file.TLS); err != nil {
			return err
		}
	}
	g, err := newGateway(file, s)
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
	return nil
}
