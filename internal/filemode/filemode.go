// Package filemode refuses secrets that others can read, and files and directories that others can change.
// Modes say nothing on Windows: there every file passes.
package filemode

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"strconv"
)

// Secret checks a file that holds a secret: keys, passwords, databases. It must belong to the user who runs the program or to root, and nobody else
// may write it. The user who runs the program must be able to read it. The group may read a file of root, as in a Kubernetes Secret with fsGroup (root:group, 0440); all else may be read by its owner only.
// PostgreSQL asks the same of ssl_key_file. Where root runs the program, any owner will do. A missing file is fs.ErrNotExist.
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
		return fmt.Errorf("%s belongs to %s and cannot be read: run chown %s %s", path, nameOf(ownerOf(info)), nameOf(os.Geteuid()), path)
	}
	if err != nil {
		return err
	}
	return file.Close()
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
	return directory(path, info.Mode().Perm(), ownerOf(info), os.Geteuid())
}

// Unwritable checks a file without a secret, such as a configuration with variables in the place of its secrets: everybody may read it, and only its
// owner, whoever that is, and its group may write it. A missing file is fs.ErrNotExist.
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

// RootElsewhere refuses to have root write a file or directory of another user: what root makes beside it, that user could not use afterwards.
func RootElsewhere(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	return rootElsewhere(path, ownerOf(info), os.Geteuid())
}

// Like gives a file, which its owner has just made, the mode and the owner of another that it will replace.
func Like(model fs.FileInfo, path string) error {
	mode := model.Mode().Perm()
	if err := chownLike(model, path); err != nil && mode&0o070 != 0 { // else the group reads nothing
		return err
	}
	return os.Chmod(path, mode)
}

func rootElsewhere(path string, owner, euid int) error {
	if euid != 0 || owner == 0 || owner == nobody {
		return nil
	}
	return fmt.Errorf("%s belongs to %s, who could not use what root makes there: run this with sudo -u %s", path, nameOf(owner), nameOf(owner))
}

// nameOf is the name of a user as chown and sudo take it.
func nameOf(id int) string {
	if account, err := user.LookupId(strconv.Itoa(id)); err == nil {
		return account.Username
	}
	return fmt.Sprintf("'#%d'", id)
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
