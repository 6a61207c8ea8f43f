package pgstore

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// Empty reports whether the store has no session.
func (s *Store) Empty(ctx context.Context) (empty bool, err error) {
	err = s.call(ctx, func(ctx context.Context, conn *pgx.Conn) error {
		return conn.QueryRow(ctx, `SELECT NOT EXISTS (SELECT FROM sessions)`).Scan(&empty)
	})
	return empty, err
}
