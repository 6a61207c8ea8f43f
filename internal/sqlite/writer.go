package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"

	"github.com/latchkey-dev/latchkey/internal/crash"
)

// ErrClosed means that the database has been closed.
var ErrClosed = errors.New("sqlite: database is closed")

// batchLimit bounds how long the first write of a batch waits for its commit.
const batchLimit = 64

// writer is the one goroutine that writes.
type writer struct {
	db     *sql.DB
	jobs   chan *job
	close  sync.Once
	closed chan struct{}
	ended  chan struct{}
}

type job struct {
	run  func(*sql.Tx) error
	err  error
	done chan struct{}
}

func startWriter(db *sql.DB) *writer {
	w := &writer{db: db, jobs: make(chan *job), closed: make(chan struct{}), ended: make(chan struct{})}
	go w.loop()
	return w
}

func (w *writer) stop() *sql.DB {
	w.close.Do(func() { close(w.closed) })
	<-w.ended
	return w.db
}

// Write runs a function in a transaction: everything that it wrote is on disk when Write returns
// nil, and none of it otherwise. The function must use only its transaction, and do nothing but
// write, because others wait for it. If it panics, the error is a *crash.Error, and what it wrote
// is rolled back.
//
// A caller may give up while its write is waiting. Once the write has begun it is completed, so
// that its result is never uncertain.
func (db *DB) Write(ctx context.Context, run func(*sql.Tx) error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	j := &job{run: run, done: make(chan struct{})}
	select {
	case db.writer.jobs <- j:
		<-j.done
		return j.err
	case <-ctx.Done():
		return ctx.Err()
	case <-db.writer.closed:
		return ErrClosed
	}
}

func (w *writer) loop() {
	defer close(w.ended)
	for {
		select {
		case j := <-w.jobs:
			w.commit(j)
		case <-w.closed:
			return
		}
	}
}

// commit runs the job and those that wait behind it in one transaction. Each has its own savepoint,
// so that a failure rolls back only that job.
func (w *writer) commit(first *job) {
	batch := []*job{first}
	tx, err := w.db.Begin()
	if err == nil {
		first.err = inSavepoint(tx, first.run)
		for len(batch) < batchLimit {
			j := w.next()
			if j == nil {
				break
			}
			j.err = inSavepoint(tx, j.run)
			batch = append(batch, j)
		}
		err = tx.Commit()
	}
	for _, j := range batch {
		if err != nil {
			j.err = errors.Join(j.err, fmt.Errorf("commit: %w", err)) // the first job may be the cause
		}
		close(j.done)
	}
}

// next returns a waiting job, or nil.
func (w *writer) next() *job {
	select {
	case j := <-w.jobs:
		return j
	default:
		return nil
	}
}

func inSavepoint(tx *sql.Tx, run func(*sql.Tx) error) error {
	if _, err := tx.Exec("SAVEPOINT job"); err != nil {
		return err
	}
	err := crash.Contain(func() error { return run(tx) }) // all others wait for this goroutine
	if err != nil {
		if _, undo := tx.Exec("ROLLBACK TO job"); undo != nil {
			return errors.Join(err, undo)
		}
	}
	if _, release := tx.Exec("RELEASE job"); release != nil {
		return errors.Join(err, release)
	}
	return err
}
