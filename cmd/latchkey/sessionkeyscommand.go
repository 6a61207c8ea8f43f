package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/internal/configfile"
	"github.com/latchkey-dev/latchkey/internal/filemode"
)

type keysSessionCommand struct {
	Add     keysSessionAddCommand     `cmd:"" help:"First step of a rotation: add a new key after the one that seals. Then copy session.keys to every node and send each node a SIGHUP."`
	Promote keysSessionPromoteCommand `cmd:"" help:"Second step, once every node has the new key: let it seal. Then copy session.keys to every node and send each node a SIGHUP."`
	Remove  keysSessionRemoveCommand  `cmd:"" help:"Remove an old key, once no session that it sealed can be alive: session.absolute (90 days) after the second step."`
	List    keysSessionListCommand    `cmd:"" help:"List the keys by their ids, never the keys themselves."`
}

// sessionKeysPlace says which session.keys is meant.
type sessionKeysPlace struct {
	Config string `short:"c" default:"latchkey.yaml" type:"path" help:"The configuration of the gateway."`
	Data   string `type:"path" help:"The directory of session.keys, instead of a configuration."`
	JSON   bool   `name:"json" help:"Print JSON."`
}

// path is where the file is, or will be.
func (p sessionKeysPlace) path() (string, error) {
	data := p.Data
	if data == "" {
		file, err := configfile.ReadPart(p.Config, configfile.Only("data"))
		if err != nil {
			return "", err
		}
		data = file.Data
	}
	if err := filemode.RootElsewhere(data); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	return sessionKeys(data), nil
}

func (p sessionKeysPlace) open() (*keyFile, error) {
	path, err := p.path()
	if err != nil {
		return nil, err
	}
	f, err := readKeyFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s does not exist: copy it from another node, or create the first one with latchkey keys session add", path)
	}
	return f, err
}

// shownSessionKey is a key as the commands print it.
type shownSessionKey struct {
	ID    string `json:"id"`
	State string `json:"state"`
}

// The states of a key.
const (
	keySeals   = "seals"
	keyOpens   = "opens" // opens what it sealed
	keyStandby = "standby"
)

func (p sessionKeysPlace) show(w world, f *keyFile) error {
	ring, err := f.ring()
	if err != nil {
		return err
	}
	waiting := ""
	if at := f.onStandby(); at >= 0 {
		waiting = f.lines[at+1]
	}
	list := make([]shownSessionKey, 0, len(ring))
	for i, k := range ring {
		shown := shownSessionKey{k.String(), keyOpens}
		switch {
		case i == 0:
			shown.State = keySeals
		case k.Reveal() == waiting:
			shown.State = keyStandby
		}
		list = append(list, shown)
	}
	if p.JSON {
		return printJSON(w, struct {
			Keys []shownSessionKey `json:"keys"`
		}{list})
	}
	for _, k := range list {
		fmt.Fprintln(w.stdout, k.ID, k.State)
	}
	return nil
}

// change opens the file, changes it and prints its keys.
func (p sessionKeysPlace) change(w world, change func(*keyFile) error, next string) error {
	f, err := p.open()
	if err != nil {
		return err
	}
	if err := change(f); err != nil {
		return err
	}
	if err := p.show(w, f); err != nil {
		return err
	}
	_, err = fmt.Fprintf(w.stderr, "%s written: copy it to every node and send each node a SIGHUP%s\n", f.path, next)
	return err
}

type keysSessionAddCommand struct{ sessionKeysPlace }

// Run adds a key. If there is no file it creates one, and the key seals immediately.
func (c keysSessionAddCommand) Run(w world) error {
	path, err := c.path()
	if err != nil {
		return err
	}
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return c.first(w, path)
	}
	return c.change(w, (*keyFile).add, "; then run latchkey keys session promote on one of them")
}

func (c keysSessionAddCommand) first(w world, path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	if _, err := latchkey.LoadOrCreateKeys(path); err != nil {
		return err
	}
	f, err := readKeyFile(path)
	if err != nil {
		return err
	}
	return c.show(w, f)
}

type keysSessionPromoteCommand struct{ sessionKeysPlace }

// Run promotes the key on standby.
func (c keysSessionPromoteCommand) Run(w world) error {
	return c.change(w, (*keyFile).promote, "")
}

type keysSessionRemoveCommand struct {
	sessionKeysPlace
	ID string `arg:"" name:"id" help:"The key's id, as list shows it."`
}

// Run removes a key.
func (c keysSessionRemoveCommand) Run(w world) error {
	return c.change(w, func(f *keyFile) error { return f.remove(c.ID) }, "")
}

type keysSessionListCommand struct{ sessionKeysPlace }

// Run lists them.
func (c keysSessionListCommand) Run(w world) error {
	f, err := c.open()
	if err != nil {
		return err
	}
	return c.show(w, f)
}
