package pgstore

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/latchkey-dev/latchkey"
)

// Get returns the record.
func (s *Store) Get(ctx context.Context, id latchkey.ID) (rec *latchkey.Record, err error) {
	err = s.call(ctx, func(ctx context.Context, conn *pgx.Conn) (err error) {
		rec, err = scan(conn.QueryRow(ctx, `SELECT version, last_seen_at, body FROM sessions WHERE id = $1`, [16]byte(id)))
		return err
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, latchkey.ErrNotFound
	}
	return rec, err
}

// ByUser lists the living sessions of a user, the newest first.
func (s *Store) ByUser(ctx context.Context, app, userID string, limit int) ([]*latchkey.Record, error) {
	return s.list(ctx, `user_id = $2 AND app = $3 AND NOT ended ORDER BY created_at DESC`, limit, []byte(userID), []byte(app))
}

// Unrevoked lists ended sessions whose refresh token has yet to be revoked.
func (s *Store) Unrevoked(ctx context.Context, app string, after latchkey.ID, limit int) ([]*latchkey.Record, error) {
	return s.list(ctx, `app = $2 AND unrevoked AND id > $3 ORDER BY id`, limit, []byte(app), [16]byte(after))
}

func (s *Store) list(ctx context.Context, which string, limit int, args ...any) (found []*latchkey.Record, err error) {
	err = s.call(ctx, func(ctx context.Context, conn *pgx.Conn) error {
		rows, err := conn.Query(ctx, `SELECT version, last_seen_at, body FROM sessions WHERE `+which+` LIMIT $1`, append([]any{limit}, args...)...)
		if err != nil {
			return err
		}
		found, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (*latchkey.Record, error) { return scan(row) })
		return err
	})
	return found, err
}

func scan(row pgx.Row) (*latchkey.Record, error) {
	var version uint64
	var lastSeen int64
	var body []byte
	if err := row.Scan(&version, &lastSeen, &body); err != nil {
		return nil, err
	}
	rec := &latchkey.Record{}
	if err := rec.UnmarshalBinary(body); err != nil {
		return nil, err
	}
	rec.Version, rec.LastSeenAt = version, time.UnixMilli(lastSeen).UTC()
	return rec, nil
}
