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

// claimDirectory creates a data directory, checks its modes, and locks it against a second process.
// option is the flag or key that named it, for messages.
func claimDirectory(option, dir string) (unlock func() error, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("%s %s: cannot create the directory: %w", option, dir, errors.Unwrap(err))
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
		return nil, fmt.Errorf("%s %s: cannot write to the directory: %w", option, dir, err)
	}
	if !locked {
		return nil, fmt.Errorf("%s %s: another latchkey uses this directory", option, dir)
	}
	return lock.Unlock, nil
}

// secretFiles are patterns of the files in a data directory that only the owner may read.
var secretFiles = []string{"session.keys", "*.json", "api-key", "local-ca.key", "*.db", "*.db-wal", "*.db-shm"}

// checkDirectory refuses a data directory that others can write to, and files in it that others can
// read. A missing directory is fine: it will be created for its owner only.
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
			if err := filemode.Secret(file); !errors.Is(err, fs.ErrNotExist) { // SQLite removes its journals
				errs = append(errs, err)
			}
		}
	}
	return errors.Join(errs...)
}
