package gateway

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// Dir is a folder on disk as an App's Page. Unlike os.DirFS it follows no link out of the folder,
// and opens no file that only its owner or its group may read: a public file should be readable by
// everyone. The folder is looked up each time, so that a deployment may replace it.
func Dir(path string) fs.FS { return folder(path) }

type folder string

var _ fs.StatFS = folder("")

// Open opens a file. One that others may not read is an fs.ErrPermission.
func (f folder) Open(name string) (fs.File, error) {
	root, err := os.OpenRoot(string(f))
	if err != nil {
		return nil, err
	}
	defer root.Close()
	file, err := root.Open(name)
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err == nil {
		err = f.forEverybody(name, info)
	}
	if err != nil {
		file.Close()
		return nil, err
	}
	return file, nil
}

// Stat describes a file. One that others may not read is an fs.ErrPermission.
func (f folder) Stat(name string) (fs.FileInfo, error) {
	root, err := os.OpenRoot(string(f))
	if err != nil {
		return nil, err
	}
	defer root.Close()
	info, err := root.Stat(name)
	if err != nil {
		return nil, err
	}
	return info, f.forEverybody(name, info)
}

func (f folder) forEverybody(name string, info fs.FileInfo) error {
	if runtime.GOOS == "windows" || info.IsDir() || info.Mode().Perm()&0o004 != 0 {
		return nil
	}
	path := filepath.Join(string(f), name)
	return fmt.Errorf("%s is not readable by everyone (mode %04o): move it elsewhere if it is secret, or run chmod o+r %s: %w", path, info.Mode().Perm(), path, fs.ErrPermission)
}

// holdsNone returns an error if a page is a Dir that holds one of some files and directories.
func holdsNone(files fs.FS, private []string) error {
	dir, ok := files.(folder)
	if !ok {
		return nil
	}
	top, err := os.Stat(string(dir))
	if err != nil {
		return err
	}
	for _, path := range private {
		if within(top, path) {
			return fmt.Errorf("the page's folder %s holds %s, which browsers could then read: put the built page into its own folder", string(dir), path)
		}
	}
	return nil
}

// within reports whether a path is a directory or lies below it, however it is written.
func within(top fs.FileInfo, path string) bool {
	for path = resolved(path); ; path = filepath.Dir(path) {
		if info, err := os.Stat(path); err == nil && os.SameFile(info, top) {
			return true
		}
		if path == filepath.Dir(path) {
			return false
		}
	}
}

// resolved follows the links of a path as far as it exists.
func resolved(path string) string {
	path, err := filepath.Abs(path)
	if err != nil {
		return path
	}
	for rest := ""; ; path, rest = filepath.Dir(path), filepath.Join(filepath.Base(path), rest) {
		if real, err := filepath.EvalSymlinks(path); err == nil {
			return filepath.Join(real, rest)
		}
		if path == filepath.Dir(path) {
			return filepath.Join(path, rest)
		}
	}
}
