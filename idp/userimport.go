package idp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/latchkey-dev/latchkey/idp/internal/fusion"
	"github.com/latchkey-dev/latchkey/idp/internal/outbox"
	"github.com/latchkey-dev/latchkey/idp/internal/password"
	"github.com/latchkey-dev/latchkey/internal/postgres"
)

const (
	maxImportBody  = 16 << 20
	maxImportUsers = 10_000
)

// importedUser is a user of an import. With an encryptionScheme, password is a hash of that scheme;
// else it is a password.
type importedUser struct {
	userWrite
	Active           *bool               `json:"active"` // default true, unlike FusionAuth's: who imports users wants them to log in
	Verified         bool                `json:"verified"`
	EncryptionScheme string              `json:"encryptionScheme"`
	Factor           jsontext.Value      `json:"factor"` // a number, or a number in a string
	Salt             string              `json:"salt"`
	InsertInstant    int64               `json:"insertInstant"`
	LastLoginInstant int64               `json:"lastLoginInstant"`
	Registrations    []registrationWrite `json:"registrations"`
}

// importUsers answers POST /api/user/import: all of the users, or none.
func (s *Server) importUsers(w http.ResponseWriter, r *http.Request, sc scope) error {
	body, err := fusion.ReadBodyUpTo(w, r, maxImportBody)
	if err != nil {
		return err
	}
	if t := fusion.MediaType(r); t != "" && t != "application/json" {
		return fusion.ErrMediaType
	}
	_, err = s.importText(r.Context(), fusion.Caller(r), sc, body)
	return err
}

// ImportUsers creates all of the users of a FusionAuth import, {"users": […]}, or none, and returns
// how many. Mistakes are a [ValidationError] whose fields begin with "users[n]".
func (s *Server) ImportUsers(ctx context.Context, text []byte) (int, error) {
	return s.importText(ctx, "", "", text)
}

func (s *Server) importText(ctx context.Context, caller string, sc scope, text []byte) (int, error) {
	var req struct {
		Users []importedUser `json:"users"`
	}
	if moreUsersThan(maxImportUsers, text) {
		return 0, errImportSize
	}
	if err := fusion.DecodeJSON(text, &req); err != nil {
		return 0, err
	}
	return len(req.Users), s.importAll(ctx, caller, sc, req.Users)
}

// importTime is how long the transaction of an import may take: all or none of ten thousand users.
const importTime = 5 * time.Minute

var errImportSize = fusion.Invalid("users", "invalid", fmt.Sprintf("An import has 1 to %d users.", maxImportUsers))

// moreUsersThan counts the users before anything is made of them: "{}" becomes a hundred times as
// large. What is no import has none; the decoder says so.
func moreUsersThan(most int, text []byte) bool {
	d := jsontext.NewDecoder(bytes.NewBuffer(text))
	if t, err := d.ReadToken(); err != nil || t.Kind() != '{' {
		return false
	}
	for d.PeekKind() == '"' {
		name, err := d.ReadToken()
		if err != nil {
			return false
		}
		if name.String() == "users" && d.PeekKind() == '[' {
			break
		}
		if d.SkipValue() != nil {
			return false
		}
	}
	if t, err := d.ReadToken(); err != nil || t.Kind() != '[' {
		return false
	}
	for n := 0; d.PeekKind() != ']'; n++ {
		if n == most {
			return true
		}
		if d.SkipValue() != nil {
			return false
		}
	}
	return false
}

func (s *Server) importAll(ctx context.Context, caller string, sc scope, users []importedUser) error {
	if len(users) == 0 || len(users) > maxImportUsers {
		return errImportSize
	}
	rows := make([]importRow, 0, len(users))
	for i, u := range users {
		row, err := s.importRow(ctx, sc, u)
		if bad, ok := errors.AsType[ValidationError](err); ok {
			return fusion.Nest(fmt.Sprintf("users[%d]", i), bad)
		}
		if err != nil {
			return err
		}
		rows = append(rows, row)
	}
	classes := make(map[password.Class]bool)
	for _, row := range rows {
		classes[password.ClassOf(row.hash)] = true
	}
	err := s.outbox.Write(postgres.Patient(ctx, importTime), caller, func(tx *outbox.Tx) error {
		if err := addHashClasses(tx.Tx, classes); err != nil {
			return err
		}
		roles := make(map[string]knownRoles) // of applications, which stay locked
		for i, row := range rows {
			err := row.insert(tx.Tx, s.now(), roles)
			if bad, ok := errors.AsType[ValidationError](err); ok {
				return fusion.Nest(fmt.Sprintf("users[%d]", i), bad)
			}
			if err != nil {
				return err
			}
		}
		return raiseImport(ctx, tx, rows)
	})
	if err != nil {
		return err
	}
	s.costs.askAgain()
	return nil
}
