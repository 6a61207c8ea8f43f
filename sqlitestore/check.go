package sqlitestore

import (
	"context"
	"fmt"
	"io/fs"

	"github.com/latchkey-dev/latchkey/internal/sqlite"
)

// Check says what Open would find at path, and changes nothing: the version of the schema there,
// and the newest version. Another process may have the file open. An error is what Open would fail
// with; fs.ErrNotExist means that Open would create the file.
func Check(ctx context.Context, path string) (current, newest int64, err error) {
	migrations, err := fs.Sub(schema, "schema")
	if err != nil {
		return 0, 0, err
	}
	current, newest, err = sqlite.Check(ctx, path, sqlite.Sessions, migrations)
	if err != nil {
		return current, newest, fmt.Errorf("session store %s: %w", path, err)
	}
	return current, newest, nil
}
