package postgres

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// attempts bounds how often one thing is tried. With the pauses between them they take about a second.
const attempts = 10

// Retry calls do, and again where the server has undone it because it met another transaction, which databases that run on many machines do as a matter of course.
// It gives up with the last error after ten attempts, or when ctx is done.
func Retry(ctx context.Context, do func() error) error {
	for n := range attempts {
		err := do()
		if !undone(err) || n == attempts-1 {
			return err
		}
		pause := rand.N(time.Millisecond << n) // at random, so that the two do not meet again
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return err
		}
	}
	panic("unreachable")
}

// undone reports whether the server says that nothing has happened and that another attempt may succeed, or that the statement was not sent.
func undone(err error) bool {
	if pgErr, ok := errors.AsType[*pgconn.PgError](err); ok {
		return pgErr.Code == "40001" || pgErr.Code == "40P01" // serialization_failure, deadlock_detected
	}
	return pgconn.SafeToRetry(err)
}
