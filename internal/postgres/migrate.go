package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
)

// migrationLock is the advisory lock that a process holds while it looks at a schema and changes it: "lkmigrat" in ASCII.
const migrationLock = 0x6c6b6d6967726174

// Migrate makes the schema where there is none, and applies the migrations that it lacks. Processes that start at once wait for one another.
// A schema that a newer program has written is refused and left as it is.
func Migrate(ctx context.Context, config *pgx.ConnConfig, schema Schema, migrations fs.FS) (err error) {
	config = config.Copy()
	config.RuntimeParams["statement_timeout"] = "0" // a migration of a large table takes its time
	db := stdlib.OpenDB(*config)
	defer func() { err = errors.Join(err, db.Close()) }()
	lock, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer lock.Close() // which ends the session, because db is closed next, and so gives the lock back
	if _, err := lock.ExecContext(ctx, `SELECT pg_advisory_lock($1)`, int64(migrationLock)); err != nil {
		return fmt.Errorf("wait for other processes that migrate: %w", err)
	}
	if err := makeSchema(ctx, lock, schema); err != nil {
		return err
	}
	p, err := goose.NewProvider(goose.DialectPostgres, db, migrations)
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
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("migrate the schema: %w", err)
	}
	return nil
}

// makeSchema asks before it creates, so that a role may do without the right to create schemas where an administrator has made this one.
func makeSchema(ctx context.Context, conn *sql.Conn, schema Schema) error {
	var missing bool
	if err := conn.QueryRowContext(ctx, `SELECT to_regnamespace($1) IS NULL`, string(schema)).Scan(&missing); err != nil || !missing {
		return err
	}
	if _, err := conn.ExecContext(ctx, `CREATE SCHEMA `+pgx.Identifier{string(schema)}.Sanitize()); err != nil {
		return fmt.Errorf("create the schema %s: %w", schema, err)
	}
	return nil
}
