package latchkey

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestParseKeys(t *testing.T) {
	a, b := NewKey(), NewKey()
	ring, err := ParseKeys("# the newest first\n\n" + a.Reveal() + "\n  " + b.Reveal() + "  \r\n")
	if err != nil || len(ring) != 2 || ring[0].id != a.id || *ring[1].secret != *b.secret {
		t.Errorf("got %v, %v", ring, err)
	}
	for text, want := range map[string]string{
		"":                                  "no key",
		"# only a comment":                  "no key",
		"latchkey-key-1:AAAA":               "line 1: not a key",
		a.Reveal() + "\nrubbish":            "line 2: not a key",
		a.Reveal() + "\n" + a.Reveal():      "line 2: duplicate key",
		strings.ToUpper(a.Reveal()):         "line 1: not a key",
		a.Reveal() + a.Reveal():             "line 1: not a key",
		strings.TrimPrefix(a.Reveal(), "l"): "line 1: not a key",
	} {
		if _, err := ParseKeys(text); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), a.Reveal()[20:]) {
			t.Errorf("%q: %v; want %q", text, err, want)
		}
	}
}

func FuzzParseKeys(f *testing.F) {
	f.Add(NewKey().Reveal())
	f.Fuzz(func(t *testing.T, text string) {
		ring, err := ParseKeys(text)
		if (err == nil) == (len(ring) == 0) {
			t.Errorf("%d keys, %v", len(ring), err)
		}
	})
}

func TestKEY01_LoadOrCreateKeys(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys")
	made, err := LoadOrCreateKeys(path)
	if err != nil {
		t.Fatal(err)
	}
	read, err := LoadKeys(path)
	if err != nil || len(read) != 1 || *read[0].secret != *made[0].secret {
		t.Errorf("read back %v, %v", read, err)
	}
	if info, _ := os.Stat(path); info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v", info.Mode())
	}
	for mode, good := range map[os.FileMode]bool{
		// a file of root's may be its group's as well
		0o400: true, 0o600: true, 0o440: os.Geteuid() == 0, 0o640: os.Geteuid() == 0,
		0o644: false, 0o604: false, 0o660: false, 0o602: false,
	} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		if _, err := LoadKeys(path); (err == nil) != good || err != nil && !strings.Contains(err.Error(), "chmod") {
			t.Errorf("mode %04o: %v", mode, err)
		}
	}
	if _, err := LoadOrCreateKeys(filepath.Join(path, "below a file")); err == nil {
		t.Error("no error for an impossible path")
	}
}

func TestKEY01_LoadKeys_createsNoFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys")
	if ring, err := LoadKeys(path); ring != nil || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("keys %v, error %v", ring, err)
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the file: %v", err)
	}
}

// A link to a file that is not there is neither a key nor a place for one: no attempt may follow
// another, or leave a file behind.
func TestKEY01_LoadOrCreateKeys_danglingLink(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "keys")
	if err := os.Symlink(filepath.Join(dir, "elsewhere"), path); err != nil {
		t.Skip(err)
	}
	loaded := make(chan error, 1)
	go func() {
		_, err := LoadOrCreateKeys(path)
		loaded <- err
	}()
	select {
	case err := <-loaded:
		if err == nil {
			t.Error("keys of a file that is not there")
		}
	case <-time.After(time.Minute):
		t.Fatal("LoadOrCreateKeys does not return")
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("%d files are left, %v", len(entries), err)
	}
}

// Logs and commands name a key by all eight digits of its id, zeros in front as well.
func TestKeys_printAsTheirIDs(t *testing.T) {
	if got := fmt.Sprint(Key{id: 0xe0e}); got != "00000e0e" {
		t.Errorf("the key prints as %q", got)
	}
}

func TestKEY07_SecretsDoNotPrint(t *testing.T) {
	key := NewKey()
	secret := "marker-secret"
	config := Config{Keys: KeyRing{key}}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "config", config, "key", key, "credentials", Credentials{Password: Secret(secret)}, "s", Secret(secret))
	text := log.String()
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		text += fmt.Sprintf(verb, config) + fmt.Sprintf(verb, key) + fmt.Sprintf(verb, &config) + fmt.Sprintf("%v %+v %#v", Grant{Token: Secret(secret)}, Secret(secret), Renewal{RefreshToken: Secret(secret)})
	}
	for _, leak := range []string{
		secret, key.Reveal()[len(keyPrefix):], strings.Trim(fmt.Sprint(key.secret[:8]), "[]"), fmt.Sprintf("%x", key.secret[:8]), fmt.Sprintf("%#v", key.secret[:4])[8:],
	} {
		if strings.Contains(text, leak) {
			t.Errorf("a secret can be read as %q", leak)
		}
	}
}

func TestKEY04_OneKeyForEachPurpose(t *testing.T) {
	key := NewKey()
	seen := make(map[string]string)
	for _, parts := range [][]string{{"a", "b"}, {"ab"}, {"a", "b", ""}, {"", "ab"}, {"b", "a"}} {
		derived := string(key.derive(parts[0], 32, parts[1:]...))
		if before, twice := seen[derived]; twice {
			t.Errorf("%q and %s have the same key", parts, before)
		}
		seen[derived] = fmt.Sprintf("%q", parts)
	}
}
