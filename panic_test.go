package latchkey_test

import (
	"context"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/latchkey-dev/latchkey"
)

// A panic in whatever the guard calls outside of a request ends nothing but that: it is in the log once, with its stack, requests get an answer, and the
// work goes on when it is over.
func TestPanics(t *testing.T) {
	for _, name := range []string{"Refresh", "Revoke", "Touch", "Unrevoked", "Swap of a refresh", "Swap of the background"} {
		t.Run(name, func(t *testing.T) {
			var armed, met atomic.Bool
			front := func(ctx context.Context, op operation, do func() error) error {
				hit := op.name == name || op.name == "Swap" && !op.ends && name == "Swap of a refresh" || op.name == "Swap" && op.ends && ctx.Value(inFlow{}) == nil && name == "Swap of the background"
				if hit && armed.CompareAndSwap(true, false) {
					met.Store(true)
					panic("hunter2")
				}
				return do()
			}
			log := &lockedBuffer{}
			onStage(t, front, func(t *testing.T, s *stage) {
				c := s.open(stateNamed("refresh"))
				alive := s.provider.alive()
				armed.Store(true)
				if got := s.get(context.WithValue(t.Context(), inFlow{}, true), 0, c.victim); got.status != 200 && got.status != 503 {
					t.Errorf("%d %s", got.status, got.body)
				}
				time.Sleep(10 * time.Second) // a claim that a panic left runs out
				s.goesOn(c)
				s.send(context.WithValue(t.Context(), inFlow{}, true), 0, c.victim.copy(s.app), "POST", "/api/logout", "").want(t, 204, "", "")
				time.Sleep(11 * time.Hour) // last uses are stored, and what failed is tried again
				synctest.Wait()
				if n := s.provider.alive(); n != alive-1 {
					t.Errorf("%d refresh tokens are alive, want %d", n, alive-1)
				}
				if !met.Load() {
					t.Fatal("nothing panicked")
				}
				if n := strings.Count(log.String(), "msg=panic"); n != 1 || !strings.Contains(log.String(), "panic_test.go") || strings.Contains(log.String(), "hunter2") {
					t.Errorf("%d panics in the log: %s", n, log)
				}
			}, func(c *latchkey.Config) { c.Logger = slog.New(slog.NewTextHandler(log, nil)) })
		})
	}
}

// A panic in the store's stream of changes does not end the process either: the guard listens again.
func TestPanicWhileWatching(t *testing.T) {
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
