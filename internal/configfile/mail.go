package configfile

import (
	"context"
	"errors"
	"io/fs"

	"go.yaml.in/yaml/v4"

	"github.com/latchkey-dev/latchkey/idp"
	"github.com/latchkey-dev/latchkey/internal/filemode"
	"github.com/latchkey-dev/latchkey/internal/mail"
)

// Mail says how the embedded provider sends its mails: through a server, or to a folder.
type Mail struct {
	SMTP   mail.SMTP // Addr empty: none
	Folder string    // absolute; empty: none
	From   string
}

// On reports whether mails can be sent.
func (m Mail) On() bool { return m.SMTP.Addr != "" || m.Folder != "" }

// Sender returns what sends mails, or nil if mail is not configured. It creates the folder.
func (m Mail) Sender() (func(context.Context, idp.Mail) error, error) {
	switch {
	case m.Folder != "":
		return mail.Outbox(m.Folder, m.From)
	case m.SMTP.Addr != "":
		return m.SMTP.Sender()
	}
	return nil, nil
}

func (r *reader) mail(key string, n *yaml.Node, m *Mail) {
	s := &m.SMTP
	r.mapping(key, n, fields{
		"smtp": r.text(&s.Addr), "tls": r.text(&s.TLS), "username": r.text(&s.Username), "password": r.secret(&s.Password), "password_file": r.secretFile(&s.Password),
		"from": r.text(&m.From), "folder": r.folder(&m.Folder),
	})
	s.From = m.From
	server, folder := !r.missing(key+".smtp"), !r.missing(key+".folder")
	switch {
	case server && folder:
		r.wrong(key, "set only one of smtp and folder")
	case folder:
		for _, other := range []string{"tls", "username", "password", "password_file"} {
			if r.there(key + "." + other) {
				r.wrong(key+"."+other, "only for smtp: leave it out")
			}
		}
	case !server:
		r.wrong(key, "write smtp: with the mail server, such as smtp.example.com:587, or folder: with a directory where mails are written as files")
		return
	}
	if r.missing(key + ".from") {
		r.wrong(key+".from", "missing: write the sender's address, such as Shop <no-reply@example.com>")
	}
	r.mailSettings(key, m)
}

// folder reads the name of a directory that does not exist yet, or that only its owner can change:
// links in mails open accounts.
func (r *reader) folder(into *string) func(string, *yaml.Node) {
	return func(key string, n *yaml.Node) {
		if r.fileName(into)(key, n); r.unread[key] || !r.needs(key) {
			return
		}
		if err := filemode.Directory(*into); err != nil && !errors.Is(err, fs.ErrNotExist) {
			r.mistake(key, n, err.Error())
		}
	}
}

// mailSettings leaves the validation of the values to the code that uses them.
func (r *reader) mailSettings(key string, m *Mail) {
	for _, name := range []string{"smtp", "tls", "username", "password", "password_file", "from"} {
		if r.unread[key+"."+name] {
			return
		}
	}
	err := mail.CheckFrom(m.From)
	if m.SMTP.Addr != "" {
		err = m.SMTP.Check()
	}
	var wrong *mail.SettingError
	if errors.As(err, &wrong) {
		r.wrong(key+"."+wrong.Setting, wrong.Reason)
	}
}
