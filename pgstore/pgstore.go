// Package pgstore keeps sessions in PostgreSQL: for many nodes that share them.
//
// A write that has returned nil is as durable as the server's commits, and every node that watches
// has been notified. Each call is bounded to three seconds; a write without a response by then, or
// whose connection broke, may have taken effect or not, and its error is neither ErrNotFound nor
// ErrConflict. After an outage the store recovers by itself.
//
// The tables are in the schema latchkey_sessions, which Open creates. The URL must be PostgreSQL's
// own: a pooler in front, such as PgBouncer, passes on neither notifications nor the settings of a
// connection.
package pgstore

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"sync"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/internal/postgres"
)

//go:embed schema/*.sql
var schema embed.FS

var errClosed = errors.New("pgstore: store is closed")

// Store is a latchkey.Store. Use Open.
type Store struct {
	pool     *pgxpool.Pool
	teller   *teller
	watching *pgx.ConnConfig // for the connections of Watch

	writes sync.RWMutex // read-locked by each write, so that Close can wait for them
	closed chan struct{}
}

var (
	_ latchkey.Store   = (*Store)(nil)
	_ latchkey.Sweeper = (*Store)(nil)
	_ latchkey.Watcher = (*Store)(nil)
)

// Open connects to the database at a URL, postgres://user:password@host:port/database, and migrates
// its schema. Several processes may do so at the same time. The URL takes PostgreSQL's parameters
// and pool_max_conns (by default 16). A host other than this machine must have a certificate for
// its name, unless the URL says sslmode=disable. Open fails if the server is unreachable or
// read-only, or has a schema of a newer version.
func Open(ctx context.Context, url string) (*Store, error) { return open(ctx, url, nil) }

func open(ctx context.Context, url string, tracer pgx.QueryTracer) (*Store, error) {
	s, err := connect(ctx, url, tracer)
	if err != nil {
		return nil, fmt.Errorf("open session store: %w", err)
	}
	return s, nil
}

func connect(ctx context.Context, url string, tracer pgx.QueryTracer) (*Store, error) {
	config, err := postgres.ParseConfig(url, postgres.Sessions)
	if err != nil {
		return nil, err
	}
	migrations, err := fs.Sub(schema, "schema")
	if err != nil {
		return nil, err
	}
	if err := postgres.Migrate(ctx, config.ConnConfig, postgres.Sessions, migrations); err != nil {
		return nil, err
	}
	watching := watchConfig(config.ConnConfig)
	config.ConnConfig.Tracer = tracer
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	teller, err := startTeller(ctx, config)
	if err != nil {
		pool.Close()
		return nil, err
	}
	return &Store{pool: pool, teller: teller, watching: watching, closed: make(chan struct{})}, nil
}

// Close waits for running calls, ends every Watch, and closes the connections. Later calls fail.
func (s *Store) Close() error {
	s.writes.Lock()
	defer s.writes.Unlock()
	select {
	case <-s.closed:
		return nil
	default:
	}
	close(s.closed)
	s.pool.Close()
	return s.teller.stop()
}

// call runs do with a connection, and again if the server asks for a retry. It waits for a
// connection as long as the caller does. A call that has begun is completed, within the limit, even
// if the caller gives up: otherwise its outcome would be unknown, and the connection lost.
func (s *Store) call(ctx context.Context, do func(ctx context.Context, conn *pgx.Conn) error) error {
	waiting, cancel := context.WithTimeout(ctx, postgres.Limit)
	defer cancel()
	begun, cancel := context.WithTimeout(context.WithoutCancel(ctx), postgres.Limit)
	defer cancel()
	return postgres.Retry(waiting, func() error {
		conn, err := s.pool.Acquire(waiting)
		if err != nil {
			return fmt.Errorf("pgstore: get a connection: %w", err)
		}
		defer conn.Release()
		err = do(begun, conn.Conn())
		if err != nil && begun.Err() != nil {
			return fmt.Errorf("pgstore: no answer within %v: %w", postgres.Limit, err)
		}
		return err
	})
}
