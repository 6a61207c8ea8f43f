package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/latchkey-dev/latchkey/idp"
	"github.com/latchkey-dev/latchkey/internal/mail"
)

// mailFlags configure how a provider that runs alone sends mail, like mail: in the configuration of
// a gateway. The password never comes from the command line, which everybody on the machine can
// read.
type mailFlags struct {
	SMTP         string `name:"smtp" placeholder:"HOST:PORT" xor:"mail" help:"The SMTP server, such as smtp.example.com:587. Without this and --folder, nobody can verify an address or reset a password by mail."`
	TLS          string `name:"tls" enum:"starttls,implicit,none" default:"starttls" help:"How the connection is encrypted: starttls, implicit, or none for a server on this machine."`
	Username     string `help:"The user name at the SMTP server, if it needs one."`
	PasswordFile string `type:"existingfile" help:"A file with that user's password. Default: the variable LATCHKEY_MAIL_PASSWORD, if set."`
	Folder       string `type:"path" xor:"mail" help:"Write mails to this folder instead, for development."`
	From         string `help:"The sender, such as 'Shop <no-reply@example.com>'."`
}

// sender returns what sends mails, or nil if no flag for mail is given.
func (f mailFlags) sender() (func(context.Context, idp.Mail) error, error) {
	send, err := f.open()
	var wrong *mail.SettingError
	if errors.As(err, &wrong) {
		err = &usageError{fmt.Errorf("--mail-%s: %s", wrong.Setting, wrong.Reason)}
	}
	return send, err
}

func (f mailFlags) open() (func(context.Context, idp.Mail) error, error) {
	switch {
	case f.Folder != "":
		return mail.Outbox(f.Folder, f.From)
	case f.SMTP == "" && f.From+f.Username+f.PasswordFile != "":
		return nil, &mail.SettingError{Setting: "smtp", Reason: "required with the other flags for mails"}
	case f.SMTP == "":
		return nil, nil
	}
	smtp := mail.SMTP{Addr: f.SMTP, TLS: f.TLS, Username: f.Username, From: f.From}
	if f.Username != "" {
		password, err := secretOf(f.PasswordFile, "LATCHKEY_MAIL_PASSWORD")
		if err != nil {
			return nil, err
		}
		smtp.Password = string(password)
	}
	return smtp.Sender()
}
