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

// DB is an open database for database/sql, with the methods of sqlite.DB. Every wait for the server
// is bounded.
type DB struct{ db *sql.DB }

// Open connects to the database at a URL and applies missing migrations.
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
	db.SetConnMaxLifetime(config.MaxConnLifetime) // so that a server that is back is used soon
	return &DB{db}, nil
}

// Close waits for running queries and closes the connections.
func (db *DB) Close() error { return db.db.Close() }

// QueryContext reads. It continues if its caller gives up, because cancelling costs a connection.
func (db *DB) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	return db.db.QueryContext(bounded(ctx), query, args...)
}

// QueryRowContext reads one row, as QueryContext does.
func (db *DB) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	return db.db.QueryRowContext(bounded(ctx), query, args...)
}

// Write runs a function in a transaction: everything that it wrote is committed when Write returns
// nil, and none of it if the function itself returned an error. After any other error the outcome
// is unknown. A row that the transaction has updated is locked until its end; each statement sees
// what others committed before it. So a function that decides on what it has read must update that
// row first, or rely on a unique index: if it finds a key that another transaction has just taken,
// or deadlocks, it is rolled back and called again. If the function panics, the error is a
// *crash.Error, and what it wrote is rolled back.
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
			tx.Rollback() // if that fails, so does the connection, and the transaction with it
			return met(err)
		}
		return met(tx.Commit())
	})
}

// patience is the context key of Patient.
type patience struct{}

// Patient allows a transaction of very many statements this much time instead of Limit. Limit still
// applies to each statement.
func Patient(ctx context.Context, d time.Duration) context.Context {
	return context.WithValue(ctx, patience{}, d)
}

// bounded returns a context that ends after Limit, or the time of Patient, whatever happens to ctx.
func bounded(ctx context.Context) context.Context {
	limit := Limit
	if longer, ok := ctx.Value(patience{}).(time.Duration); ok {
		limit = longer
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), limit)
	context.AfterFunc(ctx, cancel)
	return ctx
}

// met makes Retry repeat a transaction that found a key taken: the transaction that took it has
// been committed meanwhile, and this one looks for it before it writes.
func met(err error) error {
	if pgErr, ok := errors.AsType[*pgconn.PgError](err); ok && pgErr.Code == "23505" { // unique_violation
		return errors.Join(&pgconn.PgError{Code: "40001"}, err)
	}
	return err
}

// An impatientConn gives up if the server does not answer in time. database/sql cannot interrupt
// the statements of a transaction.
type impatientConn struct{ *net.TCPConn }

func (c impatientConn) Write(b []byte) (int, error) {
	if err := c.SetDeadline(time.Now().Add(Limit + time.Second)); err != nil { // the server's own limit is shorter
		return 0, err
	}
	return c.TCPConn.Write(b)
}
