package idp

import (
	"context"
	"database/sql"
	"fmt"
	"net/http"
	"time"
)

// admit records the login and issues its tokens.
func (s *Server) admit(ctx context.Context, status int, u *User, app application, req *loginRequest) (loginResponse, error) {
	ttl := defaultAccessTokenTTL
	if app.ID != "" {
		ttl = app.AccessTokenTTL
	}
	refreshable := status == http.StatusOK && app.GenerateRefreshTokens && !req.NoJWT
	c, refreshToken, err := s.open(ctx, u, app, req.MetaData.Device, ttl, nil, refreshable)
	if err != nil {
		return loginResponse{}, err
	}
	j := u.json()
	answer := loginResponse{User: &j}
	if req.NoJWT {
		return answer, nil
	}
	if answer.Token, err = s.sign(c); err != nil {
		return loginResponse{}, err
	}
	answer.TokenExpirationInstant = c.ExpiresAt * 1000
	answer.RefreshToken, answer.RefreshTokenID = refreshToken, c.RefreshTokenID
	return answer, nil
}

// open records a login, and returns what its JWT says and, if there is to be
// one, its refresh token.
func (s *Server) open(ctx context.Context, u *User, app application, d device, ttl time.Duration, scopes []string, refreshable bool) (c claims, refreshToken string, err error) {
	now := s.now()
	c = s.newClaims(u, app.ID, ttl)
	var f family
	if refreshable {
		f = newFamily(u, app, d, now)
		f.scopes = append(f.scopes, scopes...)
		c.RefreshTokenID, refreshToken = f.id, s.value(f, 1)
	}
	err = s.db.Write(ctx, func(tx *sql.Tx) error { return recordLogin(tx, u.ID, app.ID, f, now) })
	if err != nil {
		return claims{}, "", fmt.Errorf("record login: %w", err)
	}
	u.LastLoginInstant = now
	if reg := u.registration(app.ID); reg != nil {
		reg.LastLoginInstant = now
	}
	return c, refreshToken, nil
}

func recordLogin(tx *sql.Tx, userID, applicationID string, f family, now time.Time) error {
	if _, err := tx.Exec(`UPDATE users SET last_login_instant = $1 WHERE id = $2`, millis(now), userID); err != nil {
		return err
	}
	_, err := tx.Exec(`UPDATE registrations SET last_login_instant = $1 WHERE user_id = $2 AND application_id = $3`, millis(now), userID, applicationID)
	if err != nil || f.id == "" {
		return err
	}
	return insertFamily(tx, f)
}
