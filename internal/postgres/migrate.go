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

// migrationLock is the advisory lock that a process holds while it migrates a schema: "lkmigrat" in
// ASCII.
const migrationLock = 0x6c6b6d6967726174

// Migrate creates the schema if it does not exist, and applies missing migrations. Processes that
// start at the same time wait for one another. A schema that a newer program has written is refused
// and left unchanged.
func Migrate(ctx context.Context, config *pgx.ConnConfig, schema Schema, migrations fs.FS) (err error) {
	config = config.Copy()
	config.RuntimeParams["statement_timeout"] = "0" // migrating a large table can take long
	db := stdlib.OpenDB(*config)
	defer func() { err = errors.Join(err, db.Close()) }()
	lock, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer lock.Close() // db is closed next: that ends the session, and releases the lock
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
		return fmt.Errorf("the database has schema %d, but this program knows %d: use a newer program", current, newest)
	}
	if current == newest {
		return nil
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("migrate the schema: %w", err)
	}
	return nil
}

// makeSchema checks before it creates, so that a role needs no right to create schemas if an
// administrator has created this one.
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
