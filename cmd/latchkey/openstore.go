package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/internal/configfile"
	"github.com/latchkey-dev/latchkey/memstore"
	"github.com/latchkey-dev/latchkey/pgstore"
	"github.com/latchkey-dev/latchkey/redisstore"
	"github.com/latchkey-dev/latchkey/sqlitestore"
)

// openStore opens the session store that the file names.
func openStore(ctx context.Context, file *configfile.File) (latchkey.Store, io.Closer, error) {
	scheme, _, _ := strings.Cut(file.Store, ":")
	switch scheme {
	case "memory":
		return memstore.New(), closeFunc(func() error { return nil }), nil
	case "sqlite":
		store, err := sqlitestore.Open(ctx, filepath.Join(file.Data, "sessions.db"))
		return opened(store, store, err)
	case "postgres", "postgresql":
		store, err := pgstore.Open(ctx, file.Store)
		return opened(store, store, err)
	case "redis", "rediss":
		store, err := redisstore.Open(ctx, file.Store)
		return opened(store, store, err)
	}
	return nil, nil, errors.New("store: unknown") // configfile refuses every other scheme
}

// sharesStore reports whether other nodes may use the store of the file.
func sharesStore(file *configfile.File) bool {
	scheme, _, _ := strings.Cut(file.Store, ":")
	return scheme != "memory" && scheme != "sqlite"
}

// opened adds to an error the key that it is about.
func opened(store latchkey.Store, closer io.Closer, err error) (latchkey.Store, io.Closer, error) {
	if err != nil {
		return nil, nil, fmt.Errorf("store: %w", err)
	}
	return store, closer, nil
}
