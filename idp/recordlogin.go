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

// issueTokens records a login and returns the answer with its tokens.
func (s *Server) issueTokens(ctx context.Context, status int, u *User, app application, req *loginRequest) (loginResponse, error) {
	c := s.tokens.claims(u, app.ID, app.accessTokenTTL())
	var answer loginResponse
	var f *family
	if status == http.StatusOK && app.GenerateRefreshTokens && !req.NoJWT {
		f = newFamily(u, app, req.MetaData.Device, s.now())
		c.RefreshTokenID, answer.RefreshTokenID, answer.RefreshToken = f.id, f.id, s.secrets.refreshToken(*f, 1)
	}
	if err := s.recordLogin(ctx, u, app, req, f); err != nil {
		return loginResponse{}, err
	}
	j := u.json()
	answer.User = &j
	if req.NoJWT {
		return answer, nil
	}
	jwt, err := s.tokens.sign(ctx, app, c)
	if err != nil {
		return loginResponse{}, err
	}
	answer.Token, answer.TokenExpirationInstant = jwt, c.ExpiresAt*1000
	return answer, nil
}

// unchangedUser is the condition for a user who is still what was checked: not locked, with the
// same password and second factor. A change of one of these revokes refresh tokens, and must not
// miss one that is issued meanwhile.
const unchangedUser = `id = $2 AND active AND password_last_update_instant = $3 AND authenticator_id = $4`

func touchLastLogin(tx *sql.Tx, u *User, now time.Time) error {
	return database.Changed(tx.Exec(`UPDATE users SET last_login_instant = $1 WHERE `+unchangedUser,
		database.Millis(now), u.ID, database.Millis(u.PasswordLastUpdateInstant), u.authenticatorID))
}

// spendOneTimePassword changes the time of the last login, to which a one-time password is bound.
func spendOneTimePassword(tx *sql.Tx, u *User, now time.Time) error {
	last := database.Millis(u.LastLoginInstant)
	return database.Changed(tx.Exec(`UPDATE users SET last_login_instant = $1 WHERE `+unchangedUser+` AND last_login_instant = $5`,
		max(database.Millis(now), last+1), u.ID, database.Millis(u.PasswordLastUpdateInstant), u.authenticatorID, last))
}

// recordLogin stores a login with its event, and its family of refresh tokens if it has one.
// ErrNotFound: the user is no longer what was checked.
func (s *Server) recordLogin(ctx context.Context, u *User, app application, req *loginRequest, f *family) error {
	now := s.now()
	setLastLogin := touchLastLogin
	if req.OneTime != "" {
		setLastLogin = spendOneTimePassword
	}
	err := s.outbox.Write(ctx, req.MetaData.Device.address, func(tx *outbox.Tx) error {
		if err := setLastLogin(tx.Tx, u, now); err != nil {
			return err
		}
		_, err := tx.Exec(`UPDATE registrations SET last_login_instant = $1 WHERE user_id = $2 AND application_id = $3`,
			database.Millis(now), u.ID, app.ID)
		if err != nil {
			return err
		}
		if f != nil {
			if err := insertFamily(tx.Tx, *f); err != nil {
				return err
			}
		}
		return raiseLogin(ctx, tx, u.ID, req)
	})
	if errors.Is(err, ErrNotFound) {
		s.log.InfoContext(ctx, "login lost a race against a change of the user", "user", u.ID)
	}
	if err != nil {
		return fmt.Errorf("record login: %w", err)
	}
	u.LastLoginInstant = now
	if reg := u.registration(app.ID); reg != nil {
		reg.LastLoginInstant = now
	}
	return nil
}
