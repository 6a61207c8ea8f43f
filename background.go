package latchkey

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/latchkey-dev/latchkey/internal/endsfile"
)

const (
	sweepEvery = time.Hour

	// retryFirst and retryMost bound the pauses between attempts to store and to revoke.
	retryFirst = time.Second
	retryMost  = time.Minute

	// keyCheckAfter is how long after another node has written a record that record is read, for
	// the key that sealed it. One of those that were written meanwhile stands for all.
	keyCheckAfter = 700 * time.Millisecond
)

// Start starts the background work: it stores last uses and pending ends, revokes refresh tokens,
// sweeps the store, and listens to its changes.
func (l *ledger) Start() {
	ctx, stop := context.WithCancel(context.Background())
	l.stop = stop
	l.ledgers.Add(1)
	l.running.Go(func() { l.run(ctx) })
	if watcher, can := l.store.Store.(Watcher); can && l.cache != nil {
		l.running.Go(func() { l.watch(ctx, watcher) })
	}
}

func (l *ledger) run(ctx context.Context) {
	flush := time.NewTicker(max(l.idle/10, time.Millisecond))
	defer flush.Stop()
	sweep := time.NewTicker(sweepEvery)
	defer sweep.Stop()
	// begins at once, with what an earlier process left
	ends := &endsWork{ledger: l, retry: time.NewTimer(0), save: idleTimer(), pause: retryFirst}
	defer ends.retry.Stop()
	defer ends.save.Stop()
	keyCheck := idleTimer()
	defer keyCheck.Stop()
	var written *ID // by another node
	for {
		select {
		case <-ctx.Done():
			return
		case <-flush.C:
			if err := l.contain(ctx, "last uses", func() error { return l.flushLastSeen(ctx) }); err != nil {
				l.retryLater(ctx, "cannot store last uses", "error", err)
			}
			l.forgetTombstones()
		case <-sweep.C:
			l.contain(ctx, "sweep", func() error { l.sweep(ctx); return nil })
			ends.catchUp(ctx) // with what a crashed node left undone
		case id := <-l.foreignWrite:
			if written == nil {
				keyCheck.Reset(keyCheckAfter)
			}
			written = &id
		case <-keyCheck.C:
			l.contain(ctx, "key check", func() error { l.store.checkKeysOf(ctx, *written); return nil })
			written = nil
		case <-l.work:
			ends.goOn(ctx)
		case <-ends.retry.C:
			ends.catchUp(ctx)
		case <-ends.save.C:
			l.saveEnds(ctx)
		}
	}
}

func idleTimer() *time.Timer {
	t := time.NewTimer(0)
	t.Stop()
	return t
}

// endsWork is what is left to store and to revoke.
type endsWork struct {
	ledger *ledger
	retry  *time.Timer
	save   *time.Timer
	pause  time.Duration // before the next retry
	away   bool          // the provider was unavailable the last time
}

// goOn does what is new. While the provider is unavailable, that is left to retry; otherwise each
// logout would retry all revocations that are left.
func (w *endsWork) goOn(ctx context.Context) {
	if !w.away {
		w.catchUp(ctx)
		return
	}
	w.ledger.contain(ctx, "ends", func() error { w.ledger.storeEnds(ctx); return nil })
	w.saveSoon()
}

// catchUp does what is left, or starts the timer to retry.
func (w *endsWork) catchUp(ctx context.Context) {
	l, done := w.ledger, false
	l.contain(ctx, "ends", func() error {
		stored, r := l.storeEnds(ctx), &revocations{send: l.revoke}
		revoked := l.revokePending(ctx, r)
		done = l.revokeQueue(ctx, r) && stored && revoked
		w.away = !done && r.givenUp()
		return nil
	})
	if !done {
		w.retry.Reset(w.pause)
		w.pause = min(2*w.pause, retryMost)
		w.saveSoon()
		return
	}
	w.pause = retryFirst
	w.retry.Stop()
	if err := l.saveFile(); err != nil {
		l.log.ErrorContext(ctx, "cannot remove stored ends from the ends file", "app", l.app, "error", err)
	}
}

// saveSoon starts the timer if the ends file is not up to date.
func (w *endsWork) saveSoon() {
	if w.ledger.file.Behind(w.ledger.pending.size()) {
		w.save.Reset(endsfile.SaveEvery)
	}
}

// storeEnds brings the store and the ends file up to date with the ends that this node knows. It
// returns false if it must be tried again.
func (l *ledger) storeEnds(ctx context.Context) bool {
	if l.recheckDue.Swap(false) && !l.Recheck(ctx) {
		l.recheckDue.Store(true)
	}
	l.saveEnds(ctx)
	confirmed, stored := l.confirmAll(ctx), l.storePending(ctx)
	return confirmed && stored && !l.recheckDue.Load()
}

func (l *ledger) sweep(ctx context.Context) {
	sweeper, can := l.store.Store.(Sweeper)
	if !can {
		return
	}
	removed, err := sweeper.Sweep(ctx, l.now())
	if err != nil {
		l.retryLater(ctx, "cannot sweep the store", "error", err)
		return
	}
	l.log.InfoContext(ctx, "store swept", "app", l.app, "removed", removed)
}

// touchBatch limits the sessions in one call of Store.Touch, so that no call takes long however
// many sessions are in use.
const touchBatch = 1000

// flushLastSeen stores when sessions were last used. What cannot be stored is kept for the next
// time.
func (l *ledger) flushLastSeen(ctx context.Context) error {
	var all []Seen
	l.lastSeen.All(func(id ID, at int64) { all = append(all, Seen{id, time.Unix(0, at)}) })
	for batch := range slices.Chunk(all, touchBatch) {
		if err := l.store.Touch(ctx, batch); err != nil {
			return err
		}
		for _, seen := range batch {
			// unless it was used again
			l.lastSeen.DeleteIf(seen.ID, func(at int64) bool { return at == seen.At.UnixNano() })
		}
	}
	return nil
}

// forgetTombstones drops those from more than a session cap ago, for every session id that was
// alive then has expired. It keeps those that the store may not have.
func (l *ledger) forgetTombstones() {
	before := l.now().Add(-l.sessionCap)
	l.tombstones.DeleteFunc(func(id ID, tombstone *Record) bool {
		return tombstone.EndedAt.Before(before) && !l.pending.has(id)
	})
}

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
