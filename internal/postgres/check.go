package postgres

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/jackc/pgx/v5"
	"github.com/pressly/goose/v3"
)

// Check says what Migrate would find, and changes nothing: the version of the schema in the
// database (0 if there is none), and the newest version. An error is what Migrate would fail with.
func Check(ctx context.Context, config *pgx.ConnConfig, schema Schema, migrations fs.FS) (current, newest int64, err error) {
	sources, err := fs.Glob(migrations, "*.sql")
	if err != nil {
		return 0, 0, err
	}
	for _, name := range sources {
		version, err := goose.NumericComponent(name)
		if err != nil {
			return 0, 0, err
		}
		newest = max(newest, version)
	}
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return 0, newest, err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	table := pgx.Identifier{string(schema), goose.DefaultTablename}.Sanitize()
	var there bool
	err = conn.QueryRow(ctx, `SELECT to_regclass($1) IS NOT NULL`, table).Scan(&there)
	if err != nil || !there {
		return 0, newest, err
	}
	if err := conn.QueryRow(ctx, `SELECT coalesce(max(version_id), 0) FROM `+table+` WHERE is_applied`).Scan(&current); err != nil {
		return 0, newest, errors.Join(errors.New("read the schema's version"), err)
	}
	if current > newest {
		return current, newest, fmt.Errorf("the database has schema %d, but this program knows %d: use a newer program", current, newest)
	}
	return current, newest, nil
}
