package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/internal/configfile"
	"github.com/latchkey-dev/latchkey/memstore"
	"github.com/latchkey-dev/latchkey/sqlitestore"
)

// openStore opens the sessions that the file names.
func openStore(ctx context.Context, file *configfile.File) (latchkey.Store, io.Closer, error) {
	scheme, _, _ := strings.Cut(file.Store, ":")
	switch scheme {
	case "memory":
		return memstore.New(), closeFunc(func() error { return nil }), nil
	case "sqlite":
		store, err := sqlitestore.Open(ctx, filepath.Join(file.Data, "sessions.db"))
		return store, store, err
	}
	return nil, nil, fmt.Errorf("store: this build has no %s", scheme)
}
