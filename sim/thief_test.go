package sim

import (
	"sync"

	"github.com/latchkey-dev/latchkey"
)

// A thief has cookies of one session, copied once, and all that came back since.
type thief struct {
	mu    sync.Mutex
	id    latchkey.ID
	jars  []jar // the copied pair, then every pair received since
	used  int   // how often the oldest untried pair was used
	stole bool
}

// steal copies the browser's cookies, or one of them. It returns false if there is nothing to copy,
// or the thief has copied before.
func (t *thief) steal(j jar, what string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.stole || j.refresh == "" || j.session == "" {
		return false
	}
	t.stole, t.id = true, j.id
	switch what {
	case "session":
		j.refresh = ""
	case "refresh":
		j.session = ""
	}
	j.device = ""
	t.jars = []jar{j}
	return true
}

// choose picks the cookies of a request: the newest; the copied ones; those before the newest, to
// learn whether the browser has confirmed; or one after the other of all.
func (t *thief) choose(how string) (jar, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.jars) == 0 {
		return jar{}, false
	}
	last := len(t.jars) - 1
	switch how {
	case "first":
		return t.jars[0], true
	case "before":
		return t.jars[max(0, last-1)], true
	case "oldest":
		t.used++
		return t.jars[t.used%len(t.jars)], true
	}
	return t.jars[last], true
}

func (t *thief) receive(used jar, got reply) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(got.cookies) > 0 {
		t.jars = append(t.jars, used.with(got))
	}
}
