package sqlitestore_test

import (
	"database/sql"

	"github.com/latchkey-dev/latchkey/internal/sizetest"
)

// insert stores sessions without the Store.
func insert(tx *sql.Tx, from, to int) error {
	stmt, err := tx.Prepare(`INSERT INTO sessions (id, app, user_id, version, last_seen_at, created_at, deadline, ended, unrevoked, body) VALUES (?, ?, ?, ?, ?, ?, ?, 0, 0, ?)`)
	if err != nil {
		return err
	}
	for n := from; n < to; n++ {
		rec := sizetest.Session(n)
		body, err := rec.MarshalBinary()
		if err != nil {
			return err
		}
		if _, err := stmt.Exec(rec.ID[:], rec.App, rec.User.ID, rec.Version, rec.LastSeenAt.UnixMilli(), rec.CreatedAt.UnixMilli(), rec.Deadline.UnixMilli(), body); err != nil {
			return err
		}
	}
	return nil
}
