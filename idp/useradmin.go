package idp

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"

	"github.com/latchkey-dev/latchkey/idp/internal/database"
	"github.com/latchkey-dev/latchkey/idp/internal/fusion"
	"github.com/latchkey-dev/latchkey/idp/internal/outbox"
)

// Register lets a user into an application with the given roles, which replace
// those of an earlier registration; a new one that names none gets the default
// roles of the application. A role that the application does not have, where it
// has any: a [ValidationError]. Unknown user or application, or one of another
// tenant than the other: ErrNotFound.
func (s *Server) Register(ctx context.Context, userID, applicationID string, roles ...string) error {
	userID, applicationID = strings.ToLower(userID), strings.ToLower(applicationID)
	return s.outbox.Write(ctx, func(tx *outbox.Tx) error {
		list, isNew, err := rolesToRegister(tx.Tx, userID, applicationID, roles)
		if err != nil {
			return err
		}
		err = database.Changed(tx.Exec(`INSERT INTO registrations (id, user_id, application_id, roles, insert_instant, last_update_instant, last_login_instant)
			SELECT $1, u.id, a.id, $2, $3, $3, 0 FROM users u JOIN applications a ON a.tenant_id = u.tenant_id
			WHERE u.id = $4 AND a.id = $5
			ON CONFLICT (user_id, application_id) DO UPDATE SET roles = $2, last_update_instant = $3`,
			uuid.NewString(), list, database.Millis(s.now()), userID, applicationID))
		if err != nil {
			return err
		}
		return raiseRegistration(ctx, tx, map[bool]string{true: "user.registration.create", false: "user.registration.update"}[isNew], userID, applicationID)
	})
}

func rolesToRegister(tx *sql.Tx, userID, applicationID string, roles []string) (list string, isNew bool, err error) {
	var old []string
	var text []byte
	err = tx.QueryRow(`SELECT roles FROM registrations WHERE user_id = $1 AND application_id = $2`, userID, applicationID).Scan(&text)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		isNew = true
	case err != nil:
		return "", false, fmt.Errorf("read roles of registration: %w", err)
	default:
		if err := json.Unmarshal(text, &old); err != nil {
			return "", false, fmt.Errorf("read roles of registration: %w", err)
		}
	}
	list, err = admittedRoles(tx, applicationID, roles, old, isNew)
	return list, isNew, err
}

// Unregister takes a user out of an application and revokes the user's refresh tokens there. Not
// registered: ErrNotFound.
func (s *Server) Unregister(ctx context.Context, userID, applicationID string) error {
	userID, applicationID = strings.ToLower(userID), strings.ToLower(applicationID)
	return s.outbox.Write(ctx, func(tx *outbox.Tx) error {
		// The event shows what was there, and is kept only if it is gone.
		if err := raiseRegistration(ctx, tx, "user.registration.delete", userID, applicationID); err != nil {
			return err
		}
		if err := database.Changed(tx.Exec(`DELETE FROM registrations WHERE user_id = $1 AND application_id = $2`, userID, applicationID)); err != nil {
			return err
		}
		_, err := revokeTokens(ctx, tx, revocation{userID: userID, applicationID: applicationID})
		return err
	})
}

// SetUserActive locks a user out and revokes all refresh tokens, or lets the
// user in again. Unknown: ErrNotFound, as in all of these.
func (s *Server) SetUserActive(ctx context.Context, userID string, active bool) error {
	eventType := "user.deactivate"
	if active {
		eventType = "user.reactivate"
	}
	return s.updateUser(ctx, userID, eventType, "active = $1", active)
}

// SetUserExpiry sets the instant from which the user can no longer log in or
// refresh; the zero time means never. One before 1970 is a [ValidationError].
func (s *Server) SetUserExpiry(ctx context.Context, userID string, expiry time.Time) error {
	if badExpiry(expiry) {
		return fusion.Invalid("user.expiry", "invalid", "A user cannot expire before 1970.")
	}
	return s.updateUser(ctx, userID, "user.update", "expiry = $1", database.Millis(expiry))
}

// SetUserVerified records whether the user has proved the e-mail address.
func (s *Server) SetUserVerified(ctx context.Context, userID string, verified bool) error {
	eventType := "user.update"
	if verified {
		eventType = "user.email.verified"
	}
	return s.updateUser(ctx, userID, eventType, "verified = $1", verified)
}

// RequirePasswordChange makes the next logins answer 203 until the password
// is changed. Sessions that exist go on. An empty reason takes the demand back.
func (s *Server) RequirePasswordChange(ctx context.Context, userID string, reason PasswordChangeReason) error {
	if !reason.known() {
		return fusion.Invalid("user.passwordChangeReason", "invalid", "There is no such reason.")
	}
	return s.updateUser(ctx, userID, "user.update", "password_change_reason = $1", string(reason))
}

// SetPassword gives a user a new password, ends the demand for a change, and revokes all refresh
// tokens: anyone who knew the old password is out.
func (s *Server) SetPassword(ctx context.Context, userID, password string) error {
	u, err := s.UserByID(ctx, userID)
	if err != nil {
		return err
	}
	if err := s.mayBePassword(ctx, "user.password", &u, password); err != nil {
		return err
	}
	hash, err := s.hasher.Hash(ctx, password)
	if err != nil {
		return fmt.Errorf("idp: hash password: %w", err)
	}
	return s.outbox.Write(ctx, func(tx *outbox.Tx) error { return storePassword(ctx, tx, u.ID, hash, "true") })
}

// updateUser sets columns of one user, by a constant of ours in which $1 is the value and $2 the
// time, and raises the event of it.
func (s *Server) updateUser(ctx context.Context, userID, eventType, set string, value any) error {
	userID = strings.ToLower(userID)
	return s.outbox.Write(ctx, func(tx *outbox.Tx) error {
		err := database.Changed(tx.Exec(`UPDATE users SET `+set+`, last_update_instant = $2 WHERE id = $3`, value, database.Millis(s.now()), userID))
		if err != nil {
			return err
		}
		if err := raiseUser(ctx, tx, eventType, userID); err != nil {
			return err
		}
		if eventType != "user.deactivate" {
			return nil
		}
		_, err = revokeTokens(ctx, tx, revocation{userID: userID})
		return err
	})
}

// replaceHash stores the same password at today's cost, unless the password was changed meanwhile.
// The login goes on if it fails.
func (s *Server) replaceHash(ctx context.Context, u *User, renewed string) {
	err := s.db.Write(ctx, func(tx *sql.Tx) error {
		return database.Changed(tx.Exec(`UPDATE users SET password = $1 WHERE id = $2 AND password = $3`, renewed, u.ID, u.passwordHash))
	})
	switch {
	case errors.Is(err, ErrNotFound):
	case err != nil:
		s.log.WarnContext(ctx, "cannot upgrade password hash", "user", u.ID, "error", err)
	default:
		u.passwordHash = renewed
	}
}
