package main

import (
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// mails waits until the folder holds this many mails, and returns the newest.
func (s *served) mails(count int) string {
	s.Helper()
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		files, err := filepath.Glob(filepath.Join(s.dir, "outbox", "*.eml"))
		if err != nil || time.Now().After(end) {
			s.Fatalf("%d mails, want %d (%v); %s", len(files), count, err, s.stderr)
		}
		if len(files) == count {
			text, err := os.ReadFile(files[count-1])
			if err != nil {
				s.Fatal(err)
			}
			return string(text)
		}
	}
}

func (s *served) post(path, body string, status int) {
	s.Helper()
	resp := s.open("POST", path, body, nil)
	if text, err := io.ReadAll(resp.Body); resp.StatusCode != status {
		s.Errorf("%s: %d %s %v, want %d; %s", path, resp.StatusCode, text, err, status, s.stderr)
	}
}

// With accounts: verified, nobody is logged in before they have opened the link in a mail, and the
// link leads to a page of the app's host.
func TestAccountsVerified(t *testing.T) {
	s := newServed(t)
	s.writeWith("listen: 127.0.0.1:0\nmail: {folder: outbox, from: 'Shop <no-reply@example.com>'}\n", "    accounts: verified\n    name: The Shop\n")
	s.start()
	const grace = `{"email":"grace@example.com","password":"a passphrase of Grace's"}`
	s.post("/api/register", grace, 202)
	s.post("/api/login", grace, 401)
	mail := s.mails(1)
	link := regexp.MustCompile(`(http\S*)#verify-email=(\S+)`).FindStringSubmatch(mail)
	if link == nil || !strings.HasPrefix(link[1], s.origins[0]+"/") || !strings.Contains(mail, "The Shop") {
		t.Fatal(mail)
	}
	s.want(strings.TrimPrefix(link[1], s.origins[0]), nil, 200, "")
	s.post("/api/login", grace, 401)
	s.post("/api/verify-email", `{"id":"`+link[2]+`","password":"a passphrase of another"}`, 401)
	s.post("/api/verify-email", `{"id":"`+link[2]+`","password":"a passphrase of Grace's"}`, 204)
	s.post("/api/login", grace, 200)
	s.post("/api/forgot-password", `{"email":"grace@example.com"}`, 202)
	if mail := s.mails(2); !strings.Contains(mail, link[1]+"#reset-password=") {
		t.Error(mail)
	}
	s.interrupt()
}

// The login of another app does not reveal what was registered here either: the apps share one set
// of users.
func TestAccountsVerifiedBesideAnotherApp(t *testing.T) {
	s := newServed(t)
	s.writeWith("listen: 127.0.0.1:0\nmail: {folder: outbox, from: 'Shop <no-reply@example.com>'}\n", "    accounts: verified\n  - host: other.localhost\n    application_id: 9a0b8f6c-0d3e-4b6f-8f14-6c2b7f0e4d11\n    upstream: "+s.app.URL+"\n")
	s.start()
	for _, email := range []string{"ada@example.com", "grace@example.com"} { // there is an account of Ada's
		stranger := `{"email":"` + email + `","password":"a passphrase of a stranger"}`
		s.post("/api/register", stranger, 202)
		here := s.origins[0]
		s.origins[0] = s.origins[1]
		s.post("/api/login", stranger, 401)
		s.origins[0] = here
	}
	s.interrupt()
}

// An app can name a page of its own for the links in mails.
func TestAccountPageOfTheApp(t *testing.T) {
	s := newServed(t)
	const mail = "listen: 127.0.0.1:0\nmail: {folder: outbox, from: no-reply@example.com}\n"
	s.writeWith(mail, "    accounts: verified\n    account_page: /settings\n")
	s.start()
	s.post("/api/register", `{"email":"grace@example.com","password":"a passphrase of Grace's"}`, 202)
	if mail := s.mails(1); !strings.Contains(mail, s.origins[0]+"/settings#verify-email=") {
		t.Error(mail)
	}
	s.writeWith(mail, "    accounts: verified\n    account_page: /.latchkey/account/\n")
	s.hangUp()
	s.post("/api/verify-email/send", `{"email":"grace@example.com"}`, 202)
	if mail := s.mails(2); !strings.Contains(mail, s.origins[0]+"/.latchkey/account/#verify-email=") {
		t.Error(mail)
	}
	s.interrupt()
}

// With accounts: open, a new user is logged in immediately, whatever the tenant's setting was
// before.
func TestAccountsUnverified(t *testing.T) {
	s := newServed(t)
	const mail = "listen: 127.0.0.1:0\nmail: {folder: outbox, from: no-reply@example.com}\n"
	s.writeWith(mail, "    accounts: verified\n")
	s.start()
	s.interrupt()
	s.writeWith(mail, "    accounts: unverified\n")
	s.start()
	s.post("/api/register", `{"email":"grace@example.com","password":"a passphrase of Grace's"}`, 200)
	s.interrupt()
}

// A password in provider.breached_passwords is refused in a registration through the gateway.
func TestAccountsBreachedPassword(t *testing.T) {
	s := newServed(t)
	list, filter := filepath.Join(s.dir, "list"), filepath.Join(s.dir, "filter")
	if err := os.WriteFile(list, []byte("here be dragons and sea serpents\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if status := run(t.Context(), []string{"passwords", "build-filter", list, "-o", filter}, io.Discard, s.stderr); status != 0 {
		t.Fatal(s.stderr)
	}
	s.writeWith("listen: 127.0.0.1:0\nmail: {folder: outbox, from: no-reply@example.com}\n", "    accounts: unverified\n")
	config := filepath.Join(s.dir, "latchkey.yaml")
	text, err := os.ReadFile(config)
	if err == nil {
		err = os.WriteFile(config, []byte(strings.Replace(string(text), "provider: {", "provider: {breached_passwords: filter, ", 1)), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	s.start()
	resp := s.open("POST", "/api/register", `{"email":"grace@example.com","password":"here be dragons and sea serpents"}`, nil)
	if body, err := io.ReadAll(resp.Body); resp.StatusCode != 422 || !strings.Contains(string(body), "password_refused") {
		t.Errorf("%d %s %v", resp.StatusCode, body, err)
	}
	s.post("/api/register", `{"email":"grace@example.com","password":"a passphrase of Grace's"}`, 200)
	s.interrupt()
}

// A file with which nobody could verify an address is refused at the start and at a reload.
func TestAccountsNeedMail(t *testing.T) {
	s := newServed(t)
	s.write("")
	s.start()
	s.write("    accounts: verified\n")
	s.hangUpRefused("apps[0].accounts")
	s.post("/api/register", "{}", 401) // the app's path, as before
	s.writeWith("listen: 127.0.0.1:0\nmail: {folder: outbox, from: no-reply@example.com}\n", "    accounts: verified\n")
	s.hangUpRefused("mail")
	s.interrupt()
	for _, command := range []string{"serve", "config check"} {
		s.write("    accounts: existing\n")
		stderr := &buffer{}
		args := append(strings.Fields(command), "-c", filepath.Join(s.dir, "latchkey.yaml"))
		if status := run(t.Context(), args, io.Discard, stderr); status != 1 || !strings.Contains(stderr.String(), ":9: apps[0].accounts: ") {
			t.Errorf("%s: %d; %s", command, status, stderr)
		}
	}
}
