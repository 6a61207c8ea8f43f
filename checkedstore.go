package latchkey

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"
)

// storeTimeout bounds the writes that must not be given up because a browser went away.
const storeTimeout = 5 * time.Second

// errForeignRecord is the answer of a store that has mixed up its records, or was changed by hand.
var errForeignRecord = errors.New("the store returned a record of another session, app or user")

// A checkedStore is the store, believed only if it answers what it was asked. It also notices
// records that were sealed with a key that this node does not have.
type checkedStore struct {
	Store
	*reporter
	keys KeyRing
}

// Get returns errForeignRecord for a record of another session or app.
func (s *checkedStore) Get(ctx context.Context, id ID) (*Record, error) {
	rec, err := s.Store.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	if rec.ID != id || rec.App != s.app {
		return nil, s.foreign(ctx, id, rec)
	}
	s.checkKeys(ctx, rec)
	return rec, nil
}

// ByUser lists living sessions of a user. If some of the records are not theirs, it returns the
// others, and errForeignRecord. listed is how many records the store has returned.
func (s *checkedStore) ByUser(ctx context.Context, userID string, limit int) (theirs []*Record, listed int, err error) {
	list, err := s.Store.ByUser(ctx, s.app, userID, limit)
	for _, rec := range list {
		if rec.App != s.app || rec.User.ID != userID || rec.ended() {
			err = s.foreign(ctx, rec.ID, rec)
			continue
		}
		s.checkKeys(ctx, rec)
		theirs = append(theirs, rec)
	}
	return theirs, len(list), err
}

// checkQueued reports whether a record of the store's queue of revocations belongs there.
func (s *checkedStore) checkQueued(ctx context.Context, rec *Record) bool {
	if rec.App == s.app && rec.ended() {
		return true
	}
	s.foreign(ctx, rec.ID, rec)
	return false
}

// checkUser returns errForeignRecord for a record of another user than the one known from elsewhere.
// An empty id is not known.
func (s *checkedStore) checkUser(ctx context.Context, rec *Record, userID string) error {
	if userID == "" || rec.User.ID == "" || rec.User.ID == userID {
		return nil
	}
	return s.foreign(ctx, rec.ID, rec)
}

// foreign sets off the alarm, once a minute for a session.
func (s *checkedStore) foreign(ctx context.Context, asked ID, rec *Record) error {
	if s.once("foreign record " + asked.String()) {
		s.log.ErrorContext(ctx, "the store returned a record of another session, app or user: it is left as it is, and not believed",
			"app", s.app, "session", asked, "got", rec.ID, "of_app", rec.App)
	}
	return errForeignRecord
}

// checkKeys reports a record that was sealed with a key that this node does not have, once a minute.
// A node that shares its store with others but not its keys signs out every browser that comes from
// them. The ids of keys are in the clear in each sealed box.
func (s *checkedStore) checkKeys(ctx context.Context, rec *Record) {
	for _, box := range [][]byte{rec.RefreshToken, rec.Token} {
		if len(box) < sealOverhead || box[0] != sealVersion {
			continue
		}
		id := binary.BigEndian.Uint32(box[1:])
		if _, known := s.keys.find(id); known || !s.once("unknown key") {
			continue
		}
		s.emit(ctx, Event{Kind: EventUnknownKey, Session: rec.ID, UserID: rec.User.ID, Err: fmt.Errorf(
			"a node that shares the store has the key %08x, and this one does not: give all nodes the same keys", id)})
	}
}

// checkKeysOf is checkKeys for a record that another node has written. It may be of another app that
// shares the store, with keys of its own.
func (s *checkedStore) checkKeysOf(ctx context.Context, id ID) {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	if rec, err := s.Store.Get(ctx, id); err == nil && rec.App == s.app {
		s.checkKeys(ctx, rec)
	}
}
