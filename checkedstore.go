package latchkey

import (
	"context"
	"errors"
)

// errForeignRecord is what a store answers with that has mixed up its records, or was changed by hand.
var errForeignRecord = errors.New("the store returned a record of another session, app or user")

// checkedStore is the store, believed only where it answers what it was asked.
type checkedStore struct {
	Store
	guard *Guard
}

// Get returns errForeignRecord for a record of another session or app.
func (s *checkedStore) Get(ctx context.Context, id ID) (*Record, error) {
	rec, err := s.Store.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	if rec.ID != id || rec.App != s.guard.app {
		return nil, s.guard.foreign(ctx, id, rec)
	}
	s.guard.checkKeys(ctx, rec)
	return rec, nil
}

// revocable tells whether a record of the store's queue of revocations belongs there.
func (g *Guard) revocable(ctx context.Context, rec *Record) bool {
	if rec.App == g.app && rec.ended() {
		return true
	}
	g.foreign(ctx, rec.ID, rec)
	return false
}

// byUser lists sessions of a user. Where some of the records are not theirs, it returns the others, and errForeignRecord.
// The store has returned so many records.
func (g *Guard) byUser(ctx context.Context, userID string, limit int) (theirs []*Record, listed int, err error) {
	list, err := g.store.ByUser(ctx, g.app, userID, limit)
	for _, rec := range list {
		if rec.App != g.app || rec.User.ID != userID || rec.ended() {
			err = g.foreign(ctx, rec.ID, rec)
			continue
		}
		g.checkKeys(ctx, rec)
		theirs = append(theirs, rec)
	}
	return theirs, len(list), err
}

// ofUser returns errForeignRecord for a record of another user than the one known from elsewhere. An empty id is not known.
func (g *Guard) ofUser(ctx context.Context, rec *Record, userID string) error {
	if userID == "" || rec.User.ID == "" || rec.User.ID == userID {
		return nil
	}
	return g.foreign(ctx, rec.ID, rec)
}

// foreign sets off the alarm, once a minute for a session.
func (g *Guard) foreign(ctx context.Context, asked ID, rec *Record) error {
	if g.alarms.first("foreign record "+asked.String(), g.now()) {
		g.log.ErrorContext(ctx, "the store returned a record of another session, app or user: it is left as it is, and not believed",
			"app", g.app, "session", asked, "got", rec.ID, "of_app", rec.App)
	}
	return errForeignRecord
}
