package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"

	"golang.org/x/crypto/bcrypt"
	_ "modernc.org/sqlite" // the driver "sqlite"

	"github.com/latchkey-dev/latchkey"
)

const schema = `
CREATE TABLE IF NOT EXISTS users (
	id       TEXT PRIMARY KEY,
	email    TEXT NOT NULL UNIQUE COLLATE NOCASE, -- ASCII letters only, as the guard counts them
	bcrypt   BLOB NOT NULL,
	role     TEXT NOT NULL DEFAULT '',
	disabled INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS refresh_tokens (
	id      TEXT PRIMARY KEY,
	user_id TEXT NOT NULL REFERENCES users,
	sha256  BLOB NOT NULL UNIQUE -- random tokens need no slow hash
);`

// Users is a latchkey.Provider on a table of the app's own.
type Users struct {
	db   *sql.DB
	cost int // of bcrypt
}

var _ latchkey.Provider = Users{}

// nobodysHash is compared with the password when there is no such user, so that the time of the
// refusal does not reveal who has an account.
var nobodysHash, _ = bcrypt.GenerateFromPassword([]byte("nobody's"), bcrypt.DefaultCost)

var refreshRefused = &latchkey.ProviderError{Code: latchkey.CodeRefreshRefused}

// OpenUsers opens the file, and creates the tables if they are missing.
func OpenUsers(ctx context.Context, path string) (Users, error) {
	db, err := sql.Open("sqlite", path+"?_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)")
	if err != nil {
		return Users{}, err
	}
	_, err = db.ExecContext(ctx, schema)
	return Users{db, bcrypt.DefaultCost}, err
}

// Add creates a user. A password has at most 72 bytes: bcrypt would not look at the rest.
func (u Users) Add(ctx context.Context, email, role string, password latchkey.Secret) error {
	hash, err := bcrypt.GenerateFromPassword([]byte(password), u.cost)
	if err != nil {
		return err
	}
	_, err = u.db.ExecContext(ctx, `INSERT INTO users (id, email, bcrypt, role) VALUES (?, ?, ?, ?)`, rand.Text(), email, hash, role)
	return err
}

// SetPassword changes a password, and deletes the refresh tokens of those who knew the old one.
// Call Guard.EndUser with EndPasswordChanged after it: their sessions would end with their next
// refresh only.
func (u Users) SetPassword(ctx context.Context, userID string, password latchkey.Secret) error {
	hash, err := bcrypt.GenerateFromPassword([]byte(password), u.cost)
	if err != nil {
		return err
	}
	tx, err := u.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if _, err = tx.ExecContext(ctx, `UPDATE users SET bcrypt = ? WHERE id = ?`, hash, userID); err != nil {
		return err
	}
	if _, err = tx.ExecContext(ctx, `DELETE FROM refresh_tokens WHERE user_id = ?`, userID); err != nil {
		return err
	}
	return tx.Commit()
}

// Login compares the password before it looks at anything else: nobody else may learn whether the
// account is disabled. The guard limits the attempts.
func (u Users) Login(ctx context.Context, c latchkey.Credentials) (latchkey.Grant, error) {
	hash, disabled := nobodysHash, false
	user, err := scanUser(u.db.QueryRowContext(ctx, `SELECT id, email, role, bcrypt, disabled FROM users WHERE email = ?`, c.LoginID), &hash, &disabled)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return latchkey.Grant{}, fmt.Errorf("users: %w", err)
	}
	wrong := bcrypt.CompareHashAndPassword(hash, []byte(c.Password)) != nil || len(c.Password) > 72
	switch {
	case err != nil || wrong:
		return latchkey.Grant{}, &latchkey.ProviderError{Code: latchkey.CodeInvalidCredentials}
	case disabled:
		return latchkey.Grant{}, &latchkey.ProviderError{Code: latchkey.CodeLoginPrevented}
	}
	token, id := rand.Text(), rand.Text()
	added, err := u.db.ExecContext(ctx, `INSERT INTO refresh_tokens (id, user_id, sha256)
		SELECT ?, id, ? FROM users WHERE id = ? AND bcrypt = ?`, id, digest(token), user.ID, hash)
	if err != nil {
		return latchkey.Grant{}, fmt.Errorf("users: %w", err)
	}
	if n, err := added.RowsAffected(); err == nil && n == 0 { // the password has just changed
		return latchkey.Grant{}, &latchkey.ProviderError{Code: latchkey.CodeInvalidCredentials}
	}
	return latchkey.Grant{User: user, RefreshToken: latchkey.Secret(token), RefreshTokenID: id, AuthMethods: []string{"pwd"}}, nil
}

// Refresh answers with the user as they are now. The token stays the same: that a copy of a cookie
// is noticed is the guard's work.
func (u Users) Refresh(ctx context.Context, r latchkey.Renewal) (latchkey.Grant, error) {
	var hash []byte
	var disabled bool
	user, err := scanUser(u.db.QueryRowContext(ctx, `SELECT users.id, email, role, bcrypt, disabled
		FROM refresh_tokens JOIN users ON users.id = user_id WHERE sha256 = ?`, digest(string(r.RefreshToken))), &hash, &disabled)
	switch {
	case errors.Is(err, sql.ErrNoRows), err == nil && disabled:
		return latchkey.Grant{}, refreshRefused
	case err != nil: // not a refusal: the session goes on when the table is back
		return latchkey.Grant{}, fmt.Errorf("users: %w", err)
	}
	return latchkey.Grant{User: user, RefreshToken: r.RefreshToken}, nil
}

// Revoke deletes a token. The guard calls it for every session that ends.
func (u Users) Revoke(ctx context.Context, refreshTokenID string) error {
	_, err := u.db.ExecContext(ctx, `DELETE FROM refresh_tokens WHERE id = ?`, refreshTokenID)
	return err
}

func scanUser(row *sql.Row, hash *[]byte, disabled *bool) (user latchkey.User, err error) {
	var role string
	if err = row.Scan(&user.ID, &user.Email, &role, hash, disabled); err == nil && role != "" {
		user.Roles = []string{role}
	}
	return user, err
}

func digest(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}
