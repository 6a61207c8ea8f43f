package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/latchkey-dev/latchkey/internal/postgres"
)

func TestRetry(t *testing.T) {
	serialization, deadlock := &pgconn.PgError{Code: "40001"}, fmt.Errorf("swap: %w", &pgconn.PgError{Code: "40P01"})
	other := &pgconn.PgError{Code: "57P01"} // admin_shutdown: the statement may have taken effect
	for name, c := range map[string]struct {
		answers []error // the last one again and again
		tries   int
		want    error
	}{
		"well":            {[]error{nil}, 1, nil},
		"undone twice":    {[]error{serialization, deadlock, nil}, 3, nil},
		"always undone":   {[]error{serialization}, 10, serialization},
		"something else":  {[]error{other}, 1, other},
		"undone, then no": {[]error{deadlock, other}, 2, other},
		"broken":          {[]error{errors.ErrUnsupported}, 1, errors.ErrUnsupported},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tries, began := 0, time.Now()
				err := postgres.Retry(t.Context(), func() error {
					tries++
					return c.answers[min(tries, len(c.answers))-1]
				})
				if tries != c.tries || !errors.Is(err, c.want) || time.Since(began) > 2*time.Second {
					t.Errorf("%d tries in %v, %v; want %d, %v", tries, time.Since(began), err, c.tries, c.want)
				}
			})
		})
	}
}

func TestRetryGivesUpWithItsCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		tries := 0
		err := postgres.Retry(ctx, func() error {
			if tries++; tries == 3 {
				cancel()
			}
			return &pgconn.PgError{Code: "40001"}
		})
		if err == nil || tries > 4 {
			t.Errorf("%d tries, %v", tries, err)
		}
	})
}
