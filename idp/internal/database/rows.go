package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// ErrNotFound means that there is no such row. Package idp exports it, hence the text.
var ErrNotFound = errors.New("idp: not found")

// Changed returns the error of a statement, or ErrNotFound if the statement met no row.
func Changed(res sql.Result, err error) error {
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return errors.Join(err, ErrNotFound)
	}
	return nil
}

// NotFoundIfNone turns [sql.ErrNoRows] into ErrNotFound.
func NotFoundIfNone(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return ErrNotFound
	}
	return err
}

// IgnoreNoRows returns nil for [sql.ErrNoRows].
func IgnoreNoRows(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	return err
}

// IgnoreNotFound returns nil for ErrNotFound.
func IgnoreNotFound(err error) error {
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	return err
}

// Strings returns the rows of a query that selects one text.
func Strings(ctx context.Context, q Queries, query string, args ...any) (all []string, err error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("read rows: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return nil, fmt.Errorf("read rows: %w", err)
		}
		all = append(all, text)
	}
	return all, rows.Err()
}
