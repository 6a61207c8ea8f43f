package latchkey

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/latchkey-dev/latchkey/internal/endsfile"
	"github.com/latchkey-dev/latchkey/internal/fresh"
	"github.com/latchkey-dev/latchkey/internal/sharded"
)

// maxAttempts bounds how often a change is tried again because others changed the session.
const maxAttempts = 10

// errContention means that others changed the session between all attempts to change it.
var errContention = errors.New("the session changes too fast")

// A ledger is what the store says about the sessions of one app, corrected by what this node knows:
// an end counts even if the store has lost it or could not store it. The ledger has the only handle
// on the store. Reads never write: an end that the store has lost becomes pending, and the
// background work (Start) stores it again.
type ledger struct {
	*reporter
	*known
	store     checkedStore
	cache     *fresh.Cache[ID, cachedRecord] // nil: the store reports no changes
	shrinker  shrinker
	notBefore notBefore
	revoke    func(ctx context.Context, refreshTokenID string) error // at the provider

	idle, sessionCap time.Duration // as in Config

	// The background work.
	work         chan struct{} // signals something to store or to revoke
	foreignWrite chan ID       // a session that another node has written
	own          ownWrites
	recheckDue   atomic.Bool // the store was unavailable, and may have lost something
	queueAfter   ID          // where revokeQueue continues
	stop         context.CancelFunc
	running      sync.WaitGroup
	release      sync.Once
}

// known is what this node knows about sessions besides what the store says. A ledger that replaces
// another shares it (Config.Replaces).
type known struct {
	// lastSeen is when each session was last used, in nanoseconds since 1970: a time.Time takes
	// three times as much. So a request writes nothing to the store.
	lastSeen sharded.Map[ID, int64]
	// tombstones are the ended sessions that this node has written or read within one session cap.
	// If the store loses its newest writes, in a failover for example, that must not bring an ended
	// session back (rule 5).
	tombstones sharded.Map[ID, *Record]

	pending     pendingEnds
	unconfirmed unconfirmed

	ledgers atomic.Int32   // how many share it
	file    *endsfile.File // what outlives the last of them
}

// ledgerConfig is what a ledger takes from Config.
type ledgerConfig struct {
	store            Store
	keys             KeyRing
	cacheSize        int // negative: no cache
	idle, sessionCap time.Duration
	revoke           func(ctx context.Context, refreshTokenID string) error
}

// newLedger returns a ledger whose background work is not running yet.
func newLedger(c ledgerConfig, r *reporter, k *known) *ledger {
	l := &ledger{
		reporter: r, known: k, shrinker: shrinker{app: r.app},
		store:  checkedStore{Store: c.store, reporter: r, keys: c.keys, records: newRecordMAC(c.keys, r.app)},
		revoke: c.revoke, idle: c.idle, sessionCap: c.sessionCap,
		work: make(chan struct{}, 1), foreignWrite: make(chan ID, 1),
	}
	l.notBefore.init(r.app)
	if _, can := c.store.(Watcher); can && c.cacheSize >= 0 {
		l.cache = fresh.NewCache[ID, cachedRecord](c.cacheSize)
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
		// after the session: what ends all meanwhile counts
		if err := l.notBefore.refresh(ctx, l.cache.Fresh(), l.stored); err != nil {
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
	tombstone, known := l.tombstones.Get(id)
	if !known || err == nil && l.hasEnd(rec, tombstone) {
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
	if found := l.cache.Get(id); found != nil {
		return &found.Record, found, l.store.checkUser(ctx, &found.Record, userID)
	}
	t := l.cache.Ticket(id)
	rec, err := l.Get(ctx, id, userID)
	if err == nil {
		l.remember(t, rec)
	}
	return rec, nil, err
}

// remember caches what was read with the ticket. It does not keep ended sessions: they are rare,
// and only a read of the store may say that a session is over. Nor does it keep those that this
// program must not serve: a cached record has no unknown fields.
func (l *ledger) remember(t fresh.Ticket, rec *Record) {
	if !rec.ended() && servable(rec, "") == nil {
		l.cache.Put(t, rec.ID, func(c *cachedRecord) { c.Record = *rec; l.shrinker.shrink(&c.Record) })
	}
}

// recentFor is the maximum age of the last heartbeat at which GetRecent trusts the cache.
const recentFor = 600 * time.Millisecond

// GetRecent is Get, from memory if that is as recent as recentFor. Requests come one by one, and
// may be served longer (fresh.For); a caller that asks for the sessions of all open streams should
// not add to the time that it takes.
func (l *ledger) GetRecent(ctx context.Context, id ID) (*Record, error) {
	if !l.cache.FreshWithin(recentFor) {
		return l.Get(ctx, id, "")
	}
	rec, _, err := l.GetCached(ctx, id, "")
	return rec, err
}

// Create is Store.Create. It invalidates the cache even on errors, because a write that failed may
// have taken effect.
func (l *ledger) Create(ctx context.Context, rec *Record) error {
	l.own.add(&rec.ID)
	defer l.cache.Changed(rec.ID)
	return l.store.Create(ctx, rec)
}

// Swap is Store.Swap; see Create.
func (l *ledger) Swap(ctx context.Context, next *Record) error {
	l.own.add(&next.ID)
	defer l.cache.Changed(next.ID)
	return l.store.Swap(ctx, next)
}

// Over notes that the session of a record has ended. A read that began before the end must not put
// it back into memory.
func (l *ledger) Over(rec *Record) {
	l.cache.Changed(rec.ID)
	l.tombstones.Set(rec.ID, rec)
}

// lost records that the store has lost an end that this node knows. The background work stores it
// again.
func (l *ledger) lost(ctx context.Context, tombstone *Record) {
	if l.pending.unstored(tombstone.ID) != nil {
		return
	}
	if !l.pending.addUnstored(tombstone) {
		l.log.WarnContext(ctx, "cannot restore tombstone: too many ends are pending", "app", l.app, "session", tombstone.ID)
		return
	}
	l.notify()
}

// Touch records a session's use. The background work stores it.
func (l *ledger) Touch(id ID, at time.Time) { l.lastSeen.Set(id, at.UnixNano()) }

// LastUse returns when a session was last used, as far as this node and the record know.
func (l *ledger) LastUse(rec *Record) time.Time {
	if ns, known := l.lastSeen.Get(rec.ID); known {
		if at := time.Unix(0, ns); at.After(rec.LastSeenAt) {
			return at
		}
	}
	return rec.LastSeenAt
}

// EndReason returns why the session of a record has ended, or "" if it has not.
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

// retryLater logs work that failed and will be tried again. What a closing guard breaks off is left
// to the next one, and is no failure.
func (l *ledger) retryLater(ctx context.Context, what string, args ...any) {
	if ctx.Err() != context.Canceled {
		l.log.WarnContext(ctx, what, append([]any{"app", l.app}, args...)...)
	}
}

// notify wakes the background work: there is something to store or to revoke.
func (l *ledger) notify() {
	select {
	case l.work <- struct{}{}:
	default: // it is awake already
	}
}

// ownWrites are the sessions that this node wrote last: a change of one of these is no news.
type ownWrites [256]atomic.Pointer[ID] // by the first byte of the id

func (o *ownWrites) add(id *ID) { o[id[0]].Store(id) }

func (o *ownWrites) wrote(id ID) bool {
	last := o[id[0]].Load()
	return last != nil && *last == id
}
