package pgstore

import (
	"context"
	"fmt"
	"io/fs"

	"github.com/latchkey-dev/latchkey/internal/postgres"
)

// Check says what Open would find in the database of a URL, and changes nothing: the schema's version there (0: Open would make it), and the newest, to which Open
// would bring it. An error is what Open would fail with; it never contains the password.
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
