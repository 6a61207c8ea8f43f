package idp

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/go-json-experiment/json"

	"github.com/latchkey-dev/latchkey/idp/internal/database"
)

func insertFamily(tx *sql.Tx, f family) error {
	scopes, err := json.Marshal(f.scopes)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`INSERT INTO refresh_tokens (id, tenant_id, application_id, user_id, used, scopes, device_name, device_description,
		device_type, last_accessed_address, last_accessed_instant, insert_instant, start_instant, revoked_instant)
		VALUES ($1, $2, $3, $4, 0, $5, $6, $7, $8, $9, $10, $11, $11, 0)`,
		f.id, f.tenantID, f.applicationID, f.userID, string(scopes), f.device.Name, f.device.Description,
		f.device.Type, f.device.address, database.Millis(f.Last), database.Millis(f.Began))
	return err
}

const selectFamily = `SELECT id, tenant_id, application_id, user_id, used, scopes, device_name, device_description, device_type,
	last_accessed_address, last_accessed_instant, start_instant, revoked_instant FROM refresh_tokens WHERE `

func scanFamily(scan func(...any) error) (family, error) {
	var f family
	var scopes []byte
	var last, began, revoked int64
	err := scan(&f.id, &f.tenantID, &f.applicationID, &f.userID, &f.Used, &scopes, &f.device.Name, &f.device.Description, &f.device.Type,
		&f.device.address, &last, &began, &revoked)
	if err != nil {
		return family{}, err
	}
	f.Last, f.Began, f.Revoked = database.FromMillis(last), database.FromMillis(began), database.FromMillis(revoked)
	return f, json.Unmarshal(scopes, &f.scopes)
}

// family returns the family with this id, or ErrNotFound.
func readFamily(ctx context.Context, q database.Queries, id string) (family, error) {
	f, err := scanFamily(q.QueryRowContext(ctx, selectFamily+"id = $1", id).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return family{}, ErrNotFound
	}
	if err != nil {
		return family{}, fmt.Errorf("read refresh token: %w", err)
	}
	return f, nil
}

// familiesOf returns those of one user, oldest first, the dead included.
func familiesOf(ctx context.Context, q database.Queries, userID string) ([]family, error) {
	rows, err := q.QueryContext(ctx, selectFamily+"user_id = $1 ORDER BY insert_instant, id", userID)
	if err != nil {
		return nil, fmt.Errorf("read refresh tokens: %w", err)
	}
	defer rows.Close()
	var all []family
	for rows.Next() {
		f, err := scanFamily(rows.Scan)
		if err != nil {
			return nil, fmt.Errorf("read refresh token: %w", err)
		}
		all = append(all, f)
	}
	return all, rows.Err()
}
