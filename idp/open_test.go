package idp_test

import (
	"bytes"
	"database/sql"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/latchkey-dev/latchkey/idp"
	"github.com/latchkey-dev/latchkey/idp/idptest"
)

// at is a world over a file.
func at(t *testing.T, path string) *world {
	return newWorld(t, idptest.WithConfig(func(c *idp.Config) { c.Path, c.Postgres = path, "" }))
}

// TestReopen: users, keys, tokens and the signing key outlive the process.
func TestReopen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a b?#.db")
	w := at(t, path)
	login := w.login(nil).want(http.StatusOK)
	spent := login.text("refreshToken")
	token := w.refresh(spent).want(http.StatusOK).text("refreshToken")
	must(t, w.Close())
	must(t, w.Close())

	again := idptest.New(t, idptest.WithoutSocket(), idptest.WithConfig(func(c *idp.Config) { c.Path, c.Now = path, w.clock.now }))
	w.Provider, again.APIKey = again, w.APIKey
	w.login(nil).want(http.StatusOK)
	w.verified(login.text("token"))
	next := w.refresh(token).want(http.StatusOK).text("refreshToken")
	w.refresh(spent).wantEmpty(http.StatusNotFound)
	w.refresh(next).want(http.StatusOK)
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file's mode is %v, %v, want 0600", info.Mode(), err)
	}
}

// TestREF08_DumpHasNoSecrets: neither passwords nor keys nor tokens nor the
// private signing key can be read from the file.
func TestREF08_DumpHasNoSecrets(t *testing.T) {
	path := filepath.Join(t.TempDir(), "idp.db")
	w := at(t, path)
	token, _ := w.loggedIn()
	token2 := w.refresh(token).text("refreshToken")
	must(t, w.Close())
	dump, err := os.ReadFile(path)
	must(t, err)
	if !bytes.Contains(dump, []byte("ada@example.com")) {
		t.Fatal("this is not the dump")
	}
	for name, secret := range map[string]string{
		"refresh token": token, "its successor": token2, "password": idptest.Password, "API key": w.APIKey, "client secret": clientSecret,
		"a P-256 private key": "\x02\x01\x01\x04\x20", // begins the key inside PKCS #8
	} {
		if bytes.Contains(dump, []byte(secret)) {
			t.Errorf("the file has the %s", name)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	good := func(path string) error {
		s, err := idp.Open(t.Context(), idp.Config{Path: path, Secret: idp.Secret{1}})
		if err != nil {
			return err
		}
		return s.Close()
	}
	execute := func(statement string) func(string) error {
		return func(path string) error {
			db, err := sql.Open("sqlite", path)
			if err != nil {
				return err
			}
			defer db.Close()
			_, err = db.Exec(statement)
			return err
		}
	}
	for _, c := range []struct {
		name    string
		prepare []func(path string) error
		config  idp.Config
		want    string
	}{
		{"no secret", nil, idp.Config{}, "Config.Secret: required"},
		{"weak hash", nil, idp.Config{Secret: idp.Secret{1}, Hash: idp.HashConfig{MemoryKiB: 19455}}, "weaker than OWASP"},
		{"huge hash", nil, idp.Config{Secret: idp.Secret{1}, Hash: idp.HashConfig{MemoryKiB: 1 << 30}}, "out of bounds"},
		{"minimum above the maximum", nil, idp.Config{Secret: idp.Secret{1}, PasswordMinLength: 257}, "PasswordMinLength"},
		{"a file and a PostgreSQL", nil, idp.Config{Secret: idp.Secret{1}, Postgres: "postgres://u:p@127.0.0.1/x"}, "Config.Postgres: cannot be combined with Path"},
		{"another secret", []func(string) error{good}, idp.Config{Secret: idp.Secret{2}}, "Secret is not the one"},
		{"newer schema", []func(string) error{good, execute(`INSERT INTO goose_db_version (version_id, is_applied) VALUES (99, 1)`)},
			idp.Config{Secret: idp.Secret{1}}, "use a newer program"},
		{"another program's database", []func(string) error{execute(`CREATE TABLE cats (name TEXT)`)}, idp.Config{Secret: idp.Secret{1}}, "another program"},
		{"not a database", []func(string) error{func(path string) error { return os.WriteFile(path, bytes.Repeat([]byte("cats "), 1000), 0o600) }},
			idp.Config{Secret: idp.Secret{1}}, "cannot read the file as a database"},
		{"a directory", []func(string) error{func(path string) error { return os.Mkdir(path, 0o700) }}, idp.Config{Secret: idp.Secret{1}}, "directory"},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.config.Path = filepath.Join(t.TempDir(), "idp.db")
			for _, prepare := range c.prepare {
				must(t, prepare(c.config.Path))
			}
			before, _ := os.ReadFile(c.config.Path)
			s, err := idp.Open(t.Context(), c.config)
			if err == nil {
				s.Close()
				t.Fatal("it was opened")
			}
			if !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "idp: ") || strings.Contains(err.Error(), "\n") {
				t.Errorf("error %q, want %q in it", err, c.want)
			}
			if after, _ := os.ReadFile(c.config.Path); len(before) > 0 && !bytes.Equal(before, after) {
				t.Error("the file was changed")
			}
		})
	}
}

// TestKEY07_ConfigHidesTheSecret in every verb.
func TestKEY07_ConfigHidesTheSecret(t *testing.T) {
	c := idp.Config{Secret: idp.Secret([]byte("0123456789abcdef0123456789abcdef")), Postgres: "postgres://u:hunter2@127.0.0.1/x"}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d"} {
		if s := fmt.Sprintf(verb, c); !strings.Contains(s, "[secret]") || strings.Contains(s, "012345") || strings.Contains(s, "303132") || strings.Contains(s, "48 49") || strings.Contains(s, "hunter") || strings.Contains(s, "68756e") {
			t.Errorf("%s: %s", verb, s)
		}
	}
}
