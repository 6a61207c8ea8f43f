package latchkey

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"
)

// An end that is neither stored nor kept for the next process is an error in the log, with its
// session and user.
func TestPendingEnds_full(t *testing.T) {
	end := func() *Record {
		return (&Record{ID: newID(), App: "store", User: User{ID: "ada"}, RefreshTokenID: "one", Deadline: epoch}).tombstone(epoch, EndLogout)
	}
	var log bytes.Buffer
	l := &ledger{
		reporter: &reporter{app: "store", log: slog.New(slog.NewTextHandler(&log, nil)), now: time.Now},
		known:    &known{}, work: make(chan struct{}, 1),
	}
	list := &l.pending
	for range maxSparePending {
		if !list.addAbandoned(end()) {
			t.Fatal("refused too early")
		}
	}
	l.EndAbandoned(context.Background(), end())
	if !strings.Contains(log.String(), "refresh_token=one") {
		t.Errorf("the log has %s", &log)
	}
	if list.addUnrevoked(end()); len(list.byID) != maxSparePending {
		t.Error("an end that the store has takes room")
	}
	for range maxPending - maxSparePending {
		if !list.addUnstored(end()) {
			t.Fatal("refused too early")
		}
	}
	log.Reset()
	lost := newEnding(end(), Device{})
	l.tombstones.Set(lost.tombstone.ID, lost.tombstone)
	l.endPending(context.Background(), lost)
	if !strings.Contains(log.String(), "level=ERROR") || !strings.Contains(log.String(), lost.tombstone.ID.String()) {
		t.Errorf("the log has %s", &log)
	}
}

// Work that goes on with a copy of an end does not undo what another has learned of it meanwhile.
func TestPendingEnds_lostWhileItsTokenIsRevoked(t *testing.T) {
	tombstone := (&Record{ID: newID(), RefreshTokenID: "one", Deadline: epoch}).tombstone(epoch, EndLogout)
	var list pendingEnds
	list.addUnrevoked(tombstone)
	list.addUnstored(tombstone) // the store has lost it
	list.setTokenRevoked(tombstone.ID, "one")
	revoked := *tombstone
	revoked.Unrevoked = false
	list.setRevoked(&revoked)
	if list.removeDone(tombstone.ID) || list.unstored(tombstone.ID) != &revoked {
		t.Error("the end is not stored again")
	}
	list.setStored(&revoked)
	if !list.removeDone(tombstone.ID) || list.has(tombstone.ID) {
		t.Error("the end stays on the list")
	}
}
