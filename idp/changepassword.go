package idp

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/google/uuid"
)

// A change password id lets its holder set a new password once. It is not
// stored: it carries a MAC over the user, its deadline and the password hash
// that it is to replace, so the first change makes it worthless.
const changePasswordTTL = 10 * time.Minute // FusionAuth's default

const changeIDVersion = 1

var changeIDEncoding = base64.RawURLEncoding.Strict()

type passwordChangeResponse struct {
	ChangePasswordID     string               `json:"changePasswordId"`
	ChangePasswordReason PasswordChangeReason `json:"changePasswordReason"`
}

// passwordChange is the answer to a login whose password must be changed first.
func (s *Server) passwordChange(u *User) passwordChangeResponse {
	body := append([]byte{changeIDVersion}, uuidBytes(u.ID)...)
	body = binary.BigEndian.AppendUint64(body, uint64(millis(s.now().Add(changePasswordTTL))))
	id := changeIDEncoding.EncodeToString(s.appendChangeMAC(body, u))
	return passwordChangeResponse{id, u.PasswordChangeReason}
}

func uuidBytes(id string) []byte {
	u := uuid.MustParse(id)
	return u[:]
}

func (s *Server) appendChangeMAC(body []byte, u *User) []byte {
	mac := hmac.New(sha256.New, s.secrets.change[:])
	mac.Write(body)
	mac.Write([]byte(u.passwordHash))
	return mac.Sum(body)
}

// userOfChange returns the user whose password the id may change, or ErrNotFound.
func (s *Server) userOfChange(ctx context.Context, id string) (User, error) {
	const bodySize = 1 + 16 + 8
	raw, err := changeIDEncoding.DecodeString(id)
	if err != nil || len(raw) != bodySize+sha256.Size || raw[0] != changeIDVersion {
		return User{}, ErrNotFound
	}
	body := raw[:bodySize:bodySize]
	u, err := s.UserByID(ctx, uuid.UUID(body[1:17]).String())
	if err != nil {
		return User{}, err
	}
	deadline := int64(binary.BigEndian.Uint64(body[17:]))
	if !hmac.Equal(s.appendChangeMAC(body, &u), raw) || millis(s.now()) >= deadline || !u.Active {
		return User{}, ErrNotFound
	}
	return u, nil
}

// checkChange answers GET /api/user/change-password/{id}: whether it is good.
func (s *Server) checkChange(w http.ResponseWriter, r *http.Request) {
	if _, err := s.userOfChange(r.Context(), r.PathValue("changePasswordId")); err != nil {
		s.fail(w, r, err)
	}
}

// changePassword answers POST /api/user/change-password[/{id}]. The id is the
// credential. A wrong current password, where one is given, is 404 as well.
func (s *Server) changePassword(w http.ResponseWriter, r *http.Request) {
	var req struct {
		ChangePasswordID string `json:"changePasswordId"`
		CurrentPassword  string `json:"currentPassword"`
		Password         string `json:"password"`
	}
	if err := decode(w, r, &req); err != nil {
		s.fail(w, r, err)
		return
	}
	if req.ChangePasswordID == "" {
		req.ChangePasswordID = r.PathValue("changePasswordId")
	}
	if err := s.changeTo(r.Context(), req.ChangePasswordID, req.CurrentPassword, req.Password); err != nil {
		s.fail(w, r, err)
		return
	}
	// FusionAuth answers a oneTimePassword to log in with; the new password
	// does that just as well.
	reply(w, http.StatusOK, struct{}{})
}

func (s *Server) changeTo(ctx context.Context, id, current, password string) error {
	u, err := s.userOfChange(ctx, id)
	if err != nil {
		return err
	}
	if kind, message := s.checkPassword(password); kind != "" {
		return invalid("password", kind, message)
	}
	if current != "" {
		ok, _, err := s.hasher.Verify(ctx, u.passwordHash, current)
		if err != nil {
			return fmt.Errorf("verify password: %w", err)
		}
		if !ok {
			return ErrNotFound
		}
	}
	hash, err := s.hasher.Hash(ctx, password)
	if err != nil {
		return fmt.Errorf("hash password: %w", err)
	}
	err = s.db.Write(ctx, func(tx *sql.Tx) error {
		// Of two who use one id at once, one finds the hash replaced.
		return s.storePassword(tx, u.ID, hash, "password = $4", u.passwordHash)
	})
	if err == nil {
		s.log.InfoContext(ctx, "password changed", "user", u.ID)
	} else if !errors.Is(err, ErrNotFound) {
		return fmt.Errorf("change password: %w", err)
	}
	return err
}

// storePassword sets the hash, ends the demand for a change, and revokes all of
// the user's refresh tokens: whoever knew the old password is out.
func (s *Server) storePassword(tx *sql.Tx, userID, hash, condition string, args ...any) error {
	now := s.now()
	err := changed(tx.Exec(`UPDATE users SET password = $1, password_change_reason = '', password_last_update_instant = $2,
		last_update_instant = $2 WHERE id = $3 AND `+condition, append([]any{hash, millis(now), userID}, args...)...))
	if err != nil {
		return err
	}
	_, err = revokeWhere(tx, now, "user_id = $2", userID)
	return err
}
