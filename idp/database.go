package idp

import (
	"context"
	"database/sql"
	"embed"
	"io/fs"
	"strconv"

	"github.com/latchkey-dev/latchkey/internal/postgres"
	"github.com/latchkey-dev/latchkey/internal/sqlite"
)

//go:embed schema
var schema embed.FS

// database is where the provider keeps everything: a SQLite file or a
// PostgreSQL. The queries are the same for both.
type database interface {
	queries

	// Write runs a function in a transaction. What the function decides on must
	// be a row that it has updated, or be kept by a unique index. It may be undone
	// and called again.
	Write(ctx context.Context, run func(*sql.Tx) error) error

	Close() error
}

func openDatabase(ctx context.Context, c Config) (database, error) {
	kind := "sqlite"
	if c.Postgres != "" {
		kind = "postgres"
	}
	migrations, err := fs.Sub(schema, "schema/"+kind)
	if err != nil {
		return nil, err
	}
	if c.Postgres != "" {
		return opened(postgres.Open(ctx, string(c.Postgres), postgres.Provider, migrations))
	}
	return opened(sqlite.Open(ctx, c.Path, sqlite.Provider, migrations))
}

// opened keeps a nil pointer from becoming a database.
func opened[DB database](db DB, err error) (database, error) {
	if err != nil {
		return nil, err
	}
	return db, nil
}

// databaseName is for messages. The URL of a PostgreSQL has a password in it.
func (c Config) databaseName() string {
	if c.Postgres != "" {
		return "in PostgreSQL"
	}
	return strconv.Quote(c.Path)
}
