//go:build unix

package wholefile_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/latchkey-dev/latchkey/internal/wholefile"
)

// holds checks the content of a file, and that its directory contains no others than those named.
func holds(t *testing.T, path, content string, mode fs.FileMode, others int) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil || string(text) != content {
		t.Errorf("the file has %q, %v, want %q", text, err, content)
	}
	if info, err := os.Stat(path); err != nil || info.Mode() != mode {
		t.Errorf("the file is %v, %v, want %v", info, err, mode)
	}
	if entries, err := os.ReadDir(filepath.Dir(path)); err != nil || len(entries) != 1+others {
		t.Errorf("the directory has %v, %v", entries, err)
	}
}

func TestWrite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	for _, content := range []string{"one", "", "two"} {
		if err := wholefile.Write(path, []byte(content)); err != nil {
			t.Fatal(err)
		}
		holds(t, path, content, 0o600, 0)
	}
	if err := wholefile.Write(filepath.Join(path, "below"), nil); err == nil {
		t.Error("written below a file")
	}
}

func TestCreate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	if err := wholefile.Create(path, []byte("one")); err != nil {
		t.Fatal(err)
	}
	if err := wholefile.Create(path, []byte("two")); !errors.Is(err, fs.ErrExist) {
		t.Errorf("made twice: %v", err)
	}
	holds(t, path, "one", 0o600, 0)
}

func TestRewrite(t *testing.T) {
	dir := t.TempDir()
	path, link := filepath.Join(dir, "file"), filepath.Join(dir, "link")
	if err := wholefile.Rewrite(path, nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
	if err := errors.Join(os.WriteFile(path, []byte("one"), 0o600), os.Chmod(path, 0o640), os.Symlink("file", link)); err != nil {
		t.Fatal(err)
	}
	if err := wholefile.Rewrite(link, []byte("two")); err != nil {
		t.Fatal(err)
	}
	holds(t, path, "two", 0o640, 1)
	if target, err := os.Readlink(link); err != nil || target != "file" {
		t.Errorf("the link leads to %q, %v", target, err)
	}
}

func TestRemove(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := wholefile.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := wholefile.Remove(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("removed twice: %v", err)
	}
}
