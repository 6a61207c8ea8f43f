//go:build unix

package main

import (
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Nothing starts on data that other users of the machine can read or change.
func TestModesOfData(t *testing.T) {
	s := newServed(t)
	s.write("    accounts: existing\nmail: {folder: outbox, from: a@example.com}\n")
	s.start()
	key := everythingKey(t, s.dir)
	s.interrupt()
	config := filepath.Join(s.dir, "latchkey.yaml")
	if err := os.WriteFile(filepath.Join(s.dir, "api-key"), []byte(key), 0o600); err != nil {
		t.Fatal(err)
	}
	commands := [][]string{
		{"serve", "-c", config},
		{"config", "check", "-c", config},
		{"idp", "--addr", "127.0.0.1:0", "--data", s.dir},
		{"user", "list", "--data", s.dir},
	}
	for name, mode := range map[string]fs.FileMode{".": 0o777, "session.keys": 0o604, "provider.json": 0o640 | 0o004, "idp.db": 0o606, "sessions.db": 0o660, "api-key": 0o644} {
		path := filepath.Join(s.dir, name)
		info, err := os.Stat(path)
		if err == nil {
			err = os.Chmod(path, mode)
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, args := range commands {
			stderr := &buffer{}
			if status := run(t.Context(), args, io.Discard, stderr); status != 1 || !strings.Contains(stderr.String(), "run chmod") || !strings.Contains(stderr.String(), path) {
				t.Errorf("%s with mode %04o: %v: %d; %s", name, mode, args[:2], status, stderr)
			}
		}
		if err := os.Chmod(path, info.Mode()); err != nil {
			t.Fatal(err)
		}
	}
	stderr := &buffer{}
	if status := run(t.Context(), commands[1], io.Discard, stderr); status != 0 {
		t.Errorf("with the modes that latchkey gives: %s", stderr)
	}
}

// What root makes in the directory of a service, the service could not use.
func TestRootForAService(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root makes files for others")
	}
	data := filepath.Join(t.TempDir(), "data")
	if err := os.Mkdir(data, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(data, 54321, 54321); err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(filepath.Dir(data), "latchkey.yaml")
	text := "data: data\napps:\n  - {host: app.localhost, application_id: " + servedApplication + ", upstream: 'http://127.0.0.1:1'}\n"
	if err := os.WriteFile(config, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	stderr := &buffer{}
	if status := run(t.Context(), []string{"user", "add", "-c", config, "--password-file", passwordFile(t), "ada@example.com"}, io.Discard, stderr); status != 1 || !strings.Contains(stderr.String(), "sudo -u '#54321'") {
		t.Errorf("%d; %s", status, stderr)
	}
	if files, err := os.ReadDir(data); err != nil || len(files) != 0 {
		t.Errorf("%v %v", files, err)
	}
}

// A provider is not made anew beside users who could then never log in again.
func TestProviderSecretIsMissing(t *testing.T) {
	s := newServed(t)
	secret := filepath.Join(s.dir, "provider.json")
	kept, err := os.ReadFile(secret)
	if err == nil {
		err = os.Remove(secret)
	}
	if err != nil {
		t.Fatal(err)
	}
	s.write("")
	for _, args := range [][]string{{"serve", "-c", filepath.Join(s.dir, "latchkey.yaml")}, {"config", "check", "-c", filepath.Join(s.dir, "latchkey.yaml")}, {"user", "list", "--data", s.dir}} {
		stderr := &buffer{}
		if status := run(t.Context(), args, io.Discard, stderr); status != 1 || !strings.Contains(stderr.String(), secret) {
			t.Errorf("%v: %d; %s", args[:2], status, stderr)
		}
	}
	if _, err := os.Stat(secret); !os.IsNotExist(err) {
		t.Errorf("there is another one: %v", err)
	}
	other := strings.Replace(string(kept), `"provider": "`, `"provider": "AAAA`, 1)
	if i := strings.Index(other, "AAAA"); i >= 0 {
		other = other[:i+4] + other[i+8:]
	}
	if err := os.WriteFile(secret, []byte(other), 0o600); err != nil {
		t.Fatal(err)
	}
	stderr := &buffer{}
	if status := run(t.Context(), []string{"user", "list", "--data", s.dir}, io.Discard, stderr); status != 1 || !strings.Contains(stderr.String(), secret) || !strings.Contains(stderr.String(), "idp.db") {
		t.Errorf("the secret of another: %d; %s", status, stderr)
	}
}
