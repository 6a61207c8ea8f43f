// Package sqlitestore keeps sessions in one SQLite file: for everything that runs on one machine. A
// write that has returned survives a power loss (WAL with synchronous=FULL); writes that wait
// together are committed together.
package sqlitestore

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/internal/broadcast"
	"github.com/latchkey-dev/latchkey/internal/sqlite"
)

//go:embed schema/*.sql
var schema embed.FS

// Store is a latchkey.Store. Use Open.
type Store struct {
	db     *sqlite.DB
	get    *sql.Stmt
	writes broadcast.Broadcast
}

var (
	_ latchkey.Store   = (*Store)(nil)
	_ latchkey.Sweeper = (*Store)(nil)
	_ latchkey.Watcher = (*Store)(nil)
)

// Open opens the file, creates it if it does not exist, and migrates its schema. A file that is
// damaged, belongs to another program or was written by a newer version is refused and left
// unchanged. An empty path is a database in memory.
func Open(ctx context.Context, path string) (*Store, error) {
	migrations, err := fs.Sub(schema, "schema")
	if err != nil {
		return nil, err
	}
	db, err := sqlite.Open(ctx, path, sqlite.Sessions, migrations)
	if err != nil {
		return nil, fmt.Errorf("open session store %s: %w", path, err)
	}
	get, err := db.PrepareContext(ctx, `SELECT version, last_seen_at, body FROM sessions WHERE id = ?`)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open session store %s: %w", path, err), db.Close())
	}
	return &Store{db: db, get: get}, nil
}

// Close waits for running writes and closes the file.
func (s *Store) Close() error { return errors.Join(s.get.Close(), s.db.Close()) }

// Create adds a record.
func (s *Store) Create(ctx context.Context, rec *latchkey.Record) error {
	body, err := rec.MarshalBinary()
	if err != nil {
		return err
	}
	defer s.writes.Tell(rec.ID) // of what failed too: it costs a read
	return s.writeOne(ctx, latchkey.ErrConflict,
		`INSERT INTO sessions (id, app, user_id, version, last_seen_at, created_at, deadline, ended, unrevoked, body)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
		rec.ID[:], rec.App, rec.User.ID, rec.Version, rec.LastSeenAt.UnixMilli(), rec.CreatedAt.UnixMilli(), rec.Deadline.UnixMilli(),
		!rec.EndedAt.IsZero(), rec.Unrevoked, body)
}

// Get returns the record.
func (s *Store) Get(ctx context.Context, id latchkey.ID) (*latchkey.Record, error) {
	rec, err := scan(s.get.QueryRowContext(ctx, id[:]))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, latchkey.ErrNotFound
	}
	return rec, err
}

// Swap replaces the record of the version before.
func (s *Store) Swap(ctx context.Context, next *latchkey.Record) error {
	body, err := next.MarshalBinary()
	if err != nil {
		return err
	}
	defer s.writes.Tell(next.ID)
	ended := !next.EndedAt.IsZero()
	err = s.writeOne(ctx, latchkey.ErrConflict,
		`UPDATE sessions SET version = ?, last_seen_at = max(last_seen_at, ?), deadline = ?, ended = ?, unrevoked = ?, body = ?
		WHERE id = ? AND version = ? AND ended <= ?`,
		next.Version, next.LastSeenAt.UnixMilli(), next.Deadline.UnixMilli(), ended, next.Unrevoked, body,
		next.ID[:], next.Version-1, ended)
	if !errors.Is(err, latchkey.ErrConflict) {
		return err
	}
	if _, missing := s.Get(ctx, next.ID); errors.Is(missing, latchkey.ErrNotFound) {
		return missing
	}
	return err
}

// Touch moves the last use of sessions forward.
func (s *Store) Touch(ctx context.Context, seen []latchkey.Seen) error {
	return s.db.Write(ctx, func(tx *sql.Tx) error {
		touch, err := tx.Prepare(`UPDATE sessions SET last_seen_at = ?2 WHERE id = ?1 AND last_seen_at < ?2 AND ended = 0`)
		if err != nil {
			return err
		}
		defer touch.Close()
		for _, use := range seen {
			if _, err := touch.Exec(use.ID[:], use.At.UnixMilli()); err != nil {
				return err
			}
		}
		return nil
	})
}

// ByUser lists the living sessions of a user, the newest first.
func (s *Store) ByUser(ctx context.Context, app, userID string, limit int) ([]*latchkey.Record, error) {
	return s.list(ctx, `user_id = ? AND app = ? AND ended = 0 ORDER BY created_at DESC`, limit, userID, app)
}

// Unrevoked lists ended sessions whose refresh token has yet to be revoked.
func (s *Store) Unrevoked(ctx context.Context, app string, after latchkey.ID, limit int) ([]*latchkey.Record, error) {
	return s.list(ctx, `app = ? AND unrevoked = 1 AND id > ? ORDER BY id`, limit, app, after[:])
}

func (s *Store) list(ctx context.Context, which string, limit int, args ...any) ([]*latchkey.Record, error) {
	rows, err := s.db.QueryContext(ctx, `SELECT version, last_seen_at, body FROM sessions WHERE `+which+` LIMIT ?`, append(args, limit)...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var found []*latchkey.Record
	for rows.Next() {
		rec, err := scan(rows)
		if err != nil {
			return nil, err
		}
		found = append(found, rec)
	}
	return found, rows.Err()
}

// Sweep removes records past their deadline.
func (s *Store) Sweep(ctx context.Context, now time.Time) (removed int, err error) {
	err = s.db.Write(ctx, func(tx *sql.Tx) error {
		result, err := tx.Exec(`DELETE FROM sessions WHERE deadline <= ? AND unrevoked = 0`, now.UnixMilli())
		if err != nil {
			return err
		}
		n, err := result.RowsAffected()
		removed = int(n)
		return err
	})
	return removed, err
}

// writeOne runs a statement that changes one row, and fails with none if it changed nothing.
func (s *Store) writeOne(ctx context.Context, none error, query string, args ...any) error {
	return s.db.Write(ctx, func(tx *sql.Tx) error {
		result, err := tx.Exec(query, args...)
		if err != nil {
			return err
		}
		if n, err := result.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, none)
		}
		return nil
	})
}

func scan(row interface{ Scan(...any) error }) (*latchkey.Record, error) {
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
