//go:build unix

package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
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

// The service could not use files that root creates in its directory.
func TestRootForAService(t *testing.T) {
	if os.Geteuid() != 0 {
		needs(t, errors.New("only root makes files for others"))
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

// A provider is not created again beside users who could then never log in.
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

// A pod that runs under an arbitrary user id, with its secrets and its volume as Kubernetes mounts
// them: owned by root, and readable through the group of fsGroup.
func TestSecretsOfAGroup(t *testing.T) {
	if os.Geteuid() != 0 {
		needs(t, errors.New("only root makes files for others"))
	}
	const pod = 54321
	dir := t.TempDir()
	if err := os.Chmod(filepath.Dir(dir), 0o755); err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(dir, "latchkey")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(self)
	if err == nil {
		err = os.WriteFile(program, text, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	volume, config, secret := filepath.Join(dir, "volume"), filepath.Join(dir, "latchkey.yaml"), filepath.Join(dir, "user_key")
	if err := os.Mkdir(volume, 0); err != nil {
		t.Fatal(err)
	}
	yaml := "data: volume/data\napps:\n  - {host: app.localhost, application_id: " + servedApplication + ", upstream: 'http://127.0.0.1:1', user_key_file: user_key}\n"
	for path, content := range map[string]string{config: yaml, secret: "0123456789abcdef0123456789abcdef\n", volume: ""} {
		if path != volume {
			if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		mode := map[string]fs.FileMode{config: 0o644, secret: 0o440, volume: 0o775 | fs.ModeSetgid}[path]
		if err := errors.Join(os.Chown(path, 0, pod), os.Chmod(path, mode)); err != nil {
			t.Fatal(err)
		}
	}
	asPod := func(stdin string, args ...string) (string, error) {
		cmd := exec.CommandContext(t.Context(), program, args...)
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: pod, Gid: pod}}
		cmd.Stdin, cmd.Dir = strings.NewReader(stdin), dir
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	if out, err := asPod("correct horse battery\n", "user", "add", "-c", config, "ada@example.com"); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if out, err := asPod("", "config", "check", "-c", config); err != nil {
		t.Errorf("%v: %s", err, out)
	}
	for path, mode := range map[string]fs.FileMode{secret: 0o444, filepath.Join(volume, "data", "provider.json"): 0o660} {
		info, err := os.Stat(path)
		if err == nil {
			err = os.Chmod(path, mode)
		}
		if err != nil {
			t.Fatal(err)
		}
		if out, err := asPod("", "config", "check", "-c", config); err == nil || !strings.Contains(out, "run chmod") {
			t.Errorf("%s with mode %04o: %v: %s", path, mode, err, out)
		}
		if err := os.Chmod(path, info.Mode()); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chown(filepath.Join(volume, "data", "provider.json"), 0, 0); err != nil {
		t.Fatal(err)
	}
	if out, err := asPod("", "config", "check", "-c", config); err == nil || !strings.Contains(out, "run chown '#54321'") {
		t.Errorf("root's own: %v: %s", err, out)
	}
}

// Commands that create a provider at the same moment end up with the same one.
func TestProviderIsMadeOnce(t *testing.T) {
	dir := t.TempDir()
	found := make(chan string, 8)
	for range cap(found) {
		go func() {
			s, err := providerSecretsIn(dir)
			found <- fmt.Sprint(s.APIKey, err)
		}()
	}
	first := <-found
	for range cap(found) - 1 {
		if other := <-found; other != first || !strings.HasSuffix(other, "<nil>") {
			t.Error("two providers, or an error")
		}
	}
}
