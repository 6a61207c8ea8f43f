// Package filemode refuses secrets that others can read, and files and directories that others can
// change. Windows has no such modes: there every file passes.
package filemode

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"strconv"
)

// Secret checks a file that holds a secret: keys, passwords, databases. It must belong to the user
// who runs the program or to root, and only its owner may write it. The user who runs the program
// must be able to read it. The group may read a file owned by root, as in a Kubernetes Secret with
// fsGroup (root:group, 0440); any other file may be readable by its owner only. PostgreSQL has the
// same rules for ssl_key_file. If root runs the program, the owner does not matter. A missing file
// is fs.ErrNotExist.
func Secret(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return nil // a pipe or a terminal
	}
	if err := secret(path, info.Mode().Perm(), ownerOf(info), os.Geteuid()); err != nil {
		return err
	}
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("%s belongs to %s and is not readable: run chown %s %s", path, nameOf(ownerOf(info)), nameOf(os.Geteuid()), path)
	}
	if err != nil {
		return err
	}
	return file.Close()
}

// Directory checks a directory that holds such files: anyone who can write to it can replace them.
// It must belong to the user who runs the program or to root; others may read it. A missing
// directory is fs.ErrNotExist.
func Directory(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return fmt.Errorf("%s is not a directory", path)
	}
	return directory(path, info.Mode().Perm(), ownerOf(info), os.Geteuid())
}

// Unwritable checks a file without a secret, such as a configuration whose secrets are in
// variables: everyone may read it, but only its owner, who can be anyone, and its group may write
// it. A missing file is fs.ErrNotExist.
func Unwritable(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if info.Mode().Perm()&0o002 != 0 && ownerOf(info) != nobody {
		return fmt.Errorf("%s can be changed by every user of this machine: run chmod o-w %s", path, path)
	}
	return nil
}

// RootElsewhere refuses to let root write to a file or directory of another user, who could not use
// the files that root creates there.
func RootElsewhere(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	return rootElsewhere(path, ownerOf(info), os.Geteuid())
}

// Like gives a new file the mode and the owner of the file that it will replace.
func Like(model fs.FileInfo, path string) error {
	mode := model.Mode().Perm()
	if err := chownLike(model, path); err != nil && mode&0o070 != 0 { // or else the group could not read it
		return err
	}
	return os.Chmod(path, mode)
}

func rootElsewhere(path string, owner, euid int) error {
	if euid != 0 || owner == 0 || owner == nobody {
		return nil
	}
	return fmt.Errorf("%s belongs to %s, who could not use files that root creates there: run this with sudo -u %s", path, nameOf(owner), nameOf(owner))
}

// nameOf is the name of a user for chown and sudo.
func nameOf(id int) string {
	if account, err := user.LookupId(strconv.Itoa(id)); err == nil {
		return account.Username
	}
	return fmt.Sprintf("'#%d'", id)
}

// nobody is the owner on systems without owners.
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

func directory(path string, mode fs.FileMode, owner, euid int) error {
	if mode&0o022 != 0 && owner != nobody {
		return fmt.Errorf("%s can be changed by other users (mode %04o): run chmod go-w %s", path, mode, path)
	}
	return owned(path, owner, euid)
}

func owned(path string, owner, euid int) error {
	if owner == nobody || owner == 0 || owner == euid || euid == 0 {
		return nil
	}
	return fmt.Errorf("%s belongs to %s, who could change it: run chown %s %s, or run this with sudo -u %s", path, nameOf(owner), nameOf(euid), path, nameOf(owner))
}
