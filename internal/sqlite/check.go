package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/pressly/goose/v3"
)

// Check says what Open would find at path, and changes nothing: the version of the schema there,
// and the newest. Another program may have it open. An error is what Open would fail with;
// fs.ErrNotExist means that Open would create the file.
func Check(ctx context.Context, path string, kind Kind, migrations fs.FS) (current, newest int64, err error) {
	if _, err := os.Stat(path); err != nil {
		return 0, 0, err
	}
	db, err := sql.Open("sqlite", location(path)+"?mode=ro&_pragma=busy_timeout(5000)&_pragma=query_only(1)")
	if err != nil {
		return 0, 0, err
	}
	defer db.Close()
	var id Kind
	var tables int
	if err := db.QueryRowContext(ctx, `SELECT application_id, (SELECT count(*) FROM sqlite_schema) FROM pragma_application_id`).Scan(&id, &tables); err != nil {
		return 0, 0, fmt.Errorf("cannot read the file as a database: %w", err)
	}
	if tables > 0 && id != kind {
		return 0, 0, errors.New("the file is another program's database")
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, db, migrations)
	if err != nil {
		return 0, 0, err
	}
	sources := p.ListSources()
	if len(sources) > 0 {
		newest = sources[len(sources)-1].Version
	}
	if tables == 0 {
		return 0, newest, nil
	}
	if err := db.QueryRowContext(ctx, `SELECT max(version_id) FROM goose_db_version WHERE is_applied`).Scan(&current); err != nil {
		return 0, newest, fmt.Errorf("read the schema's version: %w", err)
	}
	if current > newest {
		return current, newest, fmt.Errorf("the database has schema %d, but this program knows %d: use a newer program", current, newest)
	}
	return current, newest, nil
}
