package idp

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/latchkey-dev/latchkey/idp/internal/database"
	"github.com/latchkey-dev/latchkey/idp/internal/fusion"
	"github.com/latchkey-dev/latchkey/idp/internal/outbox"
)

// checkCurrent returns ErrNotFound if the password is another one. Wrong ones count as those of a
// login do.
func (s *Server) checkCurrent(ctx context.Context, u *User, password string) error {
	t, err := readTenant(ctx, s.db, u.TenantID)
	if err != nil {
		return err
	}
	return s.lockouts.verify(ctx, t.Lockout, s.secrets.failureSubject(u, u.TenantID, ""), func() error { return s.verifyPassword(ctx, u, t, password) })
}

// changeTo sets the password and returns the user as they are then.
func (s *Server) changeTo(r *http.Request, u User, password string) (User, error) {
	return s.writeChange(r, u, password, replacePassword)
}

// changeByMail is changeTo for an id that came by mail, which proves the address, too.
func (s *Server) changeByMail(r *http.Request, u User, password string) (User, error) {
	return s.writeChange(r, u, password, func(ctx context.Context, tx *outbox.Tx, u User, hash string) error {
		if err := replacePassword(ctx, tx, u, hash); err != nil {
			return err
		}
		err := database.Changed(tx.Exec(`UPDATE users SET verified = TRUE WHERE id = $1 AND email = $2 AND NOT verified`, u.ID, u.Email))
		if err != nil {
			return database.IgnoreNotFound(err)
		}
		return raiseUser(ctx, tx, "user.email.verified", u.ID)
	})
}

// replacePassword stores a new hash. If two use one id at once, the second finds the hash replaced.
func replacePassword(ctx context.Context, tx *outbox.Tx, u User, hash string) error {
	return storePassword(ctx, tx, u.ID, hash, "password = $4", u.passwordHash)
}

func (s *Server) writeChange(r *http.Request, u User, password string, store func(context.Context, *outbox.Tx, User, string) error) (User, error) {
	ctx := r.Context()
	if err := s.passwords.check(ctx, "password", &u, password); err != nil {
		return User{}, err
	}
	hash, err := s.hasher.Hash(ctx, password)
	if err != nil {
		return User{}, fmt.Errorf("hash password: %w", err)
	}
	err = s.outbox.Write(ctx, fusion.Caller(r), func(tx *outbox.Tx) error { return store(ctx, tx, u, hash) })
	if errors.Is(err, ErrNotFound) {
		return User{}, err
	}
	if err != nil {
		return User{}, fmt.Errorf("change password: %w", err)
	}
	s.log.InfoContext(ctx, "password changed", "user", u.ID)
	return s.UserByID(ctx, u.ID)
}

// storePassword sets the hash, ends the demand for a change, and revokes all of the user's refresh
// tokens: anyone who knew the old password is out.
func storePassword(ctx context.Context, tx *outbox.Tx, userID, hash, condition string, args ...any) error {
	now := tx.Now
	// The time of the password tells it from the one before: it only rises.
	err := database.Changed(tx.Exec(`UPDATE users SET password = $1, password_change_reason = '',
		password_last_update_instant = CASE WHEN password_last_update_instant >= $2 THEN password_last_update_instant + 1 ELSE $2 END,
		last_update_instant = $2 WHERE id = $3 AND `+condition, append([]any{hash, database.Millis(now), userID}, args...)...))
	if err != nil {
		return err
	}
	if err := forgetFailures(tx.Tx, "user "+userID); err != nil {
		return err
	}
	if err := raiseUser(ctx, tx, "user.password.update", userID); err != nil {
		return err
	}
	_, err = revokeTokens(ctx, tx, revocation{userID: userID}) // after the event that says why
	return err
}
