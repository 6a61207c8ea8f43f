// Package sqlite opens the provider's database: one SQLite file, or one that
// lives in memory, brought to the newest schema.
//
// Reads use a pool of connections. Writes go through one goroutine, which
// commits those that wait together: one sync to disk for many logins.
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

	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite" // the driver "sqlite"
)

// ApplicationID marks a file as ours in SQLite's header ("ltch").
const ApplicationID = 0x6c746368

// DB is an open database.
type DB struct {
	*sql.DB // for reads
	writer  *writer
}

// Open opens the file at path, or a new database in memory where path is
// empty, and applies the migrations that it lacks. A file that is not ours, is
// damaged, or was written by a newer version is refused and left as it is.
func Open(ctx context.Context, path string, migrations fs.FS) (*DB, error) {
	if path != "" {
		if err := checkOurs(ctx, path); err != nil {
			return nil, err
		}
	}
	writes, reads, err := pools(path)
	if err != nil {
		return nil, err
	}
	if err := migrate(ctx, writes, migrations); err != nil {
		return nil, errors.Join(err, writes.Close(), closeOther(reads, writes))
	}
	return &DB{DB: reads, writer: startWriter(writes)}, nil
}

// Close lets the writes that were accepted end, and closes the file.
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

// pools returns the connections for writing and for reading. In memory both
// are one and the same connection, because the database lives and dies with it.
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

// checkOurs makes the file where it does not exist, and refuses one that is not
// ours before anything in it is changed.
func checkOurs(ctx context.Context, path string) error {
	// Nobody else may read it: it holds password hashes. SQLite gives its
	// companion files the same mode.
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
	var id, tables int
	err = db.QueryRowContext(ctx, `SELECT application_id, (SELECT count(*) FROM sqlite_schema) FROM pragma_application_id`).Scan(&id, &tables)
	if err != nil {
		return fmt.Errorf("the file cannot be read as a database: %w", err)
	}
	if tables > 0 && id != ApplicationID {
		return errors.New("the file is a database of another program")
	}
	return nil
}

func migrate(ctx context.Context, db *sql.DB, migrations fs.FS) error {
	p, err := goose.NewProvider(goose.DialectSQLite3, db, migrations)
	if err != nil {
		return err
	}
	current, newest, err := p.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("read the schema's version: %w", err)
	}
	if current > newest {
		return fmt.Errorf("the database has schema %d, this program knows %d: use a newer program", current, newest)
	}
	if current == newest {
		return nil
	}
	if _, err := db.ExecContext(ctx, fmt.Sprintf("PRAGMA application_id = %d", ApplicationID)); err != nil {
		return err
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("migrate the schema: %w", err)
	}
	return nil
}
