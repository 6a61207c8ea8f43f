// Package filemode refuses secrets that others can read, and files and directories that others can change.
// Modes say nothing on Windows: there every file passes.
package filemode

import (
	"fmt"
	"io/fs"
	"os"
)

// Secret checks a file that holds a secret: keys, passwords, databases. It must belong to the user who runs the program or to root, and nobody else
// may write it. The group may read a file of root, as in a Kubernetes Secret with fsGroup (root:group, 0440); all else may be read by its owner only.
// PostgreSQL asks the same of ssl_key_file. Where root runs the program, any owner will do. A missing file is fs.ErrNotExist.
func Secret(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	return secret(path, info.Mode().Perm(), ownerOf(info), os.Geteuid())
}

// Directory checks a directory that holds such files: who may write it can put files of their own in their place.
// It must belong to the user who runs the program or to root; others may look into it. A missing directory is fs.ErrNotExist.
func Directory(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return fmt.Errorf("%s is not a directory", path)
	}
	return unwritable(path, info.Mode().Perm()&0o022, ownerOf(info), os.Geteuid())
}

// Unwritable checks a file without a secret, such as a configuration with variables in the place of its secrets: everybody may read it, and only its
// owner and its group may write it. A missing file is fs.ErrNotExist.
func Unwritable(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	return unwritable(path, info.Mode().Perm()&0o002, ownerOf(info), os.Geteuid())
}

// nobody is the owner where the system has none.
const nobody = -1

func secret(path string, mode fs.FileMode, owner, euid int) error {
	if owner == nobody {
		return nil
	}
	allowed := fs.FileMode(0o600)
	if owner == 0 {
		allowed = 0o640
	}
	if mode&0o077&^allowed != 0 {
		return fmt.Errorf("%s can be read or changed by other users (mode %04o): run chmod %03o %s", path, mode, mode&allowed, path)
	}
	return owned(path, owner, euid)
}

// unwritable is told which others may write.
func unwritable(path string, others fs.FileMode, owner, euid int) error {
	if others != 0 && owner != nobody {
		return fmt.Errorf("%s can be changed by other users: run chmod %s %s", path, map[fs.FileMode]string{0o002: "o-w", 0o020: "g-w", 0o022: "go-w"}[others], path)
	}
	return owned(path, owner, euid)
}

func owned(path string, owner, euid int) error {
	if owner == nobody || owner == 0 || owner == euid || euid == 0 {
		return nil
	}
	return fmt.Errorf("%s belongs to the user %d, who could change it: run chown %d %s, or run this as that user", path, owner, euid, path)
}
