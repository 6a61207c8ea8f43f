package latchkey

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/latchkey-dev/latchkey/internal/cookie"
	"github.com/latchkey-dev/latchkey/internal/packed"
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

// storeTimeout limits writes that must go on even if the browser disconnects.
const storeTimeout = 5 * time.Second

var errForeignRecord = fmt.Errorf("%w: it is of another session, app or user", errNotBelieved)

// A checkedStore is the store, trusted only if it returns what was asked for, in records that this
// app has written. It also detects records that were sealed with a key that this node does not
// have.
type checkedStore struct {
	Store
	*reporter
	keys    KeyRing
	records *recordMAC
}

// Create adds the record with a MAC.
func (s *checkedStore) Create(ctx context.Context, rec *Record) error {
	return s.Store.Create(ctx, s.records.sign(rec))
}

// Swap replaces the record by one with a MAC.
func (s *checkedStore) Swap(ctx context.Context, next *Record) error {
	return s.Store.Swap(ctx, s.records.sign(next))
}

// Get returns errNotBelieved for a record of another session or app, and for one with a wrong MAC.
func (s *checkedStore) Get(ctx context.Context, id ID) (*Record, error) {
	rec, err := s.Store.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	if err := s.check(rec, rec.ID == id); err != nil {
		return nil, s.distrust(ctx, id, rec, err)
	}
	s.checkKeys(ctx, rec)
	return rec, nil
}

// ByUser lists living sessions of a user. If some of the records are not theirs, it returns the
// others, and errNotBelieved. listed is how many records the store has returned.
func (s *checkedStore) ByUser(ctx context.Context, userID string, limit int) (theirs []*Record, listed int, err error) {
	list, err := s.Store.ByUser(ctx, s.app, userID, limit)
	for _, rec := range list {
		if wrong := s.check(rec, rec.User.ID == userID && !rec.ended()); wrong != nil {
			err = s.distrust(ctx, rec.ID, rec, wrong)
			continue
		}
		s.checkKeys(ctx, rec)
		theirs = append(theirs, rec)
	}
	return theirs, len(list), err
}

// checkQueued reports whether a record of the store's queue of revocations belongs there.
func (s *checkedStore) checkQueued(ctx context.Context, rec *Record) bool {
	if err := s.check(rec, rec.ended()); err != nil {
		s.distrust(ctx, rec.ID, rec, err)
		return false
	}
	return true
}

// check returns errForeignRecord unless the record is of this app and what was asked for, and else
// what its MAC says.
func (s *checkedStore) check(rec *Record, isAsked bool) error {
	if rec.App != s.app || !isAsked {
		return errForeignRecord
	}
	return s.records.check(rec)
}

// checkUser returns errForeignRecord for a record of another user than the one known from
// elsewhere. An empty id is not known.
func (s *checkedStore) checkUser(ctx context.Context, rec *Record, userID string) error {
	if userID == "" || rec.User.ID == "" || rec.User.ID == userID {
		return nil
	}
	return s.distrust(ctx, rec.ID, rec, errForeignRecord)
}

// distrust logs an error, once a minute for a session, and returns err.
func (s *checkedStore) distrust(ctx context.Context, asked ID, rec *Record, err error) error {
	switch {
	case err == errUnknownMACKey:
		s.checkKeys(ctx, rec)
	case !s.once("record not believed " + asked.String()):
	case err == errForgedRecord, err == errNoMAC:
		s.log.ErrorContext(ctx, "the MAC of a record in the store is wrong or missing: it is left as it is, and not believed", "app", s.app, "session", asked)
	default:
		s.log.ErrorContext(ctx, "the store returned a record of another session, app or user: it is left as it is, and not believed",
			"app", s.app, "session", asked, "got", rec.ID, "of_app", rec.App)
	}
	return err
}

// errNewerField keeps a session from being served by a program that does not know a field that it
// must know. The session goes on elsewhere, so the response is 503; it can be ended here, though.
var errNewerField = errors.New("a newer program gave the session a field without which it must not be served: upgrade this program")

// servable returns errNewerField for a living session with such a field in its record, which may be
// nil, or in its refresh cookie.
func servable(rec *Record, cookie packed.Unknown) error {
	switch {
	case rec != nil && rec.ended():
	case rec != nil && rec.extras().unknown.Critical() != 0, cookie.Critical() != 0:
		return errNewerField
	}
	return nil
}

// checkKeys reports a record that was made with a key that this node does not have, once a minute.
// A node that shares its store with others but not its keys signs out every browser that comes from
// them. The ids of keys are in the clear in each MAC and each sealed box.
func (s *checkedStore) checkKeys(ctx context.Context, rec *Record) {
	var ids []uint32
	if id, ok := recordMACKey(rec.extras().mac); ok {
		ids = append(ids, id)
	}
	for _, box := range [][]byte{rec.RefreshToken, rec.Token} {
		if id, ok := cookie.SealedWith(box); ok {
			ids = append(ids, id)
		}
	}
	for _, id := range ids {
		if _, known := s.keys.find(id); known || !s.once("unknown key") {
			continue
		}
		s.emit(ctx, Event{Kind: EventUnknownKey, Session: rec.ID, UserID: rec.User.ID, Err: fmt.Errorf(
			"a node that shares the store has the key %08x, and this one does not: give all nodes the same keys", id)})
	}
}

// checkKeysOf is checkKeys for a record that another node has written. It may be of another app
// that shares the store, with keys of its own.
func (s *checkedStore) checkKeysOf(ctx context.Context, id ID) {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	if rec, err := s.Store.Get(ctx, id); err == nil && rec.App == s.app {
		s.checkKeys(ctx, rec)
	}
}
