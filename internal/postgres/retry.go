package postgres

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// attempts bounds the retries. With the pauses between them they take about a second.
const attempts = 10

// Retry calls do, and again if the server has rolled it back because of a conflict, which is common
// in databases that run on many machines. It gives up with the last error after ten attempts, or
// when ctx is done.
func Retry(ctx context.Context, do func() error) error {
	for n := range attempts {
		err := do()
		if !undone(err) || n == attempts-1 {
			return err
		}
		pause := rand.N(time.Millisecond << n) // random, so that the two do not collide again
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return err
		}
	}
	panic("unreachable")
}

// undone reports whether the server says that nothing has happened and a retry may succeed, or the
// statement was not sent.
func undone(err error) bool {
	if pgErr, ok := errors.AsType[*pgconn.PgError](err); ok {
		return pgErr.Code == "40001" || pgErr.Code == "40P01" // serialization_failure, deadlock_detected
	}
	return pgconn.SafeToRetry(err)
}
