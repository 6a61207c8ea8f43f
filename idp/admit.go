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
	now := s.now()
	ttl := defaultAccessTokenTTL
	if app.ID != "" {
		ttl = app.AccessTokenTTL
	}
	c := s.newClaims(u, app.ID, ttl)
	var f family
	if status == http.StatusOK && app.GenerateRefreshTokens && !req.NoJWT {
		f = newFamily(u, app, req.MetaData.Device, now)
		c.RefreshTokenID = f.id
	}
	err := s.db.Write(ctx, func(tx *sql.Tx) error { return recordLogin(tx, u.ID, app.ID, f, now) })
	if err != nil {
		return loginResponse{}, fmt.Errorf("record login: %w", err)
	}
	u.LastLoginInstant = now
	if reg := u.registration(app.ID); reg != nil {
		reg.LastLoginInstant = now
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
	if f.id != "" {
		answer.RefreshToken, answer.RefreshTokenID = s.value(f, 1), f.id
	}
	return answer, nil
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
