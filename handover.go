package latchkey

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/latchkey-dev/latchkey/internal/endsfile"
)

// newKnown returns what an earlier process has left in the ends file.
func newKnown(app, path string) (*known, error) {
	k := &known{}
	k.pending.turn = make(chan struct{}, 1)
	var tombstones []*Record
	file, ends, err := endsfile.Open(path, app, func(b []byte) error {
		rec := &Record{}
		if err := rec.UnmarshalBinary(b); err != nil {
			return err
		}
		if !rec.ended() || rec.App != app {
			return errors.New("damaged: a record in it is not the end of a session of this app")
		}
		tombstones = append(tombstones, rec)
		return nil
	})
	if err != nil {
		return nil, err
	}
	for i, e := range ends {
		k.tombstones.Set(tombstones[i].ID, tombstones[i])
		k.pending.addSaved(pendingEnd{tombstone: tombstones[i], tokens: e.Revoke})
	}
	k.file = file
	return k, nil
}

// saveFile brings the ends file up to date with the pending ends.
func (k *known) saveFile() error {
	if !k.file.Behind(k.pending.size()) {
		return nil
	}
	pending, version := k.pending.all()
	ends := make([]endsfile.End, 0, len(pending))
	for _, e := range pending {
		tombstone, err := e.tombstone.MarshalBinary()
		if err != nil {
			return err
		}
		ends = append(ends, endsfile.End{Tombstone: tombstone, Revoke: e.tokens})
	}
	return k.file.Save(ends, version)
}

// saveEnds keeps the ends file up to date, so that a crash forgets little.
func (l *ledger) saveEnds(ctx context.Context) {
	if !l.file.Due(l.now()) {
		return
	}
	if err := l.saveFile(); err != nil {
		l.log.ErrorContext(ctx, "cannot write the ends file", "app", l.app, "error", err)
	}
}

// closeTime bounds how long Close waits for a store and a provider that do not answer.
const closeTime = 5 * time.Second

// Flush stores what is not stored yet, and revokes what is not revoked.
func (l *ledger) Flush(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, closeTime)
	defer cancel()
	l.confirmAll(ctx)
	l.storePending(ctx)
	l.revokePending(ctx, &revocations{send: l.revoke})
	return l.flushLastSeen(ctx)
}

// Leave hands the pending ends to the next process. The error of the last ledger says what is lost.
func (l *ledger) Leave(ctx context.Context) error {
	last := false
	l.release.Do(func() { last = l.ledgers.Add(-1) == 0 })
	if err := l.saveFile(); err != nil {
		return fmt.Errorf("cannot write the ends file, and the sessions may come back: %w", err)
	}
	if !last {
		return nil
	}
	unstored := 0
	pending, _ := l.pending.all()
	for _, e := range pending {
		if !e.stored {
			unstored++
		}
	}
	switch {
	case l.file.Path() == "" && unstored > 0:
		return fmt.Errorf("the ends of %d sessions are not stored, and these sessions may come back: set Config.EndsFile to keep such ends for the next start", unstored)
	case l.file.Path() != "" && len(pending) > 0:
		l.log.WarnContext(ctx, "ends of sessions are left to the next start", "app", l.app, "ends", len(pending), "file", l.file.Path())
	}
	return nil
}
