package latchkey

import (
	"context"
	"errors"
	"time"
)

// A Store keeps the sessions. It has no clock and no usable secret. Several guards, in one process or
// many, may share one.
//
// A record is kept whole, with the fields that this program does not know: as the Record that it is,
// or as AppendBinary writes it. Store does not grow: what a guard will ask of stores later is an
// optional interface, as Watcher and Sweeper are.
//
// Records given to a store and returned by one are not changed afterwards, by either side. An error
// other than the two below means that the store cannot say: the guard answers 503 and changes
// nothing. A store that is asked over a network bounds its calls by itself, to a few seconds: a
// request waits for it.
type Store interface {
	// Create adds a record. It fails with ErrConflict if the id exists.
	Create(ctx context.Context, rec *Record) error

	// Get returns the record, ended or not, or ErrNotFound.
	Get(ctx context.Context, id ID) (*Record, error)

	// Swap puts next in place of the record of that id if the stored version is next.Version-1.
	// Otherwise it fails with ErrConflict, or ErrNotFound. Of many Swaps from one version exactly one
	// succeeds. An ended record stays ended: a living one in its place is refused with ErrConflict.
	// A stored LastSeenAt that is later than that of next stays.
	Swap(ctx context.Context, next *Record) error

	// Touch moves LastSeenAt of each record, at most 1000, forward, never back, and leaves the version
	// alone. Ids that are not there, or ended, are ignored.
	Touch(ctx context.Context, seen []Seen) error

	// ByUser returns at most limit records of the user in the app that have not ended, the newest
	// CreatedAt first.
	ByUser(ctx context.Context, app, userID string, limit int) ([]*Record, error)

	// Unrevoked returns at most limit ended records of the app with Unrevoked set, in the order of
	// their ids, from the first after the one given.
	Unrevoked(ctx context.Context, app string, after ID, limit int) ([]*Record, error)
}

// Seen says when a session was last used.
type Seen struct {
	ID ID
	At time.Time
}

// A Watcher is a Store that reports every write, so that a Guard may keep records in memory and serve
// from there.
type Watcher interface {
	// Watch calls changed with the id of each record that was created or swapped, by this process or
	// another, until ctx is done or the stream breaks, and returns why. It calls beat at least every
	// 500 ms. beat(t) promises that changed has been called for every Create and Swap that returned
	// before t, on any node. t is read from this process's clock before the store is asked. A stream
	// that may have lost something is given up: Watch returns an error, and is called again. It calls
	// both functions from one goroutine at a time.
	Watch(ctx context.Context, changed func(ID), beat func(asOf time.Time)) error
}

// A Sweeper is a Store that must be asked to forget. Sweep removes records whose Deadline has passed
// and that need no revocation any more, and returns how many.
type Sweeper interface {
	Sweep(ctx context.Context, now time.Time) (removed int, err error)
}

// The two answers of a Store that are not failures.
var (
	ErrNotFound = errors.New("latchkey: no such session")
	ErrConflict = errors.New("latchkey: the session was changed by another")
)
