package idp

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"github.com/go-json-experiment/json"

	"github.com/latchkey-dev/latchkey/idp/internal/database"
	"github.com/latchkey-dev/latchkey/idp/internal/fusion"
)

// rolesOf returns the roles of an application by name.
func readRoles(ctx context.Context, q database.Queries, applicationID string) ([]role, error) {
	rows, err := q.QueryContext(ctx, `SELECT id, name, description, is_default, is_super_role, insert_instant, last_update_instant
		FROM application_roles WHERE application_id = $1 ORDER BY name`, applicationID)
	if err != nil {
		return nil, fmt.Errorf("read roles: %w", err)
	}
	defer rows.Close()
	all := []role{}
	for rows.Next() {
		var r role
		if err := rows.Scan(&r.ID, &r.Name, &r.Description, &r.IsDefault, &r.IsSuperRole, &r.InsertInstant, &r.LastUpdateInstant); err != nil {
			return nil, fmt.Errorf("read role: %w", err)
		}
		all = append(all, r)
	}
	return all, rows.Err()
}

func insertRole(tx *sql.Tx, applicationID, field string, r role, now int64) error {
	var taken bool
	if err := tx.QueryRow(`SELECT EXISTS (SELECT 1 FROM application_roles WHERE id = $1)`, r.ID).Scan(&taken); err != nil {
		return err
	}
	if taken {
		return fusion.Invalid(field+".id", "duplicate", "This one is taken.")
	}
	err := database.Changed(tx.Exec(`INSERT INTO application_roles (id, application_id, name, description, is_default, is_super_role, insert_instant, last_update_instant)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $7) ON CONFLICT (application_id, name) DO NOTHING`, r.ID, applicationID, r.Name, r.Description, r.IsDefault, r.IsSuperRole, now))
	if errors.Is(err, ErrNotFound) {
		return duplicateRole(field)
	}
	return err
}

func duplicateRole(field string) error {
	return fusion.Invalid(field+".name", "duplicate", "The application has a role with that name.")
}

// updateRole replaces a role. Users keep it under its new name.
func updateRole(tx *sql.Tx, applicationID string, old, r role, now int64) error {
	var taken bool
	err := tx.QueryRow(`SELECT EXISTS (SELECT 1 FROM application_roles WHERE application_id = $1 AND name = $2 AND id <> $3)`, applicationID, r.Name, old.ID).Scan(&taken)
	if err != nil {
		return err
	}
	if taken {
		return duplicateRole("role")
	}
	err = overtaken(database.Changed(tx.Exec(`UPDATE application_roles SET name = $1, description = $2, is_default = $3, is_super_role = $4, last_update_instant = $5
		WHERE id = $6 AND application_id = $7 AND last_update_instant = $8`, r.Name, r.Description, r.IsDefault, r.IsSuperRole, now, old.ID, applicationID, old.LastUpdateInstant)))
	if err != nil || r.Name == old.Name {
		return err
	}
	return replaceInRegistrations(tx, applicationID, old.Name, r.Name, now)
}

// deleteRole deletes a role, and removes it from all registrations.
func deleteRole(tx *sql.Tx, applicationID string, old role, now int64) error {
	if err := overtaken(database.Changed(tx.Exec(`DELETE FROM application_roles WHERE id = $1 AND application_id = $2 AND name = $3`, old.ID, applicationID, old.Name))); err != nil {
		return err
	}
	return replaceInRegistrations(tx, applicationID, old.Name, "", now)
}

// replaceInRegistrations replaces a name by another, or removes it if the other is empty.
func replaceInRegistrations(tx *sql.Tx, applicationID, old, name string, now int64) error {
	rows, err := tx.Query(`SELECT id, roles FROM registrations WHERE application_id = $1`, applicationID)
	if err != nil {
		return err
	}
	defer rows.Close()
	renewed := map[string]string{}
	for rows.Next() {
		var id string
		var text []byte
		if err := rows.Scan(&id, &text); err != nil {
			return err
		}
		var roles []string
		if err := json.Unmarshal(text, &roles); err != nil {
			return fmt.Errorf("read roles of registration: %w", err)
		}
		if !slices.Contains(roles, old) {
			continue
		}
		kept := slices.DeleteFunc(roles, func(r string) bool { return r == old || r == name })
		if name != "" {
			kept = append(kept, name)
		}
		if text, err = json.Marshal(kept); err != nil {
			return err
		}
		renewed[id] = string(text)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return err
	}
	for id, roles := range renewed {
		if _, err := tx.Exec(`UPDATE registrations SET roles = $1, last_update_instant = $2 WHERE id = $3`, roles, now, id); err != nil {
			return err
		}
	}
	return nil
}
