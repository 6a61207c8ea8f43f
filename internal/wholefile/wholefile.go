// Package wholefile writes files atomically: after a crash or a power loss a file has its old
// content or its new content, never half of it.
package wholefile

import (
	"errors"
	"os"
	"path/filepath"

	"github.com/latchkey-dev/latchkey/internal/filemode"
)

// Write creates or replaces a file, mode 0600.
func Write(path string, content []byte) error { return write(path, content, os.Rename) }

// Create creates a file, mode 0600. If there is one, it returns fs.ErrExist and leaves it
// unchanged.
func Create(path string, content []byte) error { return write(path, content, os.Link) }

// Rewrite replaces the content of a file. Its mode and owner stay and, if it is a symbolic link, so
// does the link. If there is no such file, it returns fs.ErrNotExist.
func Rewrite(path string, content []byte) error {
	path, err := filepath.EvalSymlinks(path)
	if err != nil {
		return err
	}
	before, err := os.Stat(path)
	if err != nil {
		return err
	}
	return write(path, content, func(from, to string) error {
		if err := filemode.Like(before, from); err != nil {
			return err
		}
		return os.Rename(from, to)
	})
}

// Remove removes a file durably: it does not come back after a power loss.
func Remove(path string) error {
	if err := os.Remove(path); err != nil {
		return err
	}
	syncDir(filepath.Dir(path))
	return nil
}

func write(path string, content []byte, put func(from, to string) error) error {
	file, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(file.Name())
	_, err = file.Write(content)
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	if err := put(file.Name(), path); err != nil {
		return err
	}
	syncDir(filepath.Dir(path))
	return nil
}

// syncDir makes the names in a directory survive a power loss, on systems that can sync
// directories.
func syncDir(path string) {
	if dir, err := os.Open(path); err == nil {
		dir.Sync()
		dir.Close()
	}
}
