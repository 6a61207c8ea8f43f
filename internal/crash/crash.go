// Package crash keeps a panic from ending the process: it becomes an error, with the stack for the
// log.
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

// Error includes the stack, so that it is logged with any error that wraps this one.
func (e *Error) Error() string { return "panic: " + e.what + "\n" + string(e.stack) }

// Of makes an Error of what recover returned, in the deferred function that called recover. For
// values other than the runtime's own errors it has the type only, because they may contain a
// secret.
func Of(recovered any) *Error {
	what := fmt.Sprintf("a %T", recovered)
	if err, ok := recovered.(runtime.Error); ok {
		what = err.Error()
	}
	return &Error{what, debug.Stack()}
}

// Contain calls a function, and returns its error, or an *[Error] if it panics.
func Contain(run func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = Of(p)
		}
	}()
	return run()
}
