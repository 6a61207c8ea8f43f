// Package endsfile keeps tombstones that a store could not take, for the next process.
package endsfile

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/latchkey-dev/latchkey/internal/wholefile"
)

// An End is an ended session: its record, and the ids of the refresh tokens that must be revoked.
type End struct {
	Tombstone []byte   `json:"tombstone"`
	Revoke    []string `json:"revoke"`
}

// A File has the tombstones of one app. It exists only while there are some. Its methods are safe
// for concurrent use.
type File struct {
	path string // empty: there is none, and nothing is ever behind
	app  string

	mu     sync.Mutex
	exists bool
	digest [sha256.Size]byte // of the file as this process knows it
	saved  uint64            // the version of the list when it was saved
	at     time.Time         // of the last attempt of DueAt
}

// SaveEvery keeps an outage of the store, in which each logout changes the list, from becoming one
// of the disk.
const SaveEvery = time.Second

// Open returns the file and the ends in it. It fails if the file is damaged, is of another app, has
// a tombstone that check refuses, or could not be written.
func Open(path, app string, check func(tombstone []byte) error) (*File, []End, error) {
	f := &File{path: path, app: app}
	if path == "" {
		return f, nil, nil
	}
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return f, nil, f.tryWriting()
	}
	if err != nil {
		return nil, nil, err
	}
	ends, err := parse(text, app, check)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w: the sessions in it have ended and may come back; "+
			"restore the file, or move it away and revoke their refresh tokens at the provider", path, err)
	}
	f.exists, f.digest = true, sha256.Sum256(text)
	return f, ends, nil
}

func (f *File) tryWriting() error {
	probe, err := os.CreateTemp(filepath.Dir(f.path), filepath.Base(f.path)+".*")
	if err != nil {
		return err
	}
	return errors.Join(probe.Close(), os.Remove(probe.Name()))
}

// Path returns where the file is, or "".
func (f *File) Path() string { return f.path }

// Behind reports whether the file must be written for a list of this many ends, of this version.
func (f *File) Behind(ends int, version uint64) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.path != "" && version != f.saved && (ends > 0 || f.exists)
}

// Due reports whether SaveEvery has passed since it last did so.
func (f *File) Due(now time.Time) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if now.Sub(f.at).Abs() < SaveEvery {
		return false
	}
	f.at = now
	return true
}

// Save writes a list and remembers its version. It removes the file if the list is empty. A list
// that is older than the one in the file is ignored.
func (f *File) Save(ends []End, version uint64) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.path == "" || version < f.saved {
		return nil
	}
	err := f.write(ends)
	if err == nil {
		f.saved, f.exists = version, len(ends) > 0
	}
	return err
}

func (f *File) write(ends []End) error {
	if err := f.checkOwn(); err != nil {
		return err
	}
	if len(ends) == 0 {
		if err := wholefile.Remove(f.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	}
	text, err := format(f.app, ends)
	if err != nil {
		return err
	}
	if err := wholefile.Write(f.path, text); err != nil {
		return err
	}
	f.digest = sha256.Sum256(text)
	return nil
}

// errShared keeps one process from writing over the ends of another.
var errShared = errors.New("another guard, or somebody else, has written it: each app and each process needs a file of its own")

// checkOwn returns an error if the file is not as this process has left it.
func (f *File) checkOwn() error {
	text, err := os.ReadFile(f.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case !f.exists || sha256.Sum256(text) != f.digest:
		return fmt.Errorf("%s: %w", f.path, errShared)
	}
	return nil
}
