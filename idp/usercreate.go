package idp

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"

	"github.com/latchkey-dev/latchkey/idp/internal/database"
	"github.com/latchkey-dev/latchkey/idp/internal/fusion"
	"github.com/latchkey-dev/latchkey/idp/internal/outbox"
	"github.com/latchkey-dev/latchkey/internal/loginid"
)

// NewUser describes a user to create. It needs an e-mail address or a username, and
// a password. White space around an address or a username is left out.
type NewUser struct {
	ID       string // UUID; empty: a new one
	TenantID string // empty: the default tenant
	Email    string
	Username string
	Password string
	Verified bool      // the e-mail address is known to be the user's
	Expiry   time.Time // zero: never
	Profile  Profile

	changeReason PasswordChangeReason
	factor       factor
}

// CreateUser creates an active user. Mistakes are a [ValidationError], which is [ErrDuplicate] if
// an address, name or id is taken.
func (s *Server) CreateUser(ctx context.Context, n NewUser) (User, error) {
	return s.insertUser(ctx, "", n)
}

// insertUser is CreateUser for a caller at this address.
func (s *Server) insertUser(ctx context.Context, caller string, n NewUser) (User, error) {
	n.Email, n.Username = loginid.Trim(n.Email), loginid.Trim(n.Username)
	tenantID, err := tenantOrDefault(ctx, s.db, "user.tenantId", n.TenantID)
	if err != nil {
		return User{}, err
	}
	id, err := checkUserWithPassword(ctx, s.passwords, tenantID, n)
	if err != nil {
		return User{}, err
	}
	hash, err := s.hasher.Hash(ctx, n.Password)
	if err != nil {
		return User{}, fmt.Errorf("idp: hash password: %w", err)
	}
	profile, err := json.Marshal(n.Profile)
	if err != nil {
		return User{}, fusion.Invalid("user.data", "invalid", "The profile cannot be written as JSON.")
	}
	now, factor := database.Millis(s.now()), s.secrets.sealFactor(id, n.factor)
	err = s.outbox.Write(ctx, caller, func(tx *outbox.Tx) error {
		if err := refuseDuplicate(tx.Tx, id, tenantID, n); err != nil {
			return err
		}
		_, err := tx.Exec(`INSERT INTO users (id, tenant_id, email, email_key, username, username_key, password, active, verified,
			expiry, password_change_reason, profile, insert_instant, last_update_instant, last_login_instant, password_last_update_instant)
			VALUES ($1, $2, $3, $4, $5, $6, $7, TRUE, $8, $9, $12, $10, $11, $11, 0, $11)`,
			id, tenantID, strings.ToLower(n.Email), loginIDKey(n.Email), n.Username, loginIDKey(n.Username), hash, n.Verified,
			database.Millis(n.Expiry), string(profile), now, string(n.changeReason))
		if err != nil {
			return err
		}
		if err := factor.insert(tx.Tx, id); err != nil {
			return err
		}
		return raiseUser(ctx, tx, "user.create", id)
	})
	if err != nil {
		return User{}, err
	}
	return s.UserByID(ctx, id)
}

func checkUserWithPassword(ctx context.Context, passwords passwordPolicy, tenantID string, n NewUser) (id string, err error) {
	id, wrong := checkNewUser(n)
	more, err := passwords.refuse(ctx, "user.password", tenantID, n.Password, n.Email, n.Username)
	if err != nil {
		return "", err
	}
	return id, fusion.OrNil(append(wrong, more...))
}

// loginIDKey is the form that is unique within the tenant, NULL if there is none.
func loginIDKey(s string) sql.NullString {
	return sql.NullString{String: loginid.Canonical(s), Valid: s != ""}
}

// checkNewUser checks everything but the password.
func checkNewUser(n NewUser) (id string, wrong ValidationError) {
	bad := func(field, kind, message string) {
		wrong = append(wrong, fusion.Invalid("user."+field, kind, message)...)
	}
	id, err := fusion.ParseID("user.id", n.ID)
	if err != nil {
		bad("id", "couldNotConvert", "The id is not a UUID.")
	} else if id == "" {
		id = uuid.NewString()
	}
	if n.Email == "" && n.Username == "" {
		bad("email", "blank", "A user needs an e-mail address or a username.")
	}
	if kind := checkLoginID(n.Email); kind != "" {
		bad("email", kind, "This cannot be an e-mail address.")
	} else if n.Email != "" && !isEmail(n.Email) {
		bad("email", "notEmail", "This is not an e-mail address.")
	}
	if kind := checkLoginID(n.Username); kind != "" {
		bad("username", kind, "This cannot be a username.")
	}
	if badExpiry(n.Expiry) {
		bad("expiry", "invalid", "Give milliseconds since 1970, or nothing for a user who does not expire.")
	}
	if !n.changeReason.known() {
		bad("passwordChangeReason", "invalid", "There is no such reason.")
	}
	return id, wrong
}

// takenLoginID looks at addresses and usernames alike: a user whose username looks like an address
// must not be taken for the address's owner.
const takenLoginID = `SELECT EXISTS (SELECT 1 FROM users WHERE tenant_id = $1 AND (email_key = $2 OR username_key = $2) AND id <> $3)`

// takenByOthers asks for an id, an address and a username at once: an import asks ten thousand
// times.
const takenByOthers = `SELECT EXISTS (SELECT 1 FROM users WHERE id = $1),
	EXISTS (SELECT 1 FROM users WHERE tenant_id = $2 AND (email_key = $3 OR username_key = $3) AND id <> $1),
	EXISTS (SELECT 1 FROM users WHERE tenant_id = $2 AND (email_key = $4 OR username_key = $4) AND id <> $1)`

func refuseDuplicate(tx *sql.Tx, id, tenantID string, n NewUser) error {
	fields := []string{"user.id", "user.email", "user.username"}
	var taken [3]bool
	if err := tx.QueryRow(takenByOthers, id, tenantID, loginIDKey(n.Email), loginIDKey(n.Username)).Scan(&taken[0], &taken[1], &taken[2]); err != nil {
		return err
	}
	var wrong ValidationError
	for i, field := range fields {
		if taken[i] {
			wrong = append(wrong, fusion.Invalid(field, "duplicate", "This one is taken.")...)
		}
	}
	return fusion.OrNil(wrong)
}
