package latchkey

import (
	"sync/atomic"

	"github.com/latchkey-dev/latchkey/internal/throttle"
)

// memory is what a guard has learned and must not forget when another takes its place (Config.Replaces).
// Both use it until the old one is closed.
type memory struct {
	lastSeen  lastSeen
	ends      ends
	stale     onceEach[ID]
	alarms    onceEach[string]
	refusals  refusals
	throttle  *throttle.Logins
	passwords passwordChanges

	guards atomic.Int32 // that use it
	file   endsFile     // what outlives the last of them
}

// remember returns the memory of the guard that is replaced or, without one, a new one with the ends in the file.
func remember(c *Config) (*memory, error) {
	if c.Replaces != nil {
		return c.Replaces.memory, nil
	}
	m := &memory{throttle: throttle.NewLogins(), file: endsFile{path: c.EndsFile}}
	m.ends.owed.turn = make(chan struct{}, 1)
	ends, err := m.file.read(c.App)
	if err != nil {
		return nil, err
	}
	for _, e := range ends {
		m.ends.note(e.tombstone)
		m.ends.owed.put(e)
	}
	_, m.file.saved = m.ends.owed.all()
	return m, nil
}
