package postgres

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"net"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/latchkey-dev/latchkey/internal/crash"
)

// DB is an open database for database/sql, with the methods of sqlite.DB. Every wait for the server is bounded.
type DB struct{ db *sql.DB }

// Open connects to the database of a URL and applies the migrations that the schema lacks.
func Open(ctx context.Context, source string, schema Schema, migrations fs.FS) (*DB, error) {
	config, err := ParseConfig(source, schema)
	if err != nil {
		return nil, err
	}
	if err := Migrate(ctx, config.ConnConfig, schema, migrations); err != nil {
		return nil, err
	}
	dial := config.ConnConfig.DialFunc
	config.ConnConfig.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := dial(ctx, network, addr)
		if tcp, ok := conn.(*net.TCPConn); ok {
			return impatientConn{tcp}, err
		}
		return conn, err
	}
	db := stdlib.OpenDB(*config.ConnConfig)
	db.SetMaxOpenConns(int(config.MaxConns))
	db.SetMaxIdleConns(int(config.MaxConns))
	db.SetConnMaxLifetime(config.MaxConnLifetime) // so that a server that came back is used again
	return &DB{db}, nil
}

// Close waits for the queries under way and closes the connections.
func (db *DB) Close() error { return db.db.Close() }

// QueryContext reads. It goes on when its caller leaves, because giving up costs a connection.
func (db *DB) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	return db.db.QueryContext(bounded(ctx), query, args...)
}

// QueryRowContext reads one row, as QueryContext does.
func (db *DB) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	return db.db.QueryRowContext(bounded(ctx), query, args...)
}

// Write runs a function in a transaction: all that it wrote is committed when Write returns nil, and nothing of it after the function's own error. Any other error leaves open
// what happened. A row that it has updated is its own until the end; each statement sees what others have committed before it. So a function that decides on what it has read
// updates that row first, or leans on a unique index: where it meets a key that another has just taken, or a deadlock, it is undone and called again. Where the function panics
// the error is a *crash.Error, and what it wrote is undone.
func (db *DB) Write(ctx context.Context, run func(*sql.Tx) error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	ctx = bounded(ctx)
	return Retry(ctx, func() error {
		tx, err := db.db.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelReadCommitted})
		if err != nil {
			return err
		}
		if err := crash.Contain(func() error { return run(tx) }); err != nil {
			tx.Rollback() // where that fails the connection does, and the transaction with it
			return met(err)
		}
		return met(tx.Commit())
	})
}

// patience is the key of what Patient allows.
type patience struct{}

// Patient allows a transaction of very many statements that long, in place of Limit. Each of them has Limit all the same.
func Patient(ctx context.Context, d time.Duration) context.Context {
	return context.WithValue(ctx, patience{}, d)
}

// bounded returns a context that ends after Limit, or what Patient allows, whatever becomes of ctx.
func bounded(ctx context.Context) context.Context {
	limit := Limit
	if longer, ok := ctx.Value(patience{}).(time.Duration); ok {
		limit = longer
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), limit)
	context.AfterFunc(ctx, cancel)
	return ctx
}

// met makes Retry repeat a transaction that found a key taken: the one that took it has been committed meanwhile, and this one looks for it before it writes.
func met(err error) error {
	if pgErr, ok := errors.AsType[*pgconn.PgError](err); ok && pgErr.Code == "23505" { // unique_violation
		return errors.Join(&pgconn.PgError{Code: "40001"}, err)
	}
	return err
}

// An impatientConn gives up when the server does not answer in time what it was last sent. database/sql does not let the statements of a transaction be interrupted.
type impatientConn struct{ *net.TCPConn }

func (c impatientConn) Write(b []byte) (int, error) {
	if err := c.SetDeadline(time.Now().Add(Limit + time.Second)); err != nil { // the server's own limit comes first
		return 0, err
	}
	return c.TCPConn.Write(b)
}
