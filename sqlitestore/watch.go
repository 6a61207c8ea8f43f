package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/latchkey-dev/latchkey"
)

var errForeignWrite = errors.New("sqlitestore: another process has written to the file")

// Watch reports every write of this process. It cannot report what another process has written to
// the file: then it returns an error, at most half a second later, and a Guard clears its cache.
func (s *Store) Watch(ctx context.Context, changed func(latchkey.ID), beat func(asOf time.Time)) error {
	version, err := s.dataVersion(ctx)
	if err != nil {
		return err
	}
	return s.writes.Listen(ctx, changed, beat, func(ctx context.Context) error {
		now, err := s.dataVersion(ctx)
		if err == nil && now != version {
			err = errForeignWrite
		}
		return err
	})
}

// dataVersion changes when another connection than the one that writes has changed the file
// (https://www.sqlite.org/pragma.html#pragma_data_version).
func (s *Store) dataVersion(ctx context.Context) (version int64, err error) {
	err = s.db.Write(ctx, func(tx *sql.Tx) error { return tx.QueryRow("PRAGMA data_version").Scan(&version) })
	return version, err
}
