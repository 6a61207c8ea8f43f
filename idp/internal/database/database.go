// Package database keeps what the provider stores, in SQLite or PostgreSQL. Statements are written
// once and run on both.
package database

import (
	"context"
	"database/sql"
	"embed"
	"io/fs"

	"github.com/latchkey-dev/latchkey/internal/postgres"
	"github.com/latchkey-dev/latchkey/internal/sqlite"
)

//go:embed schema
var schema embed.FS

// DB is a SQLite file or a PostgreSQL database.
type DB interface {
	Queries

	// Write runs a function in a transaction. What the function decides on must
	// be a row that it has updated, or be kept by a unique index. It may be undone
	// and called again.
	Write(ctx context.Context, run func(*sql.Tx) error) error

	Close() error
}

// Queries are what both the database and a transaction offer.
type Queries interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// OpenSQLite opens a SQLite file, or a database in memory if path is empty, and migrates it.
func OpenSQLite(ctx context.Context, path string) (DB, error) {
	migrations, err := fs.Sub(schema, "schema/sqlite")
	if err != nil {
		return nil, err
	}
	return opened(sqlite.Open(ctx, path, sqlite.Provider, migrations))
}

// OpenPostgres connects to the PostgreSQL database of a URL and migrates it.
func OpenPostgres(ctx context.Context, url string) (DB, error) {
	migrations, err := fs.Sub(schema, "schema/postgres")
	if err != nil {
		return nil, err
	}
	return opened(postgres.Open(ctx, url, postgres.Provider, migrations))
}

// opened keeps a nil pointer from becoming a DB.
func opened[T DB](db T, err error) (DB, error) {
	if err != nil {
		return nil, err
	}
	return db, nil
}
