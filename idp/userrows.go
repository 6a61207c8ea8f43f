package idp

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/go-json-experiment/json"

	"github.com/latchkey-dev/latchkey/idp/internal/database"
	"github.com/latchkey-dev/latchkey/idp/internal/outbox"
	"github.com/latchkey-dev/latchkey/internal/loginid"
)

func userByID(ctx context.Context, q database.Queries, id string) (User, error) {
	return readUser(ctx, q, "id = $1", id)
}

// FusionAuth's types of login ids. phoneNumber is accepted, and matches no user.
const (
	loginIDEmail    = "email"
	loginIDUsername = "username"
	loginIDPhone    = "phoneNumber"
)

// userByLoginID tries the types in the order in which they are listed.
func userByLoginID(ctx context.Context, q database.Queries, tenantID, loginID string, types []string) (User, error) {
	loginID = loginid.Trim(loginID)
	if checkLoginID(loginID) != "" {
		return User{}, ErrNotFound // no such user can exist
	}
	key := loginid.Canonical(loginID)
	for _, t := range types {
		var where string
		switch t {
		case loginIDEmail:
			where = "tenant_id = $1 AND email_key = $2"
		case loginIDUsername:
			where = "tenant_id = $1 AND username_key = $2"
		default:
			continue
		}
		u, err := readUser(ctx, q, where, tenantID, key)
		if !errors.Is(err, ErrNotFound) {
			return u, err
		}
	}
	return User{}, ErrNotFound
}

const selectUser = `SELECT id, tenant_id, email, username, password, active, verified, expiry, password_change_reason, profile,
	insert_instant, last_update_instant, last_login_instant, password_last_update_instant, authenticator_id FROM users WHERE `

// readUser returns the one user that the condition, which is a constant of
// ours, selects.
func readUser(ctx context.Context, q database.Queries, where string, args ...any) (User, error) {
	u, err := scanUser(q.QueryRowContext(ctx, selectUser+where, args...).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return User{}, ErrNotFound
	}
	if err != nil {
		return User{}, fmt.Errorf("read user: %w", err)
	}
	of, err := registrations(ctx, q, "user_id = $1", u.ID)
	u.Registrations = of[u.ID]
	return u, err
}

// readUsers is readUser for many, by id.
func readUsers(ctx context.Context, q database.Queries, where string, args ...any) (map[string]User, error) {
	rows, err := q.QueryContext(ctx, selectUser+where, args...)
	if err != nil {
		return nil, fmt.Errorf("read users: %w", err)
	}
	defer rows.Close()
	all := make(map[string]User)
	for rows.Next() {
		u, err := scanUser(rows.Scan)
		if err != nil {
			return nil, fmt.Errorf("read users: %w", err)
		}
		all[u.ID] = u
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read users: %w", err)
	}
	rows.Close() // before the next query of a transaction
	of, err := registrations(ctx, q, "user_id IN (SELECT id FROM users WHERE "+where+")", args...)
	for id, u := range all {
		u.Registrations = of[id]
		all[id] = u
	}
	return all, err
}

func scanUser(scan func(...any) error) (u User, err error) {
	var profile []byte
	var expiry, inserted, updated, login, password int64
	err = scan(&u.ID, &u.TenantID, &u.Email, &u.Username, &u.passwordHash,
		&u.Active, &u.Verified, &expiry, (*string)(&u.PasswordChangeReason), &profile, &inserted, &updated, &login, &password, &u.authenticatorID)
	if err != nil {
		return User{}, err
	}
	u.Expiry, u.InsertInstant, u.LastUpdateInstant = database.FromMillis(expiry), database.FromMillis(inserted), database.FromMillis(updated)
	u.LastLoginInstant, u.PasswordLastUpdateInstant = database.FromMillis(login), database.FromMillis(password)
	if err := json.Unmarshal(profile, &u.Profile); err != nil {
		return User{}, fmt.Errorf("decode profile: %w", err)
	}
	return u, nil
}

// registrations returns those that a constant condition selects, by user.
func registrations(ctx context.Context, q database.Queries, where string, args ...any) (map[string][]Registration, error) {
	rows, err := q.QueryContext(ctx, `SELECT user_id, id, application_id, roles, insert_instant, last_update_instant, last_login_instant
		FROM registrations WHERE `+where+` ORDER BY insert_instant, id`, args...)
	if err != nil {
		return nil, fmt.Errorf("read registrations: %w", err)
	}
	defer rows.Close()
	all := make(map[string][]Registration)
	for rows.Next() {
		var userID string
		var r Registration
		var roles []byte
		var inserted, updated, login int64
		if err := rows.Scan(&userID, &r.ID, &r.ApplicationID, &roles, &inserted, &updated, &login); err != nil {
			return nil, fmt.Errorf("read registration: %w", err)
		}
		if err := json.Unmarshal(roles, &r.Roles); err != nil {
			return nil, fmt.Errorf("read roles of registration: %w", err)
		}
		r.InsertInstant, r.LastUpdateInstant, r.LastLoginInstant = database.FromMillis(inserted), database.FromMillis(updated), database.FromMillis(login)
		all[userID] = append(all[userID], r)
	}
	return all, rows.Err()
}

// removeUser deletes a user, and tells who it was.
func removeUser(ctx context.Context, tx *outbox.Tx, userID string) error {
	if err := raiseUser(ctx, tx, "user.delete", userID); err != nil {
		return err
	}
	return database.Changed(tx.Exec(`DELETE FROM users WHERE id = $1`, userID))
}
