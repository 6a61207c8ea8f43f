package main

import (
	"crypto/rand"
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"text/template"

	"github.com/google/uuid"
)

//go:embed latchkey.yaml.tmpl
var firstFile string

type initCommand struct {
	Config string `short:"c" default:"latchkey.yaml" type:"path" help:"The file to write. An existing file is left unchanged."`
	Host   string `default:"app.localhost" help:"The host name of the app."`
}

// Run writes a commented configuration with fresh keys, readable by its owner only.
func (c initCommand) Run(w world) error {
	text, err := template.New("").Parse(firstFile)
	if err != nil {
		return err
	}
	file, err := os.OpenFile(c.Config, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s exists already: choose another name with -c", c.Config)
	}
	if err != nil {
		return err
	}
	err = text.Execute(file, map[string]string{
		"Host": c.Host, "ApplicationID": uuid.NewString(), "ClientSecret": rand.Text() + rand.Text(), "UserKey": rand.Text() + rand.Text(),
	})
	if err := errors.Join(err, file.Close()); err != nil {
		return err
	}
	name := filepath.Base(c.Config)
	fmt.Fprintf(w.stdout, `%[1]s is written. Say in it where your app is, and then:
  latchkey config check -c %[2]s
  latchkey user add -c %[2]s you@example.com
  latchkey serve -c %[2]s
`, c.Config, name)
	return nil
}
