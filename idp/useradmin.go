package idp

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/latchkey-dev/latchkey/idp/internal/database"
	"github.com/latchkey-dev/latchkey/idp/internal/fusion"
	"github.com/latchkey-dev/latchkey/idp/internal/outbox"
)

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

// RequirePasswordChange makes logins answer 203 until the password is changed. Existing sessions go
// on. An empty reason withdraws the requirement.
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

// setUser sets columns of one user, and raises the event of it. set is constant SQL, in which $1 is
// the value and $2 the time.
func setUser(ctx context.Context, tx *outbox.Tx, userID, eventType, set string, value any) error {
	err := database.Changed(tx.Exec(`UPDATE users SET `+set+`, last_update_instant = $2 WHERE id = $3`, value, database.Millis(tx.Now), userID))
	if err != nil {
		return err
	}
	return raiseUser(ctx, tx, eventType, userID)
}

// UserByID returns a user, or ErrNotFound.
func (s *Server) UserByID(ctx context.Context, id string) (User, error) {
	return userByID(ctx, s.db, strings.ToLower(id))
}

// UserByLoginID returns the user of the default tenant with this e-mail
// address or username, or ErrNotFound.
func (s *Server) UserByLoginID(ctx context.Context, loginID string) (User, error) {
	t, err := s.DefaultTenant(ctx)
	if err != nil {
		return User{}, err
	}
	return userByLoginID(ctx, s.db, t.ID, loginID, []string{loginIDEmail, loginIDUsername})
}

// DeleteUser removes a user with all registrations and refresh tokens, for good. Unknown:
// ErrNotFound.
func (s *Server) DeleteUser(ctx context.Context, userID string) error {
	return s.deleteUserBy(ctx, "", strings.ToLower(userID))
}

func (s *Server) deleteUserBy(ctx context.Context, caller, userID string) error {
	return s.outbox.Write(ctx, caller, func(tx *outbox.Tx) error { return removeUser(ctx, tx, userID) })
}
