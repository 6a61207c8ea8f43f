package pgstore

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/internal/crash"
	"github.com/latchkey-dev/latchkey/internal/postgres"
)

const (
	// tellAgain is how long the teller waits before it retries a failed notification, or repeats
	// one about a doubtful write.
	tellAgain = 500 * time.Millisecond

	// doubtFor is how long after its response was lost a write may still take effect: the server
	// gives up on its statement after postgres.Limit, and the rest is for the network.
	doubtFor = 10 * time.Second
)

var errUntold = errors.New("no answer in time")

// A teller notifies all watchers of writes. NOTIFY serializes commits, so the writes do without:
// after they have been committed, one goroutine announces all of them together.
type teller struct {
	pool *pgxpool.Pool // of one connection

	mu      sync.Mutex
	owed    map[latchkey.ID]struct{}  // to be announced
	waiting []chan<- error            // for the pending ones
	doubts  map[latchkey.ID]time.Time // until when a write with a lost response may take effect: announced repeatedly
	again   time.Time                 // when all doubts are announced next

	some chan struct{}
	quit chan struct{}
	done chan struct{}
}

func startTeller(ctx context.Context, config *pgxpool.Config) (*teller, error) {
	config = config.Copy()
	config.MaxConns, config.MinConns, config.MinIdleConns = 1, 1, 0
	config.ConnConfig.RuntimeParams["synchronous_commit"] = "off" // a notification need not be on disk
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	if err := pool.Ping(ctx); err != nil { // so that the first write need not wait for a connection
		pool.Close()
		return nil, err
	}
	t := &teller{
		pool: pool, owed: make(map[latchkey.ID]struct{}), doubts: make(map[latchkey.ID]time.Time),
		some: make(chan struct{}, 1), quit: make(chan struct{}), done: make(chan struct{}),
	}
	go t.run()
	return t, nil
}

// stop sends pending notifications, if it can, and ends the teller.
func (t *teller) stop() error {
	close(t.quit)
	<-t.done
	t.pool.Close()
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.owed) > 0 {
		return errors.New("pgstore: cannot notify other nodes of the last writes")
	}
	return nil
}

// tell returns when the notification of a write has been sent. After an error or a timeout it stays
// pending.
func (t *teller) tell(id latchkey.ID, limit time.Duration) error {
	told := make(chan error, 1)
	t.mu.Lock()
	t.owed[id] = struct{}{}
	t.waiting = append(t.waiting, told)
	t.mu.Unlock()
	t.wake()
	late := time.NewTimer(limit)
	defer late.Stop()
	select {
	case err := <-told:
		return err
	case <-late.C:
		return errUntold
	}
}

// doubt sends notifications about a write that may have taken effect, or may yet.
func (t *teller) doubt(id latchkey.ID) {
	t.mu.Lock()
	t.owed[id] = struct{}{}
	t.doubts[id] = time.Now().Add(doubtFor)
	t.mu.Unlock()
	t.wake()
}

func (t *teller) wake() {
	select {
	case t.some <- struct{}{}:
	default:
	}
}

func (t *teller) run() {
	defer close(t.done)
	for more, open := false, true; open; {
		var again <-chan time.Time
		if more {
			again = time.After(tellAgain)
		}
		select {
		case <-t.some:
		case <-again:
		case <-t.quit:
			open = false
		}
		more = t.round()
	}
}

// round sends what there is to send, and reports whether something is left for later.
func (t *teller) round() (more bool) {
	ids, waiting, more := t.take()
	err := crash.Contain(func() error { return t.send(ids) })
	if err != nil {
		t.mu.Lock()
		for _, id := range ids {
			t.owed[id] = struct{}{}
		}
		t.mu.Unlock()
	}
	for _, told := range waiting {
		told <- err
	}
	return more || err != nil
}

// take returns what is pending and what is in doubt, and whether some of it stays in doubt.
func (t *teller) take() (ids []latchkey.ID, waiting []chan<- error, doubtful bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if now := time.Now(); now.After(t.again) {
		for id, until := range t.doubts {
			t.owed[id] = struct{}{}
			if now.After(until) {
				delete(t.doubts, id)
			}
		}
		t.again = now.Add(tellAgain)
	}
	ids, waiting = slices.Collect(maps.Keys(t.owed)), t.waiting
	clear(t.owed)
	t.waiting = nil
	return ids, waiting, len(t.doubts) > 0
}

func (t *teller) send(ids []latchkey.ID) error {
	if len(ids) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), postgres.Limit)
	defer cancel()
	return postgres.Retry(ctx, func() error {
		_, err := t.pool.Exec(ctx, `SELECT pg_notify($1, message) FROM unnest($2::text[]) AS message`, channel, messages(ids))
		return err
	})
}
