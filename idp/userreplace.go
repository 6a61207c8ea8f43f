package idp

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/latchkey-dev/latchkey/idp/internal/database"
	"github.com/latchkey-dev/latchkey/idp/internal/fusion"
	"github.com/latchkey-dev/latchkey/idp/internal/outbox"
)

// replaceUser puts what the request says in place of what is stored. A password that is not given
// stays; a new one revokes all refresh tokens. Another e-mail address has to be verified again. The
// request may depend on the user: it is asked for again once nobody else can change the user.
func (s *Server) replaceUser(ctx context.Context, caller string, old User, request func(User) (userRequest, error)) (User, error) {
	req, err := replacement(old, request)
	if err != nil {
		return User{}, err
	}
	if err := checkReplacement(ctx, s.passwords, old.TenantID, req.User); err != nil {
		return User{}, err
	}
	hash := ""
	if req.User.Password != "" {
		if hash, err = s.hasher.Hash(ctx, req.User.Password); err != nil {
			return User{}, fmt.Errorf("hash password: %w", err)
		}
	}
	now := database.Millis(s.now())
	err = s.outbox.Write(ctx, caller, func(tx *outbox.Tx) error {
		// Lock the user's row: it serializes changes of the user.
		if err := database.Changed(tx.Exec(`UPDATE users SET last_update_instant = $1 WHERE id = $2`, now, old.ID)); err != nil {
			return err
		}
		u, err := userByID(context.WithoutCancel(ctx), tx, old.ID)
		if err != nil {
			return err
		}
		req, err := replacement(u, request)
		if err != nil {
			return err
		}
		if wrong := checkWritten(req.User); wrong != nil {
			return wrong
		}
		if err := storeUser(tx.Tx, u, req); err != nil {
			return err
		}
		if err := raiseUserUpdate(ctx, tx, u); err != nil {
			return err
		}
		if hash == "" {
			return nil
		}
		if err := storePassword(ctx, tx, u.ID, hash, "true"); err != nil {
			return err
		}
		// A new password takes the reason away, unless the request sets one.
		_, err = tx.Exec(`UPDATE users SET password_change_reason = $1 WHERE id = $2`, string(req.User.changeReason()), u.ID)
		return err
	})
	if err != nil {
		return User{}, err
	}
	return s.UserByID(ctx, old.ID)
}

// replacement returns the request to replace a user, checked.
func replacement(u User, request func(User) (userRequest, error)) (userRequest, error) {
	req, err := request(u)
	if err != nil {
		return userRequest{}, err
	}
	req.User = req.User.trimmed()
	return req, req.User.TwoFactor.unchanged(u)
}

func storeUser(tx *sql.Tx, old User, req userRequest) error {
	n := req.User
	if err := refuseTaken(tx, old, n); err != nil {
		return err
	}
	profile, err := json.Marshal(n.Profile)
	if err != nil {
		return fusion.Invalid("user.data", "invalid", "The profile cannot be written as JSON.")
	}
	email := strings.ToLower(n.Email)
	verified := req.SkipVerification || old.Verified && email == old.Email
	return database.Changed(tx.Exec(`UPDATE users SET imported_instant = CASE WHEN email = $1 THEN imported_instant ELSE 0 END, email = $1, email_key = $2, username = $3, username_key = $4, verified = $5, expiry = $6, password_change_reason = $7, profile = $8 WHERE id = $9`,
		email, loginIDKey(n.Email), n.Username, loginIDKey(n.Username), verified, n.Expiry, string(n.changeReason()), string(profile), old.ID))
}

func checkReplacement(ctx context.Context, passwords passwordPolicy, tenantID string, n userWrite) error {
	wrong := checkWritten(n)
	if n.Password != "" { // else the old one stays
		more, err := passwords.refuse(ctx, "user.password", tenantID, n.Password, n.Email, n.Username)
		if err != nil {
			return err
		}
		wrong = append(wrong, more...)
	}
	return fusion.OrNil(wrong)
}

// checkWritten checks everything but the password.
func checkWritten(n userWrite) ValidationError {
	_, wrong := checkNewUser(NewUser{
		Email: n.Email, Username: n.Username, Expiry: database.FromMillis(n.Expiry), changeReason: n.PasswordChangeReason,
	})
	return wrong
}

// refuseTaken refuses an e-mail address or a username of another user.
func refuseTaken(tx *sql.Tx, old User, n userWrite) error {
	var wrong ValidationError
	for field, key := range map[string]sql.NullString{"email": loginIDKey(n.Email), "username": loginIDKey(n.Username)} {
		var taken bool
		if err := tx.QueryRow(takenLoginID, old.TenantID, key, old.ID).Scan(&taken); err != nil {
			return err
		}
		if taken {
			wrong = append(wrong, fusion.Invalid("user."+field, "duplicate", "This one is taken.")...)
		}
	}
	return fusion.OrNil(wrong)
}
