package idp

import (
	"context"
	"database/sql"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"

	"github.com/latchkey-dev/latchkey/idp/internal/database"
	"github.com/latchkey-dev/latchkey/idp/internal/fusion"
	"github.com/latchkey-dev/latchkey/idp/internal/password"
)

// An importRow is a user that is checked and hashed.
type importRow struct {
	importedUser
	id, hash, profile string
	factor            sealedFactor
}

func (s *Server) importRow(ctx context.Context, sc scope, u importedUser) (row importRow, err error) {
	u.userWrite = u.trimmed()
	n, err := newUser(ctx, s.db, sc, userRequest{User: u.userWrite}, "")
	if err != nil {
		return row, err
	}
	if n.TenantID, err = tenantOrDefault(ctx, s.db, "user.tenantId", n.TenantID); err != nil {
		return row, err
	}
	if u.EncryptionScheme == "" && (u.Salt != "" || strings.Trim(string(u.Factor), `"0`) != "" && string(u.Factor) != "null") {
		return row, fusion.Invalid("user.encryptionScheme", "blank", "Say of which scheme the password is a hash: without one it would become the password itself.")
	}
	if u.LastLoginInstant < 0 {
		return row, fusion.Invalid("user.lastLoginInstant", "invalid", "Give milliseconds since 1970, or nothing for a user who has not logged in.")
	}
	u.TenantID = n.TenantID
	if row.id, row.hash, err = s.importedHash(ctx, u, n); err != nil {
		return row, err
	}
	profile, err := json.Marshal(u.Profile)
	if err != nil {
		return row, fusion.Invalid("user.data", "invalid", "The profile cannot be written as JSON.")
	}
	row.importedUser, row.profile, row.factor = u, string(profile), s.secrets.sealFactor(row.id, n.factor)
	return row, nil
}

// importedHash checks a user and returns their id and the hash of their password.
func (s *Server) importedHash(ctx context.Context, u importedUser, n NewUser) (id, hash string, err error) {
	if u.EncryptionScheme != "" {
		id, wrong := checkNewUser(n)
		if wrong != nil {
			return "", "", wrong
		}
		hash, err := u.foreignHash()
		return id, hash, err
	}
	if id, err = checkUserWithPassword(ctx, s.passwords, n.TenantID, n); err != nil {
		return "", "", err
	}
	hash, err = s.hasher.Hash(ctx, u.Password)
	return id, hash, err
}

func (u importedUser) foreignHash() (string, error) {
	factor := 0
	if text := strings.Trim(string(u.Factor), `"`); text != "" && text != "null" {
		var err error
		if factor, err = strconv.Atoi(text); err != nil {
			return "", fusion.Invalid("user.factor", "invalid", "The factor is a whole number.")
		}
	}
	stored, err := password.Foreign{Scheme: u.EncryptionScheme, Factor: factor, Salt: u.Salt, Hash: u.Password}.Stored()
	switch {
	case errors.Is(err, password.ErrScheme):
		return "", fusion.Invalid("user.encryptionScheme", "invalid", "This scheme is not known here.")
	case err != nil:
		return "", fusion.Invalid("user.password", "invalid", "This is no hash of its scheme, or its factor is too large.")
	}
	return stored, nil
}

func (row importRow) insert(tx *sql.Tx, at time.Time, roles map[string]knownRoles) error {
	n := NewUser{Email: row.Email, Username: row.Username}
	if err := refuseDuplicate(tx, row.id, row.TenantID, n); err != nil {
		return err
	}
	now := database.Millis(at)
	inserted := row.InsertInstant
	if inserted <= 0 {
		inserted = now
	}
	active := row.Active == nil || *row.Active
	_, err := tx.Exec(`INSERT INTO users (id, tenant_id, email, email_key, username, username_key, password, active, verified,
		expiry, password_change_reason, profile, insert_instant, last_update_instant, last_login_instant, password_last_update_instant, imported_instant)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $14, $14)`,
		row.id, row.TenantID, strings.ToLower(row.Email), loginIDKey(row.Email), row.Username, loginIDKey(row.Username), row.hash, active, row.Verified,
		row.Expiry, string(row.changeReason()), row.profile, inserted, now, row.LastLoginInstant)
	if err != nil {
		return err
	}
	if err := row.factor.insert(tx, row.id); err != nil {
		return err
	}
	for _, reg := range row.Registrations {
		if err := row.insertRegistration(tx, reg, now, roles); err != nil {
			return err
		}
	}
	return nil
}

func (row importRow) insertRegistration(tx *sql.Tx, reg registrationWrite, now int64, known map[string]knownRoles) error {
	applicationID, err := fusion.ParseID("user.registrations", reg.ApplicationID)
	if err != nil {
		return err
	}
	if _, locked := known[applicationID]; !locked {
		if known[applicationID], err = lockRoles(tx, applicationID); err != nil {
			return err
		}
	}
	roles, err := known[applicationID].admitNew(reg.Roles)
	if bad, ok := errors.AsType[ValidationError](err); ok {
		return fusion.Nest("user.registrations", bad)
	}
	if err != nil {
		return err
	}
	err = database.Changed(tx.Exec(`INSERT INTO registrations (id, user_id, application_id, roles, insert_instant, last_update_instant, last_login_instant)
		SELECT $1, $2, id, $3, $4, $4, 0 FROM applications WHERE id = $5 AND tenant_id = $6
		ON CONFLICT (user_id, application_id) DO NOTHING`, uuid.NewString(), row.id, roles, now, applicationID, row.TenantID))
	if errors.Is(err, ErrNotFound) {
		return fusion.Invalid("user.registrations", "invalid", "There is no such application, or it is named twice.")
	}
	return err
}
