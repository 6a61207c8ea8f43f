package latchkey_test

import (
	"context"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey"
)

// A panic in the store's stream of changes does not end the process either: the guard listens
// again.
func TestPanic_inTheStoresWatch(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		store := &panickingStore{tellingStore: newTellingStore()}
		config := w.config(w.shop, slog.New(slog.NewTextHandler(w.log, nil)))
		config.Store = store
		w.shop.start(config)
		time.Sleep(time.Second)
		b := newBrowser()
		b.login(w.shop)
		b.get(w.shop, "/api/private").ok(t, false)
		if n := store.watches.Load(); n != 2 {
			t.Errorf("listened %d times", n)
		}
		if n := strings.Count(w.log.String(), "msg=panic"); n != 1 {
			t.Errorf("%d panics in the log", n)
		}
	})
}

// panickingStore panics when it is first listened to.
type panickingStore struct {
	*tellingStore
	watches atomic.Int64
}

func (s *panickingStore) Watch(ctx context.Context, changed func(latchkey.ID), beat func(time.Time)) error {
	if s.watches.Add(1) == 1 {
		panic("on purpose")
	}
	return s.tellingStore.Watch(ctx, changed, beat)
}
