package main

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/latchkey-dev/latchkey/idp"
	"github.com/latchkey-dev/latchkey/internal/configfile"
	"github.com/latchkey-dev/latchkey/internal/filemode"
)

// providerPlace says which embedded provider is meant. The commands can be used while it runs.
type providerPlace struct {
	Config string `short:"c" default:"latchkey.yaml" type:"path" help:"The configuration of the gateway."`
	Data   string `type:"path" help:"The data directory of a provider that runs alone (latchkey idp), instead of a configuration. Default: latchkey-data, if there is no latchkey.yaml."`

	breached string // the filter of breached passwords; empty: the configuration's
}

// place returns the data directory of the provider and, if a configuration names them, its other
// settings.
func (p providerPlace) place() (data string, file *configfile.File, err error) {
	if p.Data != "" {
		return p.Data, nil, nil
	}
	if beside, found := p.alone(); found {
		return beside, nil, nil
	}
	file, err = configfile.ReadPart(p.Config, configfile.Only("data", "provider.url", "provider.listen", "provider.issuer", "provider.breached_passwords", "apps.host", "apps.name", "apps.application_id"))
	if err != nil {
		return "", nil, err
	}
	if file.Provider.URL != "" {
		return "", nil, fmt.Errorf("%s uses the provider %s: manage its users and applications there", p.Config, file.Provider.URL)
	}
	return file.Data, file, nil
}

// alone finds the data of a provider that runs alone in the working directory, if nothing else is
// named.
func (p providerPlace) alone() (data string, found bool) {
	standard, err := filepath.Abs("latchkey.yaml")
	if err != nil || p.Config != standard {
		return "", false
	}
	data = filepath.Join(filepath.Dir(standard), "latchkey-data")
	_, err = os.Stat(p.Config)
	_, there := os.Stat(filepath.Join(data, "idp.db"))
	return data, errors.Is(err, fs.ErrNotExist) && there == nil
}

// use opens the provider for a while.
func (p providerPlace) use(w world, do func(*idp.Server) error) error {
	data, file, err := p.place()
	if err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(data, "idp.db")); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("no provider in %s yet", data)
	}
	return p.open(w, data, file, do)
}

// make is use, but creates the provider if it does not exist yet.
func (p providerPlace) make(w world, do func(*idp.Server, *configfile.File) error) error {
	data, file, err := p.place()
	if err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(data, "idp.db")); errors.Is(err, fs.ErrNotExist) && file == nil {
		return fmt.Errorf("no provider in %s yet", data)
	}
	if err := os.MkdirAll(data, 0o700); err != nil {
		return err
	}
	return p.open(w, data, file, func(server *idp.Server) error { return do(server, file) })
}

func (p providerPlace) open(w world, data string, file *configfile.File, do func(*idp.Server) error) (err error) {
	if err := checkDirectory(data); err != nil {
		return err
	}
	written := filepath.Join(data, "idp.db")
	if _, err := os.Stat(written); err != nil {
		written = data
	}
	if err := filemode.RootElsewhere(written); err != nil {
		return err
	}
	config := idp.Config{BreachedPasswords: p.breached, LeaveEvents: true}
	if file != nil {
		config.BreachedPasswords = cmp.Or(p.breached, file.Provider.BreachedPasswords)
		config.URL = cmp.Or(file.Provider.Issuer, ownURL(file.Provider.Listen)) // a new issuer waits for the next start
	}
	server, _, err := openProviderIn(w.ctx, data, config)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Close()) }()
	return do(server)
}
