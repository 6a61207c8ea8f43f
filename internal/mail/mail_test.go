package mail_test

import (
	"context"
	"errors"
	"io"
	"net"
	netmail "net/mail"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"github.com/latchkey-dev/latchkey/idp"
	"github.com/latchkey-dev/latchkey/internal/mail"
)

var letter = idp.Mail{To: "ada@example.com", Subject: "A new password for Café", Text: "Open this page:\n\nhttps://shop.example.com/#reset-password=AbC_-9\n"}

// server is an SMTP server that keeps the mails that it gets, for one user.
type server struct{ got chan received }

type received struct{ from, to, data string }

func (s *server) NewSession(*smtp.Conn) (smtp.Session, error) { return &session{server: s}, nil }

type session struct {
	*server
	received
	in bool
}

func (s *session) AuthMechanisms() []string { return []string{sasl.Plain} }

func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, username, password string) error {
		if s.in = username == "latchkey" && password == "secret"; !s.in {
			return &smtp.SMTPError{Code: 535, EnhancedCode: smtp.EnhancedCode{5, 7, 8}, Message: "wrong: " + password} // some servers repeat what they received
		}
		return nil
	}), nil
}

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	if !s.in {
		return smtp.ErrAuthRequired
	}
	s.from = from
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	if s.to = to; strings.HasPrefix(to, "nobody@") {
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no mailbox for " + to}
	}
	return nil
}

func (s *session) Data(r io.Reader) error {
	text, err := io.ReadAll(r)
	s.data = string(text)
	s.got <- s.received
	return err
}

func (s *session) Reset()        {}
func (s *session) Logout() error { return nil }

func startServer(t *testing.T) (addr string, got chan received) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &server{got: make(chan received, 1)}
	backend := smtp.NewServer(s)
	backend.Domain, backend.AllowInsecureAuth = "localhost", true
	go backend.Serve(listener)
	t.Cleanup(func() { backend.Close() })
	return listener.Addr().String(), s.got
}

func TestSMTP(t *testing.T) {
	addr, got := startServer(t)
	send, err := mail.SMTP{Addr: addr, TLS: mail.Plain, Username: "latchkey", Password: "secret", From: "Shop <no-reply@example.com>"}.Sender()
	if err != nil {
		t.Fatal(err)
	}
	if err := send(t.Context(), letter); err != nil {
		t.Fatal(err)
	}
	r := <-got
	if r.from != "no-reply@example.com" || r.to != "ada@example.com" {
		t.Errorf("from %s to %s", r.from, r.to)
	}
	checkLetter(t, r.data)
}

func checkLetter(t *testing.T, text string) {
	t.Helper()
	m, err := netmail.ReadMessage(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if m.Header.Get("To") != "<ada@example.com>" || m.Header.Get("Auto-Submitted") != "auto-generated" || m.Header.Get("Date") == "" || m.Header.Get("Message-Id") == "" {
		t.Errorf("header %v", m.Header)
	}
	body, _ := io.ReadAll(m.Body)
	if !strings.Contains(string(body), "https://shop.example.com/#reset-password=AbC_-9") {
		t.Errorf("body %q", body)
	}
}

func TestSMTPRefused(t *testing.T) {
	addr, _ := startServer(t)
	for name, c := range map[string]mail.SMTP{
		"wrong password": {Addr: addr, TLS: mail.Plain, Username: "latchkey", Password: "wrong-secret", From: "no-reply@example.com"},
		"no TLS there":   {Addr: addr, Username: "latchkey", Password: "wrong-secret", From: "no-reply@example.com"},
		"nobody there":   {Addr: "127.0.0.1:1", TLS: mail.Plain, From: "no-reply@example.com"},
	} {
		send, err := c.Sender()
		if err != nil {
			t.Fatal(name, err)
		}
		if err := send(t.Context(), letter); err == nil || strings.Contains(err.Error(), "wrong-secret") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// An error is logged, and must not reveal the recipient.
func TestRefusalNamesNobody(t *testing.T) {
	addr, _ := startServer(t)
	send, err := mail.SMTP{Addr: addr, TLS: mail.Plain, Username: "latchkey", Password: "secret", From: "no-reply@example.com"}.Sender()
	if err != nil {
		t.Fatal(err)
	}
	err = send(t.Context(), idp.Mail{To: "nobody@example.org", Subject: "x", Text: "x\n"})
	if err == nil || strings.Contains(err.Error(), "example.org") || !strings.Contains(err.Error(), "550") {
		t.Error(err)
	}
}

func TestSettings(t *testing.T) {
	for name, c := range map[string]struct {
		smtp    mail.SMTP
		setting string
	}{
		"no port":                   {mail.SMTP{Addr: "smtp.example.com", From: "a@example.com"}, "smtp"},
		"a port that is no number":  {mail.SMTP{Addr: "smtp.example.com:mail", From: "a@example.com"}, "smtp"},
		"port 0":                    {mail.SMTP{Addr: "smtp.example.com:0", From: "a@example.com"}, "smtp"},
		"in the clear":              {mail.SMTP{Addr: "smtp.example.com:25", TLS: mail.Plain, From: "a@example.com"}, "tls"},
		"an unknown encryption":     {mail.SMTP{Addr: "smtp.example.com:25", TLS: "ssl", From: "a@example.com"}, "tls"},
		"a user without a password": {mail.SMTP{Addr: "smtp.example.com:25", Username: "a", From: "a@example.com"}, "username"},
		"a password without a user": {mail.SMTP{Addr: "smtp.example.com:25", Password: "a", From: "a@example.com"}, "password"},
		"no sender":                 {mail.SMTP{Addr: "smtp.example.com:25", From: "nobody"}, "from"},
	} {
		var wrong *mail.SettingError
		if _, err := c.smtp.Sender(); !errors.As(err, &wrong) || wrong.Setting != c.setting {
			t.Errorf("%s: %v, want a mistake in %s", name, err, c.setting)
		}
	}
}

func TestOutbox(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "outbox")
	send, err := mail.Outbox(folder, "demo@localhost.localdomain")
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := send(context.Background(), letter); err != nil {
			t.Fatal(err)
		}
	}
	files, err := filepath.Glob(filepath.Join(folder, "*.eml"))
	if err != nil || len(files) != 2 {
		t.Fatal(files, err)
	}
	text, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	checkLetter(t, string(text))
}

// TestHeaderInjection: an address cannot add header lines.
func TestHeaderInjection(t *testing.T) {
	send, err := mail.Outbox(t.TempDir(), "demo@localhost.localdomain")
	if err != nil {
		t.Fatal(err)
	}
	bad := letter
	bad.To = "ada@example.com\r\nBcc: eve@example.com"
	if err := send(t.Context(), bad); err == nil || strings.Contains(err.Error(), "eve") {
		t.Errorf("an address with a line break: %v", err)
	}
}
