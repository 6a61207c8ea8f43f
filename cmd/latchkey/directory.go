package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"
)

// claimDirectory makes a data directory and locks it against a second process. The option is what it was named with, for messages.
func claimDirectory(option, dir string) (unlock func() error, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("%s %s: the directory cannot be made: %w", option, dir, errors.Unwrap(err))
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
