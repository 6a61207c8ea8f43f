package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"strings"
	"time"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/internal/configfile"
)

type configCommand struct {
	Check configCheckCommand `cmd:"" help:"Read the configuration as serve does, and report what is wrong with it."`
}

type configCheckCommand struct {
	Config string `short:"c" default:"latchkey.yaml" type:"path" help:"The configuration file."`
}

// Run tries the file out. It opens no port and no connection, and writes nothing.
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
		port = "1" // any: the real port is not known yet
	}
	if err := errors.Join(checkData(file), tryOut(w.ctx, file, port)); err != nil {
		return err
	}
	s := &serving{port: port}
	fmt.Fprintf(w.stdout, "%s is valid:\n", c.Config)
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
	for _, note := range s.bindingNotes(file) {
		fmt.Fprintln(w.stdout, "note: "+note)
	}
	if file.Provider.URL == "" && sharesStore(file) {
		fmt.Fprintln(w.stdout, "note: the embedded provider serves this node only. For several nodes, run one provider for all of them and set provider.url: docs/two-nodes.md")
	}
	return nil
}

// bindingNotes says what keeps browsers from binding sessions to their device, or from proving it
// in time.
func (s *serving) bindingNotes(file *configfile.File) (notes []string) {
	binds := false
	for i, a := range file.Apps {
		origin := s.origins(file)[i]
		switch {
		case a.DeviceBinding == "off":
		case strings.HasPrefix(origin, "http:"):
			notes = append(notes, origin+": device_binding has no effect, because browsers bind sessions over https only. In development, use tls: local")
		default:
			binds = true
		}
	}
	key, life := "session.device_proof_lifetime", file.Session.DeviceProofLifetime
	if life == 0 {
		key, life = "session.cap", file.Session.Cap // no proof is good for longer
	}
	if binds && life != 0 && life < 12*time.Minute {
		notes = append(notes, key+": below 12m, browsers that use several apps of one site reach their limit of signatures, and must wait")
	}
	return notes
}

// checkData checks the contents of the data directory.
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
