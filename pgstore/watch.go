package pgstore

import (
	"context"
	"crypto/rand"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/internal/postgres"
)

const (
	beatEvery = 250 * time.Millisecond

	// silence is how long a stream may take to return what it sent to itself. A silently broken
	// network is noticed after a second and a half at most.
	silence = 1250 * time.Millisecond
)

// watchConfig is for a connection that survives interrupted reads.
func watchConfig(config *pgx.ConnConfig) *pgx.ConnConfig {
	config = config.Copy()
	config.RuntimeParams["synchronous_commit"] = "off"
	config.BuildContextWatcherHandler = func(conn *pgconn.PgConn) ctxwatch.Handler {
		return &pgconn.DeadlineContextWatcherHandler{Conn: conn.Conn()}
	}
	return config
}

// Watch reports every write, by whichever node, until ctx is done, the store is closed or the
// stream breaks. Reports begin with the first heartbeat: a record that was read before the time of
// that heartbeat may have changed unnoticed.
func (s *Store) Watch(ctx context.Context, changed func(latchkey.ID), beat func(asOf time.Time)) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() {
		select {
		case <-s.closed:
			cancel(errClosed)
		case <-ctx.Done():
		}
	}()
	err := s.watch(ctx, changed, beat)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	s.pool.Reset() // the idle connections may be dead too, and each would cost a call its time limit
	return fmt.Errorf("pgstore: watch: %w", err)
}

func (s *Store) watch(ctx context.Context, changed func(latchkey.ID), beat func(asOf time.Time)) error {
	connecting, cancel := context.WithTimeout(ctx, postgres.Limit)
	defer cancel()
	conn, err := pgx.ConnectConfig(connecting, s.watching.Copy())
	if err != nil {
		return err
	}
	w := &stream{conn: conn, changed: changed, name: beatPrefix + rand.Text()}
	defer w.close()
	if _, err := conn.Exec(connecting, "LISTEN "+channel); err != nil {
		return err
	}
	for {
		asOf, err := w.ask(ctx)
		if err != nil {
			return err
		}
		beat(asOf)
		if err := w.listen(ctx, asOf.Add(beatEvery)); err != nil {
			return err
		}
	}
}

// A stream is the connection of one Watch. It is used by one goroutine.
type stream struct {
	conn    *pgx.Conn
	changed func(latchkey.ID)
	name    string // no other stream has it
	beats   int
}

// ask sends a message to the stream itself and reports everything that comes before it. PostgreSQL
// delivers messages in the order of their commits, so every write announced before the question is
// among them.
func (w *stream) ask(ctx context.Context) (asOf time.Time, err error) {
	asOf = time.Now()
	ctx, cancel := context.WithDeadline(ctx, asOf.Add(silence))
	defer cancel()
	w.beats++
	own := w.name + strconv.Itoa(w.beats)
	if _, err := w.conn.Exec(ctx, "NOTIFY "+channel+", '"+own+"'"); err != nil {
		return asOf, err
	}
	for {
		message, err := w.conn.WaitForNotification(ctx)
		if err != nil {
			return asOf, err
		}
		if message.Payload == own {
			return asOf, nil
		}
		if err := w.tell(message.Payload); err != nil {
			return asOf, err
		}
	}
}

// listen reports what arrives until the time given.
func (w *stream) listen(ctx context.Context, until time.Time) error {
	resting, cancel := context.WithDeadline(ctx, until)
	defer cancel()
	for resting.Err() == nil {
		message, err := w.conn.WaitForNotification(resting)
		switch {
		case err == nil:
			err = w.tell(message.Payload)
		case resting.Err() != nil && !w.conn.IsClosed():
			return ctx.Err()
		}
		if err != nil {
			return err
		}
	}
	return ctx.Err()
}

func (w *stream) tell(message string) error {
	ids, err := parseMessage(message)
	for _, id := range ids {
		w.changed(id)
	}
	return err
}

// close ends the connection without waiting long for a server that may be gone.
func (w *stream) close() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	w.conn.Close(ctx)
}
