package latchkey

import (
	"context"
	"errors"
	"time"
)

// A Store keeps the sessions. It has no clock and no usable secret. Several guards, in one process
// or many, may share one.
//
// A store keeps each record whole, including the fields that this program does not know: as a
// Record, or as AppendBinary writes it. Store will not grow: later additions will be optional
// interfaces, like Watcher and Sweeper.
//
// Neither side changes a record after the store has received or returned it. An error other than
// ErrNotFound and ErrConflict means that the store is unavailable: the guard answers 503 and
// changes nothing. A store on a network limits its own calls to a few seconds, because requests
// wait for them.
type Store interface {
	// Create adds a record. It fails with ErrConflict if the id exists.
	Create(ctx context.Context, rec *Record) error

	// Get returns the record, ended or not, or ErrNotFound.
	Get(ctx context.Context, id ID) (*Record, error)

	// Swap replaces the record of that id by next if the stored version is next.Version-1.
	// Otherwise it fails with ErrConflict, or ErrNotFound. Of concurrent Swaps from one version,
	// exactly one succeeds. An ended record stays ended: replacing it by a live one fails with
	// ErrConflict. If the stored LastSeenAt is later than that of next, it stays.
	Swap(ctx context.Context, next *Record) error

	// Touch moves LastSeenAt of at most 1000 records forward, never back, and leaves the version
	// alone. Ids of sessions that do not exist or have ended are ignored.
	Touch(ctx context.Context, seen []Seen) error

	// ByUser returns at most limit records of the user in the app that have not ended, newest
	// CreatedAt first.
	ByUser(ctx context.Context, app, userID string, limit int) ([]*Record, error)

	// Unrevoked returns at most limit ended records of the app with Unrevoked set, ordered by id,
	// starting with the first id greater than after.
	Unrevoked(ctx context.Context, app string, after ID, limit int) ([]*Record, error)
}

// Seen is the time of a session's last use.
type Seen struct {
	ID ID
	At time.Time
}

// A Watcher is a Store that reports every write, so that a Guard may cache records and serve from
// memory.
type Watcher interface {
	// Watch calls changed with the id of each record that was created or swapped, by this process
	// or another, until ctx is done or the stream breaks, and returns why. It calls beat at least
	// every 500 ms. beat(t) promises that changed has been called for every Create and Swap that
	// returned before t, on any node. t is read from this process's clock before the store is
	// polled. If the stream may have lost a write, Watch returns an error, and is called again. It
	// calls both functions from one goroutine at a time.
	Watch(ctx context.Context, changed func(ID), beat func(asOf time.Time)) error
}

// A Sweeper is a Store that does not expire records by itself. Sweep removes records whose Deadline
// has passed and that no longer need a revocation, and returns how many.
type Sweeper interface {
	Sweep(ctx context.Context, now time.Time) (removed int, err error)
}

// The errors of a Store that are not failures.
var (
	ErrNotFound = errors.New("latchkey: no such session")
	ErrConflict = errors.New("latchkey: the session was changed by another")
)
