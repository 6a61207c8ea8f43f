// Package sqlite opens a database: one SQLite file, or one in memory, migrated to the newest
// schema.
//
// Reads use a pool of connections. Writes go through one goroutine, which commits waiting writes
// together: one sync to disk for many logins.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"runtime"
	"time"

	"github.com/pressly/goose/v3"
	"modernc.org/sqlite" // the driver "sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// A Kind says what a file holds. It is the application id in SQLite's header, so that no package
// opens the file of another.
type Kind int32

// The kinds of files, each four ASCII letters.
const (
	Sessions Kind = 0x6c6b7365 // "lkse"
	Provider Kind = 0x6c6b6964 // "lkid"
	Store    Kind = 0x6c6b7374 // "lkst", the example store
	Forums   Kind = 0x6c6b666f // "lkfo", the example forums
)

// DB is an open database.
type DB struct {
	*sql.DB // for reads
	writer  *writer
}

// Open opens the file at path, or a new database in memory if path is empty, and applies missing
// migrations. A file that is not ours, is damaged, or was written by a newer version is refused and
// left unchanged.
func Open(ctx context.Context, path string, kind Kind, migrations fs.FS) (*DB, error) {
	if path != "" {
		if err := checkKind(ctx, path, kind); err != nil {
			return nil, err
		}
	}
	writes, reads, err := pools(path)
	if err != nil {
		return nil, err
	}
	prepare := migrate
	if path == "" {
		prepare = migrateMemory
	}
	if err := prepare(ctx, writes, kind, migrations); err != nil {
		return nil, errors.Join(err, writes.Close(), closeOther(reads, writes))
	}
	return &DB{DB: reads, writer: startWriter(writes)}, nil
}

// Close waits for writes that were accepted, and closes the file.
func (db *DB) Close() error {
	writes := db.writer.stop()
	return errors.Join(closeOther(db.DB, writes), writes.Close())
}

func closeOther(db, same *sql.DB) error {
	if db == same {
		return nil
	}
	return db.Close()
}

// pools returns the connections for writing and for reading. In memory both are the same
// connection, because the database lives and dies with it.
func pools(path string) (writes, reads *sql.DB, err error) {
	if path == "" {
		db, err := sql.Open("sqlite", "file::memory:?_txlock=immediate&_pragma=foreign_keys(1)")
		if err != nil {
			return nil, nil, err
		}
		db.SetMaxOpenConns(1)
		return db, db, nil
	}
	source := location(path) + "?_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=foreign_keys(1)"
	if writes, err = sql.Open("sqlite", source+"&_txlock=immediate"); err != nil {
		return nil, nil, err
	}
	writes.SetMaxOpenConns(1)
	if reads, err = sql.Open("sqlite", source+"&_pragma=query_only(1)"); err != nil {
		return nil, nil, errors.Join(err, writes.Close())
	}
	readers := max(2, runtime.GOMAXPROCS(0))
	reads.SetMaxOpenConns(readers)
	reads.SetMaxIdleConns(readers)
	return writes, reads, nil
}

func location(path string) string { return "file:" + url.PathEscape(path) }

// checkKind creates the file if it does not exist, and refuses one of another kind before changing
// anything in it.
func checkKind(ctx context.Context, path string, kind Kind) error {
	// Only its owner may read it: it holds secrets. SQLite gives its journal files the same mode.
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	db, err := sql.Open("sqlite", location(path)+"?_pragma=busy_timeout(5000)")
	if err != nil {
		return err
	}
	defer db.Close()
	var id Kind
	var tables int
	err = db.QueryRowContext(ctx, `SELECT application_id, (SELECT count(*) FROM sqlite_schema) FROM pragma_application_id`).Scan(&id, &tables)
	if err != nil {
		return fmt.Errorf("cannot read the file as a database: %w", err)
	}
	if tables > 0 && id != kind {
		return errors.New("the file is another program's database")
	}
	return useWAL(ctx, db)
}

// busy bounds the wait for another program that has locked the file.
const busy = 5 * time.Second

// useWAL switches the file to a write-ahead log. SQLite does not wait for other programs when it
// makes that change, but fails immediately.
func useWAL(ctx context.Context, db *sql.DB) error {
	ctx, cancel := context.WithTimeout(ctx, busy)
	defer cancel()
	for {
		_, err := db.ExecContext(ctx, "PRAGMA journal_mode(WAL)")
		if refused, ok := errors.AsType[*sqlite.Error](err); !ok || refused.Code()&0xff != sqlite3.SQLITE_BUSY {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(10 * time.Millisecond):
		}
	}
}

func migrate(ctx context.Context, db *sql.DB, kind Kind, migrations fs.FS) error {
	if err := mark(ctx, db, kind); err != nil {
		return err
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, db, migrations)
	if err != nil {
		return err
	}
	var failed error // of the last attempt
	for before := int64(-1); ; {
		current, newest, err := p.GetVersions(ctx)
		switch {
		case err != nil:
			return fmt.Errorf("read the schema's version: %w", err)
		case current > newest:
			return fmt.Errorf("the database has schema %d, but this program knows %d: use a newer program", current, newest)
		case current == newest:
			return nil
		case failed != nil && current == before: // otherwise another program was faster, and our migration was rolled back
			return fmt.Errorf("migrate the schema: %w", failed)
		}
		before = current
		_, failed = p.Up(ctx)
	}
}

// mark writes the kind into a new file before any table: if the program died in between, the next
// start would take the file for another program's.
func mark(ctx context.Context, db *sql.DB, kind Kind) error {
	var id Kind
	if err := db.QueryRowContext(ctx, "PRAGMA application_id").Scan(&id); err != nil || id == kind {
		return err
	}
	_, err := db.ExecContext(ctx, fmt.Sprintf("PRAGMA application_id = %d", kind))
	return err
}
