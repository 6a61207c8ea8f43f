// Package crash keeps a panic from ending the process: it becomes an error, with the stack that
// belongs into the log.
package crash

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

// An Error is a panic that was caught.
type Error struct {
	what  string
	stack []byte
}

// Error has the stack in it, so that it reaches the log with whatever wraps it.
func (e *Error) Error() string { return "panic: " + e.what + "\n" + string(e.stack) }

// Of makes an Error of what recover returned, in the deferred function that called it. Of values
// that are not the runtime's own it tells the type alone: there may be a secret in them.
func Of(recovered any) *Error {
	what := fmt.Sprintf("a %T", recovered)
	if err, ok := recovered.(runtime.Error); ok {
		what = err.Error()
	}
	return &Error{what, debug.Stack()}
}

// Contain runs a function, and returns its error, or an *[Error] where it panics.
func Contain(run func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = Of(p)
		}
	}()
	return run()
}
