package latchkey

import (
	"context"
	"errors"

	"github.com/latchkey-dev/latchkey/internal/crash"
)

// errPanic stands in for a panic that is in the log.
var errPanic = errors.New("a panic, which is in the log with its stack")

// contain runs what no request stands behind, where a panic would end the process. It becomes an error.
func (g *Guard) contain(ctx context.Context, what string, run func() error) error {
	err := crash.Contain(run)
	if p, ok := err.(*crash.Error); ok { // not one that the store has contained, and wrapped
		g.log.ErrorContext(ctx, "panic", "app", g.app, "in", what, "error", p)
		return errPanic
	}
	return err
}
