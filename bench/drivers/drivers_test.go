// Package drivers measures the pure-Go SQLite drivers at what the session store does:
// compare-and-swap in groups, each group synced to the disk, and reads of one record. It is a
// separate module, so that the project does not depend on what it does not use.
package drivers

import (
	"database/sql"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"sync/atomic"
	"testing"

	_ "github.com/ncruces/go-sqlite3/driver"
	_ "modernc.org/sqlite"
)

var drivers = []struct{ name, driver string }{{"modernc", "sqlite"}, {"ncruces", "sqlite3"}}

const (
	sessions = 10_000
	group    = 64 // swaps that are committed together, as internal/sqlite does
)

func open(b *testing.B, driver string) *sql.DB {
	b.Helper()
	url := "file:" + filepath.Join(b.TempDir(), "sessions.db") + "?_pragma=journal_mode(wal)&_pragma=synchronous(full)&_pragma=busy_timeout(5000)"
	db, err := sql.Open(driver, url)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { db.Close() })
	run(b, db, `CREATE TABLE sessions (id BLOB PRIMARY KEY, version INTEGER NOT NULL, body BLOB NOT NULL) WITHOUT ROWID, STRICT`)
	tx, err := db.Begin()
	if err != nil {
		b.Fatal(err)
	}
	for i := range sessions {
		if _, err := tx.Exec(`INSERT INTO sessions VALUES (?, 1, ?)`, id(i), make([]byte, 1000)); err != nil {
			b.Fatal(err)
		}
	}
	if err := tx.Commit(); err != nil {
		b.Fatal(err)
	}
	return db
}

func id(i int) []byte { return fmt.Appendf(nil, "%016x", uint64(i)*0x9e3779b97f4a7c15) }

func run(b *testing.B, db *sql.DB, query string) {
	b.Helper()
	if _, err := db.Exec(query); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkSwap is one compare-and-swap of a group that is committed together and synced to the
// disk.
func BenchmarkSwap(b *testing.B) {
	for _, d := range drivers {
		b.Run(d.name, func(b *testing.B) {
			db := open(b, d.driver)
			b.ResetTimer()
			versions, body, done := make([]int, sessions), make([]byte, 1000), 0
			for done < b.N {
				tx, err := db.Begin()
				if err != nil {
					b.Fatal(err)
				}
				swap, err := tx.Prepare(`UPDATE sessions SET version = ?, body = ? WHERE id = ? AND version = ?`)
				if err != nil {
					b.Fatal(err)
				}
				for range group {
					i := rand.IntN(sessions)
					if _, err := swap.Exec(versions[i]+2, body, id(i), versions[i]+1); err != nil {
						b.Fatal(err)
					}
					versions[i]++
					done++
				}
				if err := tx.Commit(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(done)/b.Elapsed().Seconds(), "swaps/s")
		})
	}
}

// BenchmarkGet is one read, by as many goroutines as there are processors.
func BenchmarkGet(b *testing.B) {
	for _, d := range drivers {
		b.Run(d.name, func(b *testing.B) {
			db := open(b, d.driver)
			b.ResetTimer()
			get, err := db.Prepare(`SELECT version, body FROM sessions WHERE id = ?`)
			if err != nil {
				b.Fatal(err)
			}
			defer get.Close()
			var reads atomic.Int64
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					var version int
					var body []byte
					if err := get.QueryRow(id(rand.IntN(sessions))).Scan(&version, &body); err != nil {
						b.Error(err)
						return
					}
					reads.Add(1)
				}
			})
			b.ReportMetric(float64(reads.Load())/b.Elapsed().Seconds(), "reads/s")
		})
	}
}
