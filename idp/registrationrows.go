package idp

import (
	"context"
	"fmt"

	"github.com/go-json-experiment/json"

	"github.com/latchkey-dev/latchkey/idp/internal/database"
	"github.com/latchkey-dev/latchkey/idp/internal/fusion"
	"github.com/latchkey-dev/latchkey/idp/internal/outbox"
)

func (s *Server) insertRegistration(ctx context.Context, caller, userID, applicationID string, reg registrationWrite) error {
	id, err := newID("registration.id", reg.ID)
	if err != nil {
		return err
	}
	now := database.Millis(s.now())
	return s.outbox.Write(ctx, caller, func(tx *outbox.Tx) error {
		var taken bool
		err := tx.QueryRow(`SELECT EXISTS (SELECT 1 FROM registrations WHERE id = $1 OR user_id = $2 AND application_id = $3)`,
			id, userID, applicationID).Scan(&taken)
		if err != nil {
			return err
		}
		if taken {
			return fusion.Invalid("registration", "duplicate", "The user is registered already, or the id is taken.")
		}
		roles, err := rolesOfNew(tx.Tx, applicationID, reg.Roles)
		if err != nil {
			return err
		}
		_, err = tx.Exec(`INSERT INTO registrations (id, user_id, application_id, roles, insert_instant, last_update_instant, last_login_instant)
			VALUES ($1, $2, $3, $4, $5, $5, 0)`, id, userID, applicationID, roles, now)
		if err != nil {
			return err
		}
		return raiseRegistration(ctx, tx, "user.registration.create", userID, applicationID)
	})
}

// registrationOf returns a registration as it is written, or ErrNotFound.
func registrationOf(ctx context.Context, q database.Queries, sc scope, userID, applicationID string) (registrationJSON, error) {
	applicationID, err := fusion.ParseID("applicationId", applicationID)
	if err != nil {
		return registrationJSON{}, err
	}
	u, err := userInScope(ctx, q, sc, userID)
	if err != nil {
		return registrationJSON{}, err
	}
	reg := u.registration(applicationID)
	if reg == nil {
		return registrationJSON{}, ErrNotFound
	}
	return reg.json(), nil
}

// changeRoles replaces the roles of a registration by those that change returns. ErrNotFound: the
// registration has been deleted.
func (s *Server) changeRoles(ctx context.Context, caller, userID string, reg registrationJSON, change func(roles []string) ([]string, error)) error {
	now := database.Millis(s.now())
	return s.outbox.Write(ctx, caller, func(tx *outbox.Tx) error {
		// before the registration: in the order in which roles are changed
		known, err := lockRoles(tx.Tx, reg.ApplicationID)
		if err != nil {
			return err
		}
		// Lock the registration's row: it serializes changes of the roles.
		var text []byte
		err = tx.QueryRow(`UPDATE registrations SET last_update_instant = $1 WHERE id = $2 RETURNING roles`, now, reg.ID).Scan(&text)
		if err != nil {
			return database.NotFoundIfNone(err)
		}
		var old []string
		if err := json.Unmarshal(text, &old); err != nil {
			return fmt.Errorf("read roles of registration: %w", err)
		}
		wanted, err := change(old)
		if err != nil {
			return err
		}
		list, err := known.admit(withoutRepeats(wanted), old)
		if err != nil {
			return err
		}
		if err := database.Changed(tx.Exec(`UPDATE registrations SET roles = $1 WHERE id = $2`, list, reg.ID)); err != nil {
			return err
		}
		return raiseRegistration(ctx, tx, "user.registration.update", userID, reg.ApplicationID)
	})
}

// withoutRepeats keeps the first of each.
func withoutRepeats(list []string) []string {
	seen := make(map[string]bool)
	var out []string
	for _, v := range list {
		if !seen[v] {
			seen[v] = true
			out = append(out, v)
		}
	}
	return out
}
