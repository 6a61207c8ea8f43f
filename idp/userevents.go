package idp

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/latchkey-dev/latchkey/idp/internal/database"
	"github.com/latchkey-dev/latchkey/internal/crash"
)

// raiseUserUpdate tells of a user who was changed, with what was before.
func (s *Server) raiseUserUpdate(ctx context.Context, tx *sql.Tx, old User) error {
	return s.raise(ctx, tx, "user.update", func(ctx context.Context, e *event) error {
		e.Original = old.json()
		return e.about(ctx, tx, old.ID)
	})
}

// removeUser deletes a user, and tells who it was.
func (s *Server) removeUser(ctx context.Context, tx *sql.Tx, userID string) error {
	if err := s.raiseUser(ctx, tx, "user.delete", userID); err != nil {
		return err
	}
	return database.Changed(tx.Exec(`DELETE FROM users WHERE id = $1`, userID))
}

func (s *Server) raiseRegistration(ctx context.Context, tx *sql.Tx, eventType, userID, applicationID string) error {
	return s.raise(ctx, tx, eventType, func(ctx context.Context, e *event) error { return e.registration(ctx, tx, userID, applicationID) })
}

func (s *Server) raiseFactor(ctx context.Context, tx *sql.Tx, eventType, userID, id string) error {
	return s.raise(ctx, tx, eventType, func(ctx context.Context, e *event) error {
		e.Method = &twoFactorMethod{id, methodAuthenticator}
		return e.about(ctx, tx, userID)
	})
}

// importedAtOnce is how many users one event tells of: receivers bound what they read.
const importedAtOnce = 100

// raiseImport tells of the users of an import, tenant by tenant.
func (s *Server) raiseImport(ctx context.Context, tx *sql.Tx, rows []importRow) error {
	if wanted, err := wants(context.WithoutCancel(ctx), tx, "user.bulk.create"); err != nil || !wanted {
		return err
	}
	for len(rows) > 0 {
		n := 1
		for n < len(rows) && n < importedAtOnce && rows[n].TenantID == rows[0].TenantID {
			n++
		}
		err := s.raise(ctx, tx, "user.bulk.create", func(ctx context.Context, e *event) error {
			return e.aboutAll(ctx, tx, rows[:n])
		})
		if err != nil {
			return err
		}
		rows = rows[n:]
	}
	return nil
}

// aboutAll puts users of one tenant into an event, who were just made.
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

// login puts into an event where and how somebody has logged in, or tried to. The application is told only where the user is registered.
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

func (s *Server) raiseLogin(ctx context.Context, tx *sql.Tx, userID string, req *loginRequest) error {
	return s.raise(ctx, tx, "user.login.success", func(ctx context.Context, e *event) error { return e.login(ctx, tx, userID, req) })
}

const (
	maxFailed    = 256 // login failures that wait to be written down
	failedWithin = 10 * time.Second
)

// loginFailed tells of a wrong password of a user who exists. It writes behind the answer's back, whose time must not tell whether there is such a user.
func (s *Server) loginFailed(ctx context.Context, userID string, req *loginRequest) {
	if userID == "" {
		return
	}
	if s.courier.few.Add(1) > maxFailed {
		s.courier.few.Add(-1)
		s.log.ErrorContext(ctx, "webhook: a failed login is not told of: too many are waiting", "user", userID)
		return
	}
	attempt := *req
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), failedWithin)
	s.courier.late.Go(func() {
		defer cancel()
		defer s.courier.few.Add(-1)
		err := crash.Contain(func() error {
			if wanted, err := wants(ctx, s.db, "user.login.failed"); err == nil && !wanted {
				return nil
			}
			return s.db.Write(ctx, func(tx *sql.Tx) error {
				return s.raise(ctx, tx, "user.login.failed", func(ctx context.Context, e *event) error {
					e.Reason = &eventReason{"credentials"}
					return e.login(ctx, tx, userID, &attempt)
				})
			})
		})
		if err != nil && !errors.Is(err, ErrNotFound) {
			s.log.ErrorContext(ctx, "webhook: a failed login could not be told of", "user", userID, "error", err)
		}
	})
}
