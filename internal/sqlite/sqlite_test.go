package sqlite_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"testing/fstest"
	"testing/synctest"

	"github.com/latchkey-dev/latchkey/internal/crash"
	"github.com/latchkey-dev/latchkey/internal/sqlite"
)

var migrations = fstest.MapFS{"00001_begin.sql": {Data: []byte("-- +goose Up\nCREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT;\n")}}

func open(t *testing.T, path string) *sqlite.DB {
	t.Helper()
	db, err := sqlite.Open(t.Context(), path, sqlite.Sessions, migrations)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func count(t *testing.T, db *sqlite.DB) (n int) {
	t.Helper()
	if err := db.QueryRowContext(t.Context(), `SELECT count(*) FROM notes`).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// each runs a test on a file and in memory.
func each(t *testing.T, run func(t *testing.T, db *sqlite.DB)) {
	t.Run("file", func(t *testing.T) { run(t, open(t, filepath.Join(t.TempDir(), "notes.db"))) })
	t.Run("memory", func(t *testing.T) { run(t, open(t, "")) })
}

// TestWritesAreSeparate: of writes that are committed together, one that fails rolls back only
// itself.
func TestWritesAreSeparate(t *testing.T) {
	refused := errors.New("refused")
	each(t, func(t *testing.T, db *sqlite.DB) {
		var wg sync.WaitGroup
		for i := range 300 {
			wg.Go(func() {
				err := db.Write(t.Context(), func(tx *sql.Tx) error {
					if _, err := tx.Exec(`INSERT INTO notes (id, text) VALUES ($1, 'x')`, i); err != nil || i%3 != 0 {
						return err
					}
					return refused
				})
				if i%3 == 0 && !errors.Is(err, refused) || i%3 != 0 && err != nil {
					t.Errorf("write %d: %v", i, err)
				}
			})
		}
		wg.Wait()
		if n := count(t, db); n != 200 {
			t.Errorf("%d notes, want 200", n)
		}
	})
}

func TestReadsOwnWrites(t *testing.T) {
	each(t, func(t *testing.T, db *sqlite.DB) {
		for i := range 50 {
			err := db.Write(t.Context(), func(tx *sql.Tx) error {
				_, err := tx.Exec(`INSERT INTO notes (text) VALUES ('x')`)
				return err
			})
			if n := count(t, db); err != nil || n != i+1 {
				t.Fatalf("%d notes after %d writes, %v", n, i+1, err)
			}
		}
	})
}

// TestCancelledReadKeepsMemory: the database in memory survives a reader that gives up.
func TestCancelledReadKeepsMemory(t *testing.T) {
	db := open(t, "")
	ctx, cancel := context.WithCancel(t.Context())
	rows, err := db.QueryContext(ctx, `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n`)
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	for rows.Next() {
	}
	if !errors.Is(rows.Err(), context.Canceled) {
		t.Errorf("error %v, want Canceled", rows.Err())
	}
	count(t, db)
}

func TestGivingUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := open(t, "")
		busy, began := make(chan struct{}), make(chan struct{})
		go db.Write(t.Context(), func(*sql.Tx) error {
			close(began)
			<-busy
			return nil
		})
		<-began
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() {
			ended <- db.Write(ctx, func(*sql.Tx) error {
				t.Error("a write ran whose caller had gone")
				return nil
			})
		}()
		synctest.Wait()
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("error %v, want Canceled", err)
		}
		close(busy)
	})
}

func TestClosed(t *testing.T) {
	each(t, func(t *testing.T, db *sqlite.DB) {
		for range 2 {
			if err := db.Close(); err != nil {
				t.Error(err)
			}
		}
		err := db.Write(t.Context(), func(*sql.Tx) error { return nil })
		if !errors.Is(err, sqlite.ErrClosed) {
			t.Errorf("error %v, want ErrClosed", err)
		}
	})
}

// TestReadersCannotWrite, so that every write goes through the writer.
func TestReadersCannotWrite(t *testing.T) {
	db := open(t, filepath.Join(t.TempDir(), "notes.db"))
	if _, err := db.ExecContext(t.Context(), `INSERT INTO notes (text) VALUES ('x')`); err == nil {
		t.Error("a reader wrote")
	}
}

// A write that panics rolls back, is an error with its stack, and does not affect those that are
// committed with it.
func TestPanicInAWrite(t *testing.T) {
	each(t, func(t *testing.T, db *sqlite.DB) {
		var wg sync.WaitGroup
		for i := range 300 {
			wg.Go(func() {
				err := db.Write(t.Context(), func(tx *sql.Tx) error {
					if _, err := tx.Exec(`INSERT INTO notes (id, text) VALUES ($1, 'x')`, i); err != nil || i%3 != 0 {
						return err
					}
					var none *struct{ n int }
					_ = none.n
					return nil
				})
				_, crashed := errors.AsType[*crash.Error](err)
				if crashed != (i%3 == 0) || !crashed && err != nil {
					t.Errorf("write %d: %v", i, err)
				}
			})
		}
		wg.Wait()
		if n := count(t, db); n != 200 {
			t.Errorf("%d notes, want 200", n)
		}
	})
}

// Several programs may create or migrate one file at the same time: a command for users, and a
// server that starts.
func TestOpenedAtOnce(t *testing.T) {
	tables := fstest.MapFS{}
	for i := range 6 {
		tables[fmt.Sprintf("%05d_table.sql", i+1)] = &fstest.MapFile{Data: fmt.Appendf(nil, "-- +goose Up\nCREATE TABLE t%d (id TEXT);\n", i)}
	}
	if path := os.Getenv("LATCHKEY_TEST_OPENED_AT_ONCE"); path != "" { // one of the programs
		io.ReadAll(os.Stdin)
		db, err := sqlite.Open(t.Context(), path, sqlite.Sessions, tables)
		if err == nil {
			err = db.Close()
		}
		if err != nil {
			t.Fatal(err)
		}
		return
	}
	for range 5 {
		path := filepath.Join(t.TempDir(), "db")
		var programs []*exec.Cmd
		var starts []io.Closer
		for range 4 {
			program := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestOpenedAtOnce$")
			program.Env = append(os.Environ(), "LATCHKEY_TEST_OPENED_AT_ONCE="+path)
			program.Stdout = t.Output()
			start, err := program.StdinPipe()
			if err == nil {
				err = program.Start()
			}
			if err != nil {
				t.Fatal(err)
			}
			programs, starts = append(programs, program), append(starts, start)
		}
		for _, start := range starts {
			start.Close()
		}
		for _, program := range programs {
			if err := program.Wait(); err != nil {
				t.Error(err)
			}
		}
	}
}
