// Sizes are not for the race detector, which has memory and time of its own.

//go:build !race

package sqlitestore_test

import (
	"database/sql"
	"errors"
	"path/filepath"
	"testing"

	"github.com/latchkey-dev/latchkey/internal/sizetest"
)

// go test -run TestSizes -v ./sqlitestore -sizes.rows 10000000
func TestSizes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sessions.db")
	s := open(t, path)
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=synchronous(off)")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	sizetest.Measure(t, sizetest.Subject{
		Store: s,
		Bytes: func(t *testing.T) (bytes int64) {
			if err := db.QueryRow(`SELECT page_count * page_size FROM pragma_page_count, pragma_page_size`).Scan(&bytes); err != nil {
				t.Fatal(err)
			}
			return bytes
		},
		Fill: func(t *testing.T, from, to int) {
			const batch = 20_000 // in a transaction
			for ; from < to; from += batch {
				tx, err := db.Begin()
				if err == nil {
					err = errors.Join(insert(tx, from, min(from+batch, to)), tx.Commit())
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			if _, err := db.Exec(`PRAGMA wal_checkpoint(TRUNCATE)`); err != nil {
				t.Fatal(err)
			}
		},
	})
}
