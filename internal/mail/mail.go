// Package mail sends the provider's mails: through an SMTP server, or to a folder where somebody
// reads them.
package mail

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/textproto"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/wneessen/go-mail"

	"github.com/latchkey-dev/latchkey/idp"
)

// How the connection to an SMTP server is encrypted.
const (
	StartTLS = "starttls" // after the greeting; an error if the server cannot
	Implicit = "implicit" // from the first byte
	Plain    = "none"     // for a server on this machine
)

// SMTP is a mail server, and the sender of all mails.
type SMTP struct {
	Addr     string // host:port
	TLS      string // "": StartTLS
	Username string // "": no authentication
	Password string
	From     string // an address, or "Name <address>"

	TLSConfig *tls.Config // nil: the certificates that the system trusts
}

// Format keeps the password out of logs.
func (s SMTP) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "[smtp %s]", s.Addr) }

// A SettingError is what is wrong with one setting: smtp, tls, username, password or from.
type SettingError struct{ Setting, Reason string }

// Error names the setting.
func (e *SettingError) Error() string { return e.Setting + ": " + e.Reason }

// Check returns the first error in the settings, as a *SettingError.
func (s SMTP) Check() error {
	host, port, err := net.SplitHostPort(s.Addr)
	if err != nil || host == "" {
		return &SettingError{"smtp", fmt.Sprintf("%q: want host:port, such as smtp.example.com:587", s.Addr)}
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return &SettingError{"smtp", fmt.Sprintf("%q: the port is not a number", s.Addr)}
	}
	switch s.TLS {
	case "", StartTLS, Implicit:
	case Plain:
		if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
			return &SettingError{"tls", s.Addr + " without TLS: links that open accounts would cross the network unencrypted"}
		}
	default:
		return &SettingError{"tls", fmt.Sprintf("%q: want starttls, implicit or none", s.TLS)}
	}
	switch {
	case s.Username != "" && s.Password == "":
		return &SettingError{"username", "a username needs a password"}
	case s.Username == "" && s.Password != "":
		return &SettingError{"password", "a password needs a username"}
	}
	return CheckFrom(s.From)
}

// CheckFrom returns a *SettingError if the sender is invalid.
func CheckFrom(from string) error {
	if err := mail.NewMsg().From(from); err != nil {
		return &SettingError{"from", fmt.Sprintf("%q: want an address, or Name <address>", from)}
	}
	return nil
}

// Sender returns a function that sends mails through the server, each over a new connection.
func (s SMTP) Sender() (func(context.Context, idp.Mail) error, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	host, port, _ := net.SplitHostPort(s.Addr)
	number, _ := strconv.Atoi(port)
	options := []mail.Option{mail.WithPort(number), mail.WithTimeout(20 * time.Second)}
	switch s.TLS {
	case Plain:
		options = append(options, mail.WithTLSPolicy(mail.NoTLS))
	case Implicit:
		options = append(options, mail.WithSSL())
	default:
		options = append(options, mail.WithTLSPolicy(mail.TLSMandatory))
	}
	if s.TLSConfig != nil {
		options = append(options, mail.WithTLSConfig(s.TLSConfig))
	}
	if s.Username != "" {
		auth := mail.SMTPAuthAutoDiscover
		if s.TLS == Plain {
			auth = mail.SMTPAuthPlainNoEnc
		}
		options = append(options, mail.WithSMTPAuth(auth), mail.WithUsername(s.Username), mail.WithPassword(s.Password))
	}
	if _, err := mail.NewClient(host, options...); err != nil {
		return nil, err
	}
	return func(ctx context.Context, letter idp.Mail) error {
		message, err := compose(s.From, letter)
		if err != nil {
			return err
		}
		client, err := mail.NewClient(host, options...)
		if err != nil {
			return err
		}
		return unquoted(client.DialAndSendWithContext(ctx, message))
	}, nil
}

// unquoted says why a mail was not sent, without the server's words, which may repeat an address or
// the password. The library's text names the address too. None of that belongs in a log.
func unquoted(err error) error {
	refused := new(mail.SendError)
	if !errors.As(err, &refused) {
		if reply := new(textproto.Error); errors.As(err, &reply) {
			before, _, _ := strings.Cut(err.Error(), reply.Error())
			return fmt.Errorf("%sthe mail server answers %d", before, reply.Code)
		}
		return err
	}
	when := "for good"
	if refused.IsTemp() {
		when = "for now"
	}
	return fmt.Errorf("the mail server refused the mail %s: %s, status %d %s", when, refused.Reason, refused.ErrorCode(), refused.EnhancedStatusCode())
}

// Outbox returns a function that writes mails to a folder, one file each, named by time. It creates
// the folder for its owner only.
func Outbox(folder, from string) (func(context.Context, idp.Mail) error, error) {
	if err := CheckFrom(from); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, err
	}
	return func(_ context.Context, letter idp.Mail) error {
		message, err := compose(from, letter)
		if err != nil {
			return err
		}
		file, err := os.CreateTemp(folder, ".letter-*")
		if err != nil {
			return err
		}
		_, err = message.WriteTo(file)
		if err = errors.Join(err, file.Close()); err != nil {
			return errors.Join(err, os.Remove(file.Name()))
		}
		name := time.Now().UTC().Format("20060102T150405.000000000") + ".eml"
		return os.Rename(file.Name(), filepath.Join(folder, name)) // the file appears when it is complete
	}, nil
}

func compose(from string, letter idp.Mail) (*mail.Msg, error) {
	message := mail.NewMsg()
	if err := errors.Join(message.From(from), message.To(letter.To)); err != nil {
		return nil, errors.New("mail: invalid address") // the address is personal, and stays out of logs
	}
	message.Subject(letter.Subject)
	message.SetDate()
	message.SetMessageID()
	message.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834
	message.SetBodyString(mail.TypeTextPlain, letter.Text, mail.WithPartEncoding(mail.NoEncoding))
	return message, nil
}
