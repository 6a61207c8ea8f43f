package pgstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/internal/postgres"
)

// Create adds a record.
func (s *Store) Create(ctx context.Context, rec *latchkey.Record) error {
	body, err := rec.MarshalBinary()
	if err != nil {
		return err
	}
	return s.write(ctx, rec.ID, s.teller.tell, func(ctx context.Context, conn *pgx.Conn) error {
		done, err := conn.Exec(ctx, `INSERT INTO sessions (id, app, user_id, version, last_seen_at, created_at, deadline, ended, unrevoked, body)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING`,
			[16]byte(rec.ID), []byte(rec.App), []byte(rec.User.ID), rec.Version, rec.LastSeenAt.UnixMilli(), rec.CreatedAt.UnixMilli(), rec.Deadline.UnixMilli(),
			!rec.EndedAt.IsZero(), rec.Unrevoked, body)
		if err == nil && done.RowsAffected() == 0 {
			return latchkey.ErrConflict
		}
		return err
	})
}

// Swap replaces the record of the version before. The transaction itself announces an end, so that
// the notification is not lost if this process dies between the two: ends are rare enough for that.
func (s *Store) Swap(ctx context.Context, next *latchkey.Record) error {
	body, err := next.MarshalBinary()
	if err != nil {
		return err
	}
	ended := !next.EndedAt.IsZero()
	tell := s.teller.tell
	if ended {
		tell = told
	}
	return s.write(ctx, next.ID, tell, func(ctx context.Context, conn *pgx.Conn) error {
		var swapped, exists bool
		err := conn.QueryRow(ctx, `WITH swapped AS (
				UPDATE sessions SET version = $2::bigint, last_seen_at = greatest(last_seen_at, $3), deadline = $4, ended = $5, unrevoked = $6, body = $7
				WHERE id = $1 AND version = $2::bigint - 1 AND ended <= $5 RETURNING CASE WHEN ended THEN pg_notify($8, $9)::text END
			) SELECT EXISTS (SELECT FROM swapped), EXISTS (SELECT FROM sessions WHERE id = $1)`,
			[16]byte(next.ID), next.Version, next.LastSeenAt.UnixMilli(), next.Deadline.UnixMilli(), ended, next.Unrevoked, body,
			channel, messages([]latchkey.ID{next.ID})[0]).Scan(&swapped, &exists)
		switch {
		case err != nil:
			return err
		case swapped:
			return nil
		case exists:
			return latchkey.ErrConflict
		}
		return latchkey.ErrNotFound
	})
}

// told is for a write that has announced itself.
func told(latchkey.ID, time.Duration) error { return nil }

// write runs a statement that changes the record of id, and returns when the watchers have been
// notified.
func (s *Store) write(ctx context.Context, id latchkey.ID, tell func(latchkey.ID, time.Duration) error, do func(context.Context, *pgx.Conn) error) error {
	s.writes.RLock()
	defer s.writes.RUnlock()
	deadline := time.Now().Add(postgres.Limit)
	var sent bool
	err := s.call(ctx, func(ctx context.Context, conn *pgx.Conn) error {
		sent = true
		return do(ctx, conn)
	})
	switch {
	case err == nil:
		if err := tell(id, time.Until(deadline)); err != nil {
			return fmt.Errorf("pgstore: the write took effect, but other nodes have not been notified yet: %w", err)
		}
	case sent && !errors.Is(err, latchkey.ErrConflict) && !errors.Is(err, latchkey.ErrNotFound):
		s.teller.doubt(id)
	}
	return err
}

// Touch moves the last use of sessions forward. It locks the rows in the order of their ids, as
// every Touch does, to avoid deadlocks.
func (s *Store) Touch(ctx context.Context, seen []latchkey.Seen) error {
	if len(seen) == 0 {
		return ctx.Err()
	}
	ids, times := make([][16]byte, len(seen)), make([]int64, len(seen))
	for i, use := range seen {
		ids[i], times[i] = use.ID, use.At.UnixMilli()
	}
	return s.call(ctx, func(ctx context.Context, conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, `WITH seen AS (SELECT id, max(at) AS at FROM unnest($1::uuid[], $2::bigint[]) AS use (id, at) GROUP BY id),
			older AS (SELECT id, seen.at FROM sessions JOIN seen USING (id) WHERE last_seen_at < seen.at AND NOT ended ORDER BY id FOR NO KEY UPDATE OF sessions)
			UPDATE sessions SET last_seen_at = older.at FROM older WHERE sessions.id = older.id`, ids, times)
		return err
	})
}
