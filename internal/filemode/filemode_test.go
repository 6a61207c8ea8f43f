//go:build unix

package filemode

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const (
	root    = 0
	service = 54321
	other   = 54322
)

func TestSecret(t *testing.T) {
	for _, c := range []struct {
		mode        fs.FileMode
		owner, euid int
		mend        string // empty: no error
	}{
		{0o600, service, service, ""},
		{0o400, service, service, ""},
		{0o000, service, service, ""}, // reading it fails by itself
		{0o440, root, service, ""},    // a Kubernetes Secret with fsGroup
		{0o640, root, service, ""},
		{0o640, root, root, ""},
		{0o600, service, root, ""}, // an administrator's command
		{0o440, service, service, "chmod 400"},
		{0o640, service, service, "chmod 600"},
		{0o620, service, service, "chmod 600"},
		{0o644, service, service, "chmod 600"},
		{0o660, root, service, "chmod 640"},
		{0o444, root, service, "chmod 440"},
		{0o602, root, service, "chmod 600"},
		{0o600, other, service, "chown"},
	} {
		if err := secret("/data/key", c.mode, c.owner, c.euid); (err == nil) != (c.mend == "") || err != nil && !strings.Contains(err.Error(), c.mend) {
			t.Errorf("mode %04o of %d, run by %d: %v, want %q", c.mode, c.owner, c.euid, err, c.mend)
		}
	}
}

func TestDirectory(t *testing.T) {
	dir := t.TempDir()
	for mode, good := range map[fs.FileMode]bool{0o700: true, 0o750: true, 0o755: true, 0o775: false, 0o770: false, 0o777: false, 0o703: false} {
		if err := os.Chmod(dir, mode); err != nil {
			t.Fatal(err)
		}
		if err := Directory(dir); (err == nil) != good {
			t.Errorf("mode %04o: %v", mode, err)
		}
	}
	if err := directory(dir, 0o755, other, service); err == nil {
		t.Error("a directory of somebody else passes")
	}
}

func TestSecretOnDisk(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for mode, good := range map[fs.FileMode]bool{0o600: true, 0o604: false, 0o666: false} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		if err := Secret(path); (err == nil) != good {
			t.Errorf("mode %04o: %v", mode, err)
		}
	}
}

func TestRootElsewhere(t *testing.T) {
	for _, c := range []struct {
		owner, euid int
		good        bool
	}{{root, root, true}, {service, service, true}, {root, service, true}, {service, root, false}} {
		if err := rootElsewhere("/data", c.owner, c.euid); (err == nil) != c.good || err != nil && !strings.Contains(err.Error(), "sudo -u '#54321'") {
			t.Errorf("%d in the directory of %d: %v", c.euid, c.owner, err)
		}
	}
}

func TestUnwritable(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for mode, good := range map[fs.FileMode]bool{0o644: true, 0o664: true, 0o666: false, 0o602: false} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		if err := Unwritable(path); (err == nil) != good {
			t.Errorf("mode %04o: %v", mode, err)
		}
	}
}

func TestMissing(t *testing.T) {
	for name, check := range map[string]func(string) error{"Secret": Secret, "Directory": Directory, "Unwritable": Unwritable} {
		if err := check(filepath.Join(t.TempDir(), "missing")); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
