package nodes

import (
	"io"
	"path/filepath"
	"testing"

	"github.com/latchkey-dev/latchkey/internal/pgtest"
	"github.com/latchkey-dev/latchkey/internal/redistest"
	"github.com/latchkey-dev/latchkey/memstore"
	"github.com/latchkey-dev/latchkey/pgstore"
	"github.com/latchkey-dev/latchkey/redisstore"
	"github.com/latchkey-dev/latchkey/sqlitestore"
)

// open opens one node's handle of a store.
type open func(t *testing.T) watched

// A backend is a store as its nodes share it. start starts servers if there are any, and skips the
// test if they are not installed.
type backend struct {
	name  string
	start func(t *testing.T) open
}

var backends = []backend{
	{"memory", func(t *testing.T) open { // one process
		store := memstore.New()
		return func(*testing.T) watched { return store }
	}},
	{"sqlite", func(t *testing.T) open { // one process
		store := openSQLite(t, filepath.Join(t.TempDir(), "sessions.db"))
		return func(*testing.T) watched { return store }
	}},
	{"postgres", func(t *testing.T) open {
		url := pgtest.Shared(t).Database(t)
		return func(t *testing.T) watched { return openPostgres(t, url) }
	}},
	{"redis", func(t *testing.T) open {
		url := redistest.Start(t).URL()
		return func(t *testing.T) watched { return openRedis(t, url) }
	}},
	{"redis cluster", func(t *testing.T) open {
		url := redistest.StartCluster(t).URL()
		return func(t *testing.T) watched { return openRedis(t, url) }
	}},
}

// sqliteProcesses is one file for several processes, which is possible, but slow: no process is
// notified of what another has written.
var sqliteProcesses = backend{"sqlite in several processes", func(t *testing.T) open {
	path := filepath.Join(t.TempDir(), "sessions.db")
	return func(t *testing.T) watched { return openSQLite(t, path) }
}}

func openSQLite(t *testing.T, path string) watched {
	t.Helper()
	store, err := sqlitestore.Open(t.Context(), path)
	return opened(t, store, err)
}

func openPostgres(t *testing.T, url string) watched {
	t.Helper()
	store, err := pgstore.Open(t.Context(), url)
	return opened(t, store, err)
}

func openRedis(t *testing.T, url string) watched {
	t.Helper()
	store, err := redisstore.Open(t.Context(), url)
	return opened(t, store, err)
}

func opened[S interface {
	watched
	io.Closer
}](t *testing.T, store S, err error) S {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Errorf("close the store: %v", err)
		}
	})
	return store
}
