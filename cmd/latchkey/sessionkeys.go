package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/internal/configfile"
	"github.com/latchkey-dev/latchkey/internal/wholefile"
)

// sessionKeys is the file of the keys of the session cookies, in a data directory.
func sessionKeys(data string) string { return filepath.Join(data, "session.keys") }

// firstSessionKeys makes the keys of a data directory that will hold the sessions itself, before there is a database: a start that fails in between
// must not leave one that seems to have lost its keys. Whether a store elsewhere has sessions shows only when it is open.
func firstSessionKeys(file *configfile.File) error {
	if err := checkSessionKeys(file.Data); err != nil || file.Store != "sqlite" {
		return err
	}
	_, err := latchkey.LoadOrCreateKeys(sessionKeys(file.Data))
	return err
}

// openSessionKeys reads the keys of a data directory. It makes some where nothing has been sealed yet. Keys that are missing
// beside what they sealed are a mistake: new ones would sign everybody out.
func openSessionKeys(ctx context.Context, file *configfile.File, store latchkey.Store) (latchkey.KeyRing, error) {
	path := sessionKeys(file.Data)
	ring, err := latchkey.LoadKeys(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return ring, err
	}
	if shared, ok := store.(interface {
		Empty(context.Context) (bool, error)
	}); ok {
		empty, err := shared.Empty(ctx)
		if err != nil {
			return nil, fmt.Errorf("store: %w", err)
		}
		if !empty {
			return nil, missingKeys(path, "the sessions in the store")
		}
	}
	return latchkey.LoadOrCreateKeys(path)
}

// keysAgain reads the file of a program that runs. The key that seals in it must still be there: without it everybody would be signed out.
func keysAgain(path string, inForce latchkey.KeyRing) (latchkey.KeyRing, error) {
	ring, err := latchkey.LoadKeys(path)
	if err != nil {
		return nil, err
	}
	return ring, compareKeys(path, ring, inForce)
}

// compareKeys looks whether a file still has the key that seals here. Where it has not, other nodes, and this one after a restart, cannot open what it seals.
func compareKeys(path string, inFile, inForce latchkey.KeyRing) error {
	same := func(k latchkey.Key) bool { return k.Reveal() == inForce[0].Reveal() }
	if !slices.ContainsFunc(inFile, same) {
		return fmt.Errorf("%s no longer has the key that seals the cookies (%s): put it back, or restart to use those in the file, which signs everybody out", path, inForce[0])
	}
	return nil
}

// checkSessionKeys refuses a data directory that has databases and no keys. The keys are made first, so they
// are looked for last: another program may be making all of it now.
func checkSessionKeys(data string) error {
	for _, name := range []string{"sessions.db", "idp.db", "provider.json"} {
		beside := filepath.Join(data, name)
		if _, err := os.Stat(beside); err != nil {
			continue
		}
		path := sessionKeys(data)
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			return missingKeys(path, beside)
		}
	}
	return nil
}

func missingKeys(path, beside string) error {
	return fmt.Errorf("%s is missing, and %s is there: copy it from another node or from a backup; latchkey keys session add makes a new one, which signs everybody out", path, beside)
}

// A keyFile is the text of session.keys, line by line: comments belong to people and stay.
type keyFile struct {
	path  string
	lines []string
}

// standby marks a key that opens and is not to seal yet. It is the line above the key.
const standby = "# On standby: every node must have it before it is promoted (latchkey keys session promote)."

// readKeyFile reads the file, and makes none.
func readKeyFile(path string) (*keyFile, error) {
	if _, err := latchkey.LoadKeys(path); err != nil {
		return nil, err
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return &keyFile{path, strings.Split(strings.TrimRight(string(text), "\n"), "\n")}, nil
}

func (f *keyFile) ring() (latchkey.KeyRing, error) {
	return latchkey.ParseKeys(strings.Join(f.lines, "\n"))
}

// write puts the file in its place, if it can be read.
func (f *keyFile) write() error {
	if _, err := f.ring(); err != nil {
		return fmt.Errorf("%s: %w", f.path, err)
	}
	return wholefile.Rewrite(f.path, []byte(strings.Join(f.lines, "\n")+"\n"))
}

// add puts a new key behind the others.
func (f *keyFile) add() error {
	if f.onStandby() >= 0 {
		return fmt.Errorf("%s has a key on standby already: promote it first", f.path)
	}
	f.lines = append(f.lines, standby, latchkey.NewKey().Reveal())
	return f.write()
}

// onStandby returns the line above the key that waits, or -1.
func (f *keyFile) onStandby() int {
	for i, line := range f.lines {
		if line == standby && i+1 < len(f.lines) {
			return i
		}
	}
	return -1
}

// promote puts the key that waits in front of the others.
func (f *keyFile) promote() error {
	at := f.onStandby()
	if at < 0 {
		return fmt.Errorf("%s has no key on standby: latchkey keys session add makes one", f.path)
	}
	key := f.lines[at+1]
	rest := append(f.lines[:at:at], f.lines[at+2:]...)
	first := 0
	for first < len(rest) && !isKey(rest[first]) {
		first++
	}
	f.lines = append(append(rest[:first:first], key), rest[first:]...)
	return f.write()
}

// remove takes out the key of an id, which is not the first.
func (f *keyFile) remove(id string) error {
	ring, err := f.ring()
	if err != nil {
		return err
	}
	if ring[0].String() == id {
		return fmt.Errorf("%s is the key that seals: promote another first", id)
	}
	for i, line := range f.lines {
		if !isKey(line) {
			continue
		}
		if one, err := latchkey.ParseKeys(line); err != nil || one[0].String() != id {
			continue
		}
		from := i
		if i > 0 && f.lines[i-1] == standby {
			from--
		}
		f.lines = append(f.lines[:from:from], f.lines[i+1:]...)
		return f.write()
	}
	return fmt.Errorf("%s has no key %s: latchkey keys session list shows them", f.path, id)
}

func isKey(line string) bool {
	line = strings.TrimSpace(line)
	return line != "" && !strings.HasPrefix(line, "#")
}
