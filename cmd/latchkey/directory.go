package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"

	"github.com/latchkey-dev/latchkey/internal/filemode"
)

// claimDirectory makes a data directory, checks its modes, and locks it against a second process. The option is what it was named with, for messages.
func claimDirectory(option, dir string) (unlock func() error, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("%s %s: the directory cannot be made: %w", option, dir, errors.Unwrap(err))
	}
	if err := checkDirectory(dir); err != nil {
		return nil, fmt.Errorf("%s: %w", option, err)
	}
	lock := flock.New(filepath.Join(dir, "lock"), flock.SetPermissions(0o600))
	locked, err := lock.TryLock()
	if err != nil {
		var path *os.PathError
		if errors.As(err, &path) {
			err = path.Err
		}
		return nil, fmt.Errorf("%s %s: the directory cannot be written: %w", option, dir, err)
	}
	if !locked {
		return nil, fmt.Errorf("%s %s: another latchkey uses this directory", option, dir)
	}
	return lock.Unlock, nil
}

// secretFiles are the files of a data directory that nobody else may read, as patterns.
var secretFiles = []string{"session.keys", "*.json", "api-key", "local-ca.key", "*.db", "*.db-wal", "*.db-shm"}

// checkDirectory refuses a data directory that others could write, and files in it that others could read. A directory that is not there is good: it will
// be made for its owner only.
func checkDirectory(dir string) error {
	err := filemode.Directory(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	errs := []error{err}
	for _, pattern := range secretFiles {
		files, err := filepath.Glob(filepath.Join(dir, pattern))
		errs = append(errs, err)
		for _, file := range files {
			if err := filemode.Secret(file); !errors.Is(err, fs.ErrNotExist) { // SQLite removes its own
				errs = append(errs, err)
			}
		}
	}
	return errors.Join(errs...)
}
