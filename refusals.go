package latchkey

import (
	"errors"
	"sync"
	"time"
)

// A bad deploy at the provider may refuse everybody. When so many sessions were refused within the window, and none was refreshed,
// a refusal says nothing about a session any more.
const (
	refusalLimit  = 20
	refusalWindow = time.Minute
)

var errRefusesEverybody = errors.New("the provider refuses every session: is it configured as it was?")

// refusals remembers when the provider last refused, since it last said yes.
type refusals struct {
	mu   sync.Mutex
	last [refusalLimit]time.Time // a ring
	n    int
}

// weigh passes on what the provider answered at a time. A refusal that is one of too many becomes an error that ends nothing.
func (r *refusals) weigh(now time.Time, err error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case err == nil:
		r.last, r.n = [refusalLimit]time.Time{}, 0
		return nil
	case !refused(err):
		return err
	}
	oldest := r.last[r.n%refusalLimit]
	r.last[r.n%refusalLimit] = now
	r.n++
	if !oldest.IsZero() && now.Sub(oldest) < refusalWindow {
		return errRefusesEverybody
	}
	return err
}
