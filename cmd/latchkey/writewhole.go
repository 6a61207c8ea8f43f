package main

import (
	"errors"
	"os"
	"path/filepath"

	"github.com/latchkey-dev/latchkey/internal/filemode"
)

// writeWhole makes a file that only its owner can read, whole or not at all.
func writeWhole(path string, content []byte) error { return written(path, content, os.Rename) }

// writeFirst is writeWhole where there is no such file yet: otherwise fs.ErrExist.
func writeFirst(path string, content []byte) error { return written(path, content, os.Link) }

// rewriteWhole is writeWhole for a file that there is. It keeps its mode and owner, and where it is a symbolic link, the link.
func rewriteWhole(path string, content []byte) error {
	path, err := filepath.EvalSymlinks(path)
	if err != nil {
		return err
	}
	before, err := os.Stat(path)
	if err != nil {
		return err
	}
	return written(path, content, func(from, to string) error {
		if err := filemode.Like(before, from); err != nil {
			return err
		}
		return os.Rename(from, to)
	})
}

func written(path string, content []byte, put func(from, to string) error) error {
	file, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(file.Name())
	_, err = file.Write(content)
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	return put(file.Name(), path)
}
