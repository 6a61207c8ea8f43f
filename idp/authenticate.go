package idp

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/latchkey-dev/latchkey/idp/internal/database"
)

// authenticate returns the user who proved their identity, or ErrNotFound.
func (s *Server) authenticate(ctx context.Context, tenantID string, req *loginRequest) (User, error) {
	check := s.checkPassword
	if req.OneTime != "" {
		check = s.checkOneTimePassword
	}
	u, err := check(ctx, tenantID, req)
	if errors.Is(err, ErrNotFound) {
		s.logFailedLogin(ctx, req)
	}
	return u, err
}

func (s *Server) checkOneTimePassword(ctx context.Context, tenantID string, req *loginRequest) (User, error) {
	u, err := s.tickets.user(ctx, forOneLogin, req.OneTime)
	if err != nil {
		return User{}, err
	}
	if u.TenantID != tenantID {
		return User{}, ErrNotFound
	}
	return u, nil
}

// checkPassword returns the user whose password this is, or ErrNotFound. An unknown user costs as
// much time as a wrong password (ASVS V6.3.8).
func (s *Server) checkPassword(ctx context.Context, tenantID string, req *loginRequest) (User, error) {
	u, err := userByLoginID(ctx, s.db, tenantID, req.LoginID, req.LoginIDTypes)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return User{}, err
	}
	t, err := readTenant(ctx, s.db, tenantID)
	if err != nil {
		return User{}, err
	}
	err = s.lockouts.verify(ctx, t.Lockout, s.secrets.failureSubject(&u, tenantID, req.LoginID), func() error { return s.verifyPassword(ctx, &u, t, req.Password) })
	var locked *lockedError
	switch {
	case errors.As(err, &locked):
		// Costs as much: a lock begins for the account that exists, and not for one that a stranger
		// has just registered.
		if _, _, busy := s.hasher.Verify(ctx, "", req.Password); busy != nil {
			return User{}, fmt.Errorf("verify password: %w", busy)
		}
	case errors.Is(err, ErrNotFound) && u.ID != "":
		s.failedLogins.raise(ctx, u.ID, req)
	}
	return u, err
}

// verifyPassword returns ErrNotFound if the password is wrong. A right one takes as long if the
// tenant gates the user: otherwise a stranger who registers somebody else's address with a password
// of their own, and logs in with it, would learn whether the address had an account before.
func (s *Server) verifyPassword(ctx context.Context, u *User, t Tenant, password string) error {
	s.costs.cover(ctx)
	verify := s.hasher.Verify
	if t.gates(u) {
		verify = s.hasher.VerifyOfRefused
	}
	ok, renewed, err := verify(ctx, u.passwordHash, password)
	if err != nil {
		return fmt.Errorf("verify password: %w", err)
	}
	if !ok {
		return ErrNotFound
	}
	if renewed != "" {
		s.replaceHash(ctx, u, renewed)
	}
	return nil
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
