package main

import (
	"errors"
	"os"
	"path/filepath"
)

// writeWhole makes a file that only its owner can read, whole or not at all.
func writeWhole(path string, content []byte) error { return written(path, content, os.Rename) }

// writeFirst is writeWhole where there is no such file yet: otherwise fs.ErrExist.
func writeFirst(path string, content []byte) error { return written(path, content, os.Link) }

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
