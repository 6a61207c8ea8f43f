package pgstore

import (
	"context"
	"fmt"
	"io/fs"

	"github.com/latchkey-dev/latchkey/internal/postgres"
)

// Check says what Open would find in the database at a URL, and changes nothing: the version of the
// schema there (0: Open would create it), and the newest version. An error is what Open would fail
// with; it never contains the password.
func Check(ctx context.Context, url string) (current, newest int64, err error) {
	config, err := postgres.ParseConfig(url, postgres.Sessions)
	if err != nil {
		return 0, 0, fmt.Errorf("session store: %w", err)
	}
	migrations, err := fs.Sub(schema, "schema")
	if err != nil {
		return 0, 0, err
	}
	current, newest, err = postgres.Check(ctx, config.ConnConfig, postgres.Sessions, migrations)
	if err != nil {
		return current, newest, fmt.Errorf("session store: %w", err)
	}
	return current, newest, nil
}
