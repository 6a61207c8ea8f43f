package idp

import (
	"context"
	"fmt"
	"strings"

	"github.com/latchkey-dev/latchkey/idp/internal/database"
	"github.com/latchkey-dev/latchkey/idp/internal/outbox"
)

// raiseUserUpdate reports a changed user, with what they were before.
func raiseUserUpdate(ctx context.Context, tx *outbox.Tx, old User) error {
	return raise(ctx, tx, "user.update", func(ctx context.Context, e *event) error {
		e.Original = old.json()
		return e.about(ctx, tx, old.ID)
	})
}

func raiseRegistration(ctx context.Context, tx *outbox.Tx, eventType, userID, applicationID string) error {
	return raise(ctx, tx, eventType, func(ctx context.Context, e *event) error { return e.registration(ctx, tx, userID, applicationID) })
}

func raiseFactor(ctx context.Context, tx *outbox.Tx, eventType, userID, id string) error {
	return raise(ctx, tx, eventType, func(ctx context.Context, e *event) error {
		e.Method = &twoFactorMethod{id, methodAuthenticator}
		return e.about(ctx, tx, userID)
	})
}

// importedAtOnce is how many users one event reports: receivers bound what they read.
const importedAtOnce = 100

// raiseImport reports the users of an import, tenant by tenant.
func raiseImport(ctx context.Context, tx *outbox.Tx, rows []importRow) error {
	if wanted, err := outbox.Wanted(context.WithoutCancel(ctx), tx, "user.bulk.create"); err != nil || !wanted {
		return err
	}
	for len(rows) > 0 {
		n := 1
		for n < len(rows) && n < importedAtOnce && rows[n].TenantID == rows[0].TenantID {
			n++
		}
		err := raise(ctx, tx, "user.bulk.create", func(ctx context.Context, e *event) error {
			return e.aboutAll(ctx, tx, rows[:n])
		})
		if err != nil {
			return err
		}
		rows = rows[n:]
	}
	return nil
}

// aboutAll puts users of one tenant, who were just created, into an event.
func (e *event) aboutAll(ctx context.Context, q database.Queries, rows []importRow) error {
	var places []string
	var ids []any
	for i, row := range rows {
		places, ids = append(places, fmt.Sprintf("$%d", i+1)), append(ids, row.id)
	}
	users, err := readUsers(ctx, q, "id IN ("+strings.Join(places, ", ")+")", ids...)
	for _, row := range rows {
		u := users[row.id]
		e.TenantID, e.Users = u.TenantID, append(e.Users, u.json())
	}
	return err
}

// login describes a login, or an attempt at one. The application is named only if the user is
// registered.
func (e *event) login(ctx context.Context, q database.Queries, userID string, req *loginRequest) error {
	if err := e.registration(ctx, q, userID, req.ApplicationID); err != nil {
		return err
	}
	if e.Registration == nil {
		e.ApplicationID = ""
	}
	e.Registration, e.AuthenticationType, e.ConnectorID = nil, authenticatedByPassword, connectorID
	e.Info.IPAddress = req.MetaData.Device.address
	return nil
}

func raiseLogin(ctx context.Context, tx *outbox.Tx, userID string, req *loginRequest) error {
	return raise(ctx, tx, "user.login.success", func(ctx context.Context, e *event) error { return e.login(ctx, tx, userID, req) })
}
