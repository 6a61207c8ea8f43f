package latchkey

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"
)

// A ledger is what the store says about the sessions of one app, corrected by what this node knows:
// an end counts though the store has lost it, or could not take it. It has the one handle on the
// store. Reads write nothing: an end that the store has lost becomes pending, and the background
// work (Run) stores it again.
type ledger struct {
	*reporter
	*known
	store     checkedStore
	cache     *cache // nil: the store reports no changes
	notBefore notBefore
	revoke    func(ctx context.Context, refreshTokenID string) error // at the provider

	idle, sessionCap, absolute time.Duration // as in Config

	// The background work.
	work         chan struct{} // something is to be stored or revoked
	foreignWrite chan ID       // a session that another node has written
	own          ownWrites
	recheckDue   atomic.Bool // the store was away, and may have lost something
	queueAfter   ID          // where revokeQueue goes on
	stop         context.CancelFunc
	running      sync.WaitGroup
	release      sync.Once
}

// known is what this node knows about sessions beside what the store says. A ledger that takes the
// place of another shares it (Config.Replaces).
type known struct {
	lastSeen    lastSeen
	tombstones  tombstones
	pending     pendingEnds
	unconfirmed unconfirmed

	ledgers atomic.Int32 // that share it
	file    endsFile     // what outlives the last of them
}

// newKnown returns what an earlier process has left in the file.
func newKnown(app, file string) (*known, error) {
	k := &known{file: endsFile{path: file}}
	k.pending.turn = make(chan struct{}, 1)
	ends, err := k.file.read(app)
	if err != nil {
		return nil, err
	}
	for _, e := range ends {
		k.tombstones.add(e.tombstone)
		k.pending.addSaved(e)
	}
	_, k.file.saved = k.pending.all()
	return k, nil
}

// newLedger returns a ledger whose background work is not running yet.
func newLedger(c *Config, r *reporter, k *known, revoke func(context.Context, string) error) *ledger {
	l := &ledger{
		reporter: r, known: k, revoke: revoke, store: checkedStore{Store: c.Store, reporter: r, keys: c.Keys},
		idle: c.IdleTimeout, sessionCap: c.SessionCap, absolute: c.AbsoluteTimeout,
		work: make(chan struct{}, 1), foreignWrite: make(chan ID, 1),
	}
	l.notBefore.init(c.App)
	if _, can := c.Store.(Watcher); can && c.CacheSize >= 0 {
		l.cache = newCache(c.App, c.CacheSize)
	}
	return l
}

// Get returns the record of a session, or ErrNotFound. An empty user id is not known; else a record
// of another user is an error.
func (l *ledger) Get(ctx context.Context, id ID, userID string) (*Record, error) {
	rec, err := l.stored(ctx, id)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return nil, err
	}
	if rec == nil || !rec.ended() {
		if err := l.refreshNotBefore(ctx); err != nil { // after the session: what ends all meanwhile counts
			return nil, err
		}
	}
	if err == nil {
		err = l.store.checkUser(ctx, rec, userID)
	}
	if err != nil {
		return nil, err
	}
	return rec, nil
}

// stored returns what the store says, unless this node knows that the session has ended.
func (l *ledger) stored(ctx context.Context, id ID) (*Record, error) {
	rec, err := l.store.Get(ctx, id)
	tombstone := l.tombstones.of(id)
	if tombstone == nil || err == nil && rec.ended() {
		return rec, err
	}
	if errors.Is(err, ErrNotFound) || err == nil && l.store.checkUser(ctx, rec, tombstone.User.ID) == nil {
		l.lost(ctx, tombstone)
	}
	return tombstone, nil
}

// GetCached is Get for a record to serve from, and no more. If it comes from memory, so does the
// second result.
func (l *ledger) GetCached(ctx context.Context, id ID, userID string) (*Record, *cachedRecord, error) {
	if found := l.cache.get(id); found != nil {
		return found.Record, found, l.store.checkUser(ctx, found.Record, userID)
	}
	t := l.cache.ticket(id)
	rec, err := l.Get(ctx, id, userID)
	if err == nil {
		l.cache.put(t, rec)
	}
	return rec, nil, err
}

// recentFor is the maximum age of the last heartbeat at which GetRecent trusts the cache.
const recentFor = 600 * time.Millisecond

// GetRecent is Get, from memory if that is as recent as recentFor. Requests come one by one, and may
// be served longer (freshFor); a caller that asks for the sessions of all open streams should not
// add to the time that it takes.
func (l *ledger) GetRecent(ctx context.Context, id ID) (*Record, error) {
	if !l.cache.freshWithin(recentFor) {
		return l.Get(ctx, id, "")
	}
	rec, _, err := l.GetCached(ctx, id, "")
	return rec, err
}

// Create and Swap write to the store. The cache knows it before they return: a write that failed may
// have taken effect.
func (l *ledger) Create(ctx context.Context, rec *Record) error {
	l.own.add(&rec.ID)
	defer l.cache.changed(rec.ID)
	return l.store.Create(ctx, rec)
}

// Swap is Store.Swap; see Create.
func (l *ledger) Swap(ctx context.Context, next *Record) error {
	l.own.add(&next.ID)
	defer l.cache.changed(next.ID)
	return l.store.Swap(ctx, next)
}

// Over notes that the session of a record has ended. A read that began before the end must not put
// it back into memory.
func (l *ledger) Over(rec *Record) {
	l.cache.changed(rec.ID)
	l.tombstones.add(rec)
}

// EndReason says why the session of a record is over, or "" if it goes on.
func (l *ledger) EndReason(rec *Record) EndReason {
	now := l.now()
	switch {
	case rec.ended():
		return rec.EndReason
	case l.notBefore.reason(rec.CreatedAt) != "":
		return l.notBefore.reason(rec.CreatedAt)
	case !now.Before(rec.Deadline):
		return EndAbsoluteTimeout
	case !now.Before(rec.RefreshExpiresAt):
		return EndRefreshExpired
	}
	return ""
}
