package idp

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"

	"github.com/latchkey-dev/latchkey/idp/internal/database"
	"github.com/latchkey-dev/latchkey/idp/internal/outbox"
)

// Register lets a user into an application with the given roles, which replace those of an earlier
// registration; a new one that names none gets the default roles of the application. A role that
// the application does not have, if it has any: a [ValidationError]. Unknown user or application,
// or one of another tenant than the other: ErrNotFound.
func (s *Server) Register(ctx context.Context, userID, applicationID string, roles ...string) error {
	userID, applicationID = strings.ToLower(userID), strings.ToLower(applicationID)
	return s.outbox.Write(ctx, "", func(tx *outbox.Tx) error {
		list, eventType, err := rolesToRegister(tx.Tx, userID, applicationID, roles)
		if err != nil {
			return err
		}
		err = database.Changed(tx.Exec(`INSERT INTO registrations (id, user_id, application_id, roles, insert_instant, last_update_instant, last_login_instant)
			SELECT $1, u.id, a.id, $2, $3, $3, 0 FROM users u JOIN applications a ON a.tenant_id = u.tenant_id
			WHERE u.id = $4 AND a.id = $5
			ON CONFLICT (user_id, application_id) DO UPDATE SET roles = $2, last_update_instant = $3`,
			uuid.NewString(), list, database.Millis(tx.Now), userID, applicationID))
		if err != nil {
			return err
		}
		return raiseRegistration(ctx, tx, eventType, userID, applicationID)
	})
}

func rolesToRegister(tx *sql.Tx, userID, applicationID string, roles []string) (list, eventType string, err error) {
	var text []byte
	err = tx.QueryRow(`SELECT roles FROM registrations WHERE user_id = $1 AND application_id = $2`, userID, applicationID).Scan(&text)
	if errors.Is(err, sql.ErrNoRows) {
		list, err = rolesOfNew(tx, applicationID, roles)
		return list, "user.registration.create", err
	}
	if err != nil {
		return "", "", fmt.Errorf("read roles of registration: %w", err)
	}
	var old []string
	if err := json.Unmarshal(text, &old); err != nil {
		return "", "", fmt.Errorf("read roles of registration: %w", err)
	}
	known, err := lockRoles(tx, applicationID)
	if err != nil {
		return "", "", err
	}
	list, err = known.admit(roles, old)
	return list, "user.registration.update", err
}

// Unregister removes a user from an application and revokes the user's refresh tokens there. Not
// registered: ErrNotFound.
func (s *Server) Unregister(ctx context.Context, userID, applicationID string) error {
	userID, applicationID = strings.ToLower(userID), strings.ToLower(applicationID)
	return s.outbox.Write(ctx, "", func(tx *outbox.Tx) error { return unregister(ctx, tx, userID, applicationID) })
}

func unregister(ctx context.Context, tx *outbox.Tx, userID, applicationID string) error {
	// The event shows what was there, and is kept only if it is gone.
	if err := raiseRegistration(ctx, tx, "user.registration.delete", userID, applicationID); err != nil {
		return err
	}
	if err := database.Changed(tx.Exec(`DELETE FROM registrations WHERE user_id = $1 AND application_id = $2`, userID, applicationID)); err != nil {
		return err
	}
	_, err := revokeTokens(ctx, tx, revocation{userID: userID, applicationID: applicationID})
	return err
}
