package main

import (
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// An smtpSession takes mails from one user and passes them on.
type smtpSession struct {
	mails chan string
	in    bool
}

func (s *smtpSession) AuthMechanisms() []string { return []string{sasl.Plain} }

func (s *smtpSession) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, username, password string) error {
		if s.in = username == "shop" && password == "a password of the mail server"; !s.in {
			return errors.New("no")
		}
		return nil
	}), nil
}

func (s *smtpSession) Mail(string, *smtp.MailOptions) error {
	if !s.in {
		return smtp.ErrAuthRequired
	}
	return nil
}

func (s *smtpSession) Rcpt(string, *smtp.RcptOptions) error { return nil }

func (s *smtpSession) Data(r io.Reader) error {
	text, err := io.ReadAll(r)
	s.mails <- string(text)
	return err
}

func (s *smtpSession) Reset()        {}
func (s *smtpSession) Logout() error { return nil }

// The configured mail server gets the mails, as the configured user; the password comes from a file
// and is in no log.
func TestMailThroughSMTP(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	mails := make(chan string, 1)
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &smtpSession{mails: mails}, nil }))
	server.Domain, server.AllowInsecureAuth = "localhost", true
	go server.Serve(listener)
	t.Cleanup(func() { server.Close() })

	s := newServed(t)
	if err := os.WriteFile(filepath.Join(s.dir, "smtp.password"), []byte("a password of the mail server\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.writeWith("listen: 127.0.0.1:0\nmail: {smtp: '"+listener.Addr().String()+"', tls: none, username: shop, password_file: smtp.password, from: 'Shop <no-reply@example.com>'}\n", "    accounts: existing\n")
	s.start()
	s.post("/api/forgot-password", `{"email":"ada@example.com"}`, 202)
	select {
	case mail := <-mails:
		if !strings.Contains(mail, "From: \"Shop\" <no-reply@example.com>") || !strings.Contains(mail, s.origins[0]+"/.latchkey/account/#reset-password=") {
			t.Error(mail)
		}
	case <-time.After(20 * time.Second):
		t.Errorf("no mail: %s", s.stderr)
	}
	s.interrupt()
	if strings.Contains(s.stderr.String(), "a password of the mail server") {
		t.Error("the password is in the log")
	}
}
