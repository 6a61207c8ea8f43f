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

// Register lets a user into an application with the given roles, which replace those of an earlier
// registration; a new one that names none gets the default roles of the application. A role that
// the application does not have, if it has any: a [ValidationError]. Unknown user or application,
// or one of another tenant than the other: ErrNotFound.
func (s *Server) Register(ctx context.Context, userID, applicationID string, roles ...string) error {
	userID, applicationID = strings.ToLower(userID), strings.ToLower(applicationID)
	return s.outbox.Write(ctx, "", func(tx *outbox.Tx) error {
		list, eventType, err := rolesToRegister(tx.Tx, userID, applicationID, roles)
		if err != nil {
			return err
		}
		err = database.Changed(tx.Exec(`INSERT INTO registrations (id, user_id, application_id, roles, insert_instant, last_update_instant, last_login_instant)
			SELECT $1, u.id, a.id, $2, $3, $3, 0 FROM users u JOIN applications a ON a.tenant_id = u.tenant_id
			WHERE u.id = $4 AND a.id = $5
			ON CONFLICT (user_id, application_id) DO UPDATE SET roles = $2, last_update_instant = $3`,
			uuid.NewString(), list, database.Millis(tx.Now), userID, applicationID))
		if err != nil {
			return err
		}
		return raiseRegistration(ctx, tx, eventType, userID, applicationID)
	})
}

func rolesToRegister(tx *sql.Tx, userID, applicationID string, roles []string) (list, eventType string, err error) {
	var text []byte
	err = tx.QueryRow(`SELECT roles FROM registrations WHERE user_id = $1 AND application_id = $2`, userID, applicationID).Scan(&text)
	if errors.Is(err, sql.ErrNoRows) {
		list, err = rolesOfNew(tx, applicationID, roles)
		return list, "user.registration.create", err
	}
	if err != nil {
		return "", "", fmt.Errorf("read roles of registration: %w", err)
	}
	var old []string
	if err := json.Unmarshal(text, &old); err != nil {
		return "", "", fmt.Errorf("read roles of registration: %w", err)
	}
	known, err := lockRoles(tx, applicationID)
	if err != nil {
		return "", "", err
	}
	list, err = known.admit(roles, old)
	return list, "user.registration.update", err
}

// Unregister takes a user out of an application and revokes the user's refresh tokens there. Not
// registered: ErrNotFound.
func (s *Server) Unregister(ctx context.Context, userID, applicationID string) error {
	userID, applicationID = strings.ToLower(userID), strings.ToLower(applicationID)
	return s.outbox.Write(ctx, "", func(tx *outbox.Tx) error { return unregister(ctx, tx, userID, applicationID) })
}

func unregister(ctx context.Context, tx *outbox.Tx, userID, applicationID string) error {
	// The event shows what was there, and is kept only if it is gone.
	if err := raiseRegistration(ctx, tx, "user.registration.delete", userID, applicationID); err != nil {
		return err
	}
	if err := database.Changed(tx.Exec(`DELETE FROM registrations WHERE user_id = $1 AND application_id = $2`, userID, applicationID)); err != nil {
		return err
	}
	_, err := revokeTokens(ctx, tx, revocation{userID: userID, applicationID: applicationID})
	return err
}

// SetUserActive locks a user out and revokes all refresh tokens, or lets the user in again.
// Unknown: ErrNotFound, as in all of these.
func (s *Server) SetUserActive(ctx context.Context, userID string, active bool) error {
	set := deactivate
	if active {
		set = reactivate
	}
	userID = strings.ToLower(userID)
	return s.outbox.Write(ctx, "", func(tx *outbox.Tx) error { return set(ctx, tx, userID) })
}

func reactivate(ctx context.Context, tx *outbox.Tx, userID string) error {
	return setUser(ctx, tx, userID, "user.reactivate", "active = $1", true)
}

func deactivate(ctx context.Context, tx *outbox.Tx, userID string) error {
	if err := setUser(ctx, tx, userID, "user.deactivate", "active = $1", false); err != nil {
		return err
	}
	_, err := revokeTokens(ctx, tx, revocation{userID: userID})
	return err
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
	if err := s.passwords.check(ctx, "user.password", &u, password); err != nil {
		return err
	}
	hash, err := s.hasher.Hash(ctx, password)
	if err != nil {
		return fmt.Errorf("idp: hash password: %w", err)
	}
	return s.outbox.Write(ctx, "", func(tx *outbox.Tx) error { return storePassword(ctx, tx, u.ID, hash, "true") })
}

// updateUser is setUser in a transaction of its own.
func (s *Server) updateUser(ctx context.Context, userID, eventType, set string, value any) error {
	userID = strings.ToLower(userID)
	return s.outbox.Write(ctx, "", func(tx *outbox.Tx) error { return setUser(ctx, tx, userID, eventType, set, value) })
}

// setUser sets columns of one user, by a constant of ours in which $1 is the value and $2 the time,
// and raises the event of it.
func setUser(ctx context.Context, tx *outbox.Tx, userID, eventType, set string, value any) error {
	err := database.Changed(tx.Exec(`UPDATE users SET `+set+`, last_update_instant = $2 WHERE id = $3`, value, database.Millis(tx.Now), userID))
	if err != nil {
		return err
	}
	return raiseUser(ctx, tx, eventType, userID)
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
