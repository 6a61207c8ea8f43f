package idp

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/latchkey-dev/latchkey/idp/internal/database"
	"github.com/latchkey-dev/latchkey/idp/internal/outbox"
)

// admit records the login and issues its tokens.
func (s *Server) admit(ctx context.Context, status int, u *User, app application, req *loginRequest) (loginResponse, error) {
	ttl := defaultAccessTokenTTL
	if app.ID != "" {
		ttl = app.AccessTokenTTL
	}
	refreshable := status == http.StatusOK && app.GenerateRefreshTokens && !req.NoJWT
	c, refreshToken, err := s.open(ctx, u, app, req, ttl, nil, refreshable)
	if err != nil {
		return loginResponse{}, err
	}
	j := u.json()
	answer := loginResponse{User: &j}
	if req.NoJWT {
		return answer, nil
	}
	if answer.Token, err = s.sign(ctx, app, c); err != nil {
		return loginResponse{}, err
	}
	answer.TokenExpirationInstant = c.ExpiresAt * 1000
	answer.RefreshToken, answer.RefreshTokenID = refreshToken, c.RefreshTokenID
	return answer, nil
}

// open records a login, and returns what its JWT says and, if there is to be
// one, its refresh token. ErrNotFound: the user is not any more what was checked.
func (s *Server) open(ctx context.Context, u *User, app application, req *loginRequest, ttl time.Duration, scopes []string, refreshable bool) (c claims, refreshToken string, err error) {
	now := s.now()
	c = s.newClaims(u, app.ID, ttl)
	var f family
	if refreshable {
		f = newFamily(u, app, req.MetaData.Device, now)
		f.scopes = append(f.scopes, scopes...)
		c.RefreshTokenID, refreshToken = f.id, s.value(f, 1)
	}
	err = s.outbox.Write(ctx, func(tx *outbox.Tx) error {
		if err := recordLogin(tx.Tx, u, app.ID, f, now, req.OneTime != ""); err != nil {
			return err
		}
		return s.raiseLogin(ctx, tx, u.ID, req)
	})
	if errors.Is(err, ErrNotFound) {
		s.log.InfoContext(ctx, "login overtaken by a change of the user", "user", u.ID)
	}
	if err != nil {
		return claims{}, "", fmt.Errorf("record login: %w", err)
	}
	u.LastLoginInstant = now
	if reg := u.registration(app.ID); reg != nil {
		reg.LastLoginInstant = now
	}
	return c, refreshToken, nil
}

// recordLogin notes a login of a user who is still what was checked: not locked,
// with that password and that second factor. Whoever changes one of these
// revokes refresh tokens, and must not miss one that is made meanwhile. What is
// good once changes the time of the last login, which it is bound to.
func recordLogin(tx *sql.Tx, u *User, applicationID string, f family, now time.Time, once bool) error {
	unchanged, args := "active AND password_last_update_instant = $3 AND authenticator_id = $4", []any{database.Millis(now), u.ID, database.Millis(u.PasswordLastUpdateInstant), u.authenticatorID}
	if once {
		args[0] = max(database.Millis(now), database.Millis(u.LastLoginInstant)+1)
		unchanged, args = unchanged+" AND last_login_instant = $5", append(args, database.Millis(u.LastLoginInstant))
	}
	if err := database.Changed(tx.Exec(`UPDATE users SET last_login_instant = $1 WHERE id = $2 AND `+unchanged, args...)); err != nil {
		return err
	}
	_, err := tx.Exec(`UPDATE registrations SET last_login_instant = $1 WHERE user_id = $2 AND application_id = $3`, database.Millis(now), u.ID, applicationID)
	if err != nil || f.id == "" {
		return err
	}
	return insertFamily(tx, f)
}
