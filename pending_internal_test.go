package latchkey

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"
)

// An end that nothing keeps any more is told of: the list itself says so, and the operator is told whose it is.
func TestFullListOfEnds(t *testing.T) {
	end := func() *Record {
		return (&Record{ID: newID(), App: "store", User: User{ID: "ada"}, RefreshTokenID: "one", Deadline: epoch}).tombstone(epoch, EndLogout)
	}
	var log bytes.Buffer
	g := &Guard{app: "store", log: slog.New(slog.NewTextHandler(&log, nil)), now: time.Now, memory: &memory{}, kick: make(chan struct{}, 1)}
	list := &g.ends.owed
	for range maxSpareOwed {
		if !list.addUnseen(end()) {
			t.Fatal("refused too early")
		}
	}
	g.owe(context.Background(), end())
	if !strings.Contains(log.String(), "refresh_token=one") {
		t.Errorf("the log has %s", &log)
	}
	if !list.add(end(), true) || len(list.ends) != maxSpareOwed {
		t.Error("an end that the store has takes room")
	}
	for range maxOwed - maxSpareOwed {
		if !list.add(end(), false) {
			t.Fatal("refused too early")
		}
	}
	log.Reset()
	lost := newEnding(end(), Device{})
	g.ended(context.Background(), lost, false)
	if !strings.Contains(log.String(), "level=ERROR") || !strings.Contains(log.String(), lost.tombstone.ID.String()) {
		t.Errorf("the log has %s", &log)
	}
	if g.ends.of(lost.tombstone.ID) == nil {
		t.Error("this node serves the session")
	}
}
