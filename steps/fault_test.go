package steps

import (
	"context"
	"errors"
	"sync"
	"time"
)

var errFault = errors.New("broken for this test")

// patience is how long a browser waits for an answer, and how long a call of store or provider may
// hang where the caller sets no limit.
const patience = 30 * time.Second

// faultKinds are the ways in which one call goes wrong. The guard cannot know whether it took
// effect.
var faultKinds = []struct {
	name string
	call func(ctx context.Context, do func() error) error
}{
	{"error before", func(context.Context, func() error) error { return errFault }},
	{"error after", func(_ context.Context, do func() error) error { do(); return errFault }},
	{"deadline", func(context.Context, func() error) error { return context.DeadlineExceeded }},
	{"hang before", func(ctx context.Context, _ func() error) error { return hang(ctx) }},
	{"hang after", func(ctx context.Context, do func() error) error { do(); return hang(ctx) }},
}

func hang(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(patience):
		return errFault
	}
}

// failing is a front that lets one call go wrong.
type failing struct {
	mu    sync.Mutex
	armed bool
	alone func(context.Context, operation) bool // which calls count
	left  int                                   // calls that still go well
	fault func(context.Context, func() error) error
	met   string // the call that went wrong
}

// fail has the n-th call go wrong, of those that count.
func (f *failing) fail(n int, fault func(context.Context, func() error) error, counts func(context.Context, operation) bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.armed, f.left, f.fault, f.alone, f.met = true, n-1, fault, counts, ""
}

// heal ends the fault, and returns the call that went wrong, "" where it was not reached.
func (f *failing) heal() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.armed = false
	return f.met
}

func (f *failing) front(ctx context.Context, op operation, do func() error) error {
	f.mu.Lock()
	hit := f.armed && f.met == "" && f.alone(ctx, op)
	if hit && f.left > 0 {
		f.left--
		hit = false
	}
	if hit {
		f.met = op.name
	}
	fault := f.fault
	f.mu.Unlock()
	if hit {
		return fault(ctx, do)
	}
	return do()
}

// inFlow marks the context of the request whose calls count.
type inFlow struct{}

func ofTheRequest(ctx context.Context, _ operation) bool { return ctx.Value(inFlow{}) != nil }

// ofTheBackground counts the calls by which ended sessions are revoked.
func ofTheBackground(ctx context.Context, op operation) bool {
	return ctx.Value(inFlow{}) == nil && (op.name == "Unrevoked" || op.name == "Revoke" || op.name == "Swap")
}
