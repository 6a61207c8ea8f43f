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

// sessionKeys is the name of the key file of the session cookies, in a data directory.
func sessionKeys(data string) string { return filepath.Join(data, "session.keys") }

// firstSessionKeys creates the keys of a data directory that will hold the sessions itself, before
// there is a database: a start that fails in between must not leave a database that seems to have
// lost its keys. Whether a store elsewhere has sessions is known only once it is open.
func firstSessionKeys(file *configfile.File) error {
	if err := checkSessionKeys(file.Data); err != nil || file.Store != "sqlite" {
		return err
	}
	_, err := latchkey.LoadOrCreateKeys(sessionKeys(file.Data))
	return err
}

// openSessionKeys reads the keys of a data directory. It creates them if nothing has been sealed
// yet. Keys that are missing although they have sealed something are an error: new ones would log
// everyone out.
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

// keysAgain reloads the file while the program runs. The key that seals must still be in it:
// without that key everyone would be logged out.
func keysAgain(path string, inForce latchkey.KeyRing) (latchkey.KeyRing, error) {
	ring, err := latchkey.LoadKeys(path)
	if err != nil {
		return nil, err
	}
	return ring, compareKeys(path, ring, inForce)
}

// compareKeys checks that the file still has the key that seals here. If it does not, other nodes,
// and this one after a restart, cannot open what it seals.
func compareKeys(path string, inFile, inForce latchkey.KeyRing) error {
	same := func(k latchkey.Key) bool { return k.Reveal() == inForce[0].Reveal() }
	if !slices.ContainsFunc(inFile, same) {
		return fmt.Errorf("%s no longer has the key that seals the cookies (%s): put it back, or restart with the keys in the file, which logs everyone out", path, inForce[0])
	}
	return nil
}

// checkSessionKeys refuses a data directory that has databases and no keys. It looks for the keys
// last: another process that starts now creates them first.
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
	return fmt.Errorf("%s is missing, although there is %s: copy it from another node or a backup; latchkey keys session add makes a new one, which logs everyone out", path, beside)
}

// A keyFile is the text of session.keys, line by line: people's comments are kept.
type keyFile struct {
	path  string
	lines []string
}

// standby marks a key that opens cookies and does not seal them yet. It is the line above the key.
const standby = "# On standby: every node must have it before it is promoted (latchkey keys session promote)."

// readKeyFile reads the file, and creates none.
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

// write replaces the file, if its new content is valid.
func (f *keyFile) write() error {
	if _, err := f.ring(); err != nil {
		return fmt.Errorf("%s: %w", f.path, err)
	}
	return wholefile.Rewrite(f.path, []byte(strings.Join(f.lines, "\n")+"\n"))
}

// add appends a new key.
func (f *keyFile) add() error {
	if f.onStandby() >= 0 {
		return fmt.Errorf("%s already has a key on standby: promote it first", f.path)
	}
	f.lines = append(f.lines, standby, latchkey.NewKey().Reveal())
	return f.write()
}

// onStandby returns the line above the key on standby, or -1.
func (f *keyFile) onStandby() int {
	for i, line := range f.lines {
		if line == standby && i+1 < len(f.lines) {
			return i
		}
	}
	return -1
}

// promote moves the key on standby to the front.
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

// remove removes the key with an id. The first key cannot be removed.
func (f *keyFile) remove(id string) error {
	ring, err := f.ring()
	if err != nil {
		return err
	}
	if ring[0].String() == id {
		return fmt.Errorf("%s is the key that seals: promote another key first", id)
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
