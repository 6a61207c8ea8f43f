package idp

import (
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"

	"github.com/latchkey-dev/latchkey/idp/internal/fusion"
)

// role is one that the users of an application can have.
type role struct {
	ID                string `json:"id"`
	Name              string `json:"name"`
	Description       string `json:"description,omitempty"`
	IsDefault         bool   `json:"isDefault"`   // of registrations that name no role
	IsSuperRole       bool   `json:"isSuperRole"` // the application's to interpret
	InsertInstant     int64  `json:"insertInstant"`
	LastUpdateInstant int64  `json:"lastUpdateInstant"`
}

const (
	maxRoleName        = 255
	maxRoleDescription = 1000
)

// checked returns the role with an id. Field is its path in the request.
func (r role) checked(field string) (role, error) {
	var err error
	if r.ID, err = fusion.ParseID(field+".id", r.ID); err != nil {
		return r, err
	}
	if r.ID == "" {
		r.ID = uuid.NewString()
	}
	switch {
	case r.Name == "" || strings.TrimSpace(r.Name) != r.Name:
		return r, fusion.Invalid(field+".name", "blank", "A role needs a name, without space around it.")
	case checkLoginID(r.Name) == "invalid" || strings.ContainsRune(r.Description, 0):
		return r, fusion.Invalid(field+".name", "invalid", "Names are of characters that can be seen, and the description is text.")
	case len(r.Name) > maxRoleName || len(r.Description) > maxRoleDescription:
		return r, fusion.Invalid(field, "tooLong", fmt.Sprintf("The name of a role has at most %d bytes, its description %d.", maxRoleName, maxRoleDescription))
	}
	return r, nil
}

// rolesOfNew returns the roles that a new registration gets, as they are stored.
func rolesOfNew(tx *sql.Tx, applicationID string, wanted []string) (string, error) {
	known, err := lockRoles(tx, applicationID)
	if err != nil {
		return "", err
	}
	return known.admitNew(wanted)
}

// knownRoles are the names of an application's roles.
type knownRoles struct{ all, defaults []string }

// lockRoles reads them. They stay locked until the registration is written, so that none of them is
// deleted in between.
func lockRoles(tx *sql.Tx, applicationID string) (known knownRoles, err error) {
	rows, err := tx.Query(`UPDATE application_roles SET name = name WHERE application_id = $1 RETURNING name, is_default`, applicationID)
	if err != nil {
		return known, err
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		var isDefault bool
		if err := rows.Scan(&name, &isDefault); err != nil {
			return known, err
		}
		if known.all = append(known.all, name); isDefault {
			known.defaults = append(known.defaults, name)
		}
	}
	slices.Sort(known.defaults)
	return known, rows.Err()
}

// admitNew returns the roles that a new registration gets, as they are stored: the default ones if
// it names none.
func (known knownRoles) admitNew(wanted []string) (string, error) {
	if len(wanted) == 0 {
		wanted = known.defaults
	}
	return known.admit(wanted, nil)
}

// admit returns the roles that a registration gets, as they are stored. An application without
// roles takes any words. One that has roles takes those, and what the registration already has.
func (known knownRoles) admit(wanted, old []string) (string, error) {
	for _, r := range wanted {
		if len(known.all) > 0 && !slices.Contains(known.all, r) && !slices.Contains(old, r) {
			return "", fusion.Invalid("registration.roles", "invalid", "The application has no such role.")
		}
	}
	text, err := json.Marshal(append([]string{}, wanted...))
	if err != nil {
		return "", fusion.Invalid("registration.roles", "invalid", "Roles are valid UTF-8.")
	}
	return string(text), nil
}
