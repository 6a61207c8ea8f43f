package latchkey_test

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/memstore"
)

// Close waits for a refresh that outlives its request, and stores its grant.
func TestClose_waitsForRefreshes(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		b := newBrowser()
		b.login(w.shop)
		time.Sleep(time.Hour)
		w.faults.set(func(rw http.ResponseWriter, r *http.Request, next http.Handler) {
			next.ServeHTTP(rw, r)
			time.Sleep(2 * time.Second)
		})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		w.shop.guard.Protect(http.NotFoundHandler()).ServeHTTP(httptest.NewRecorder(), b.request(w.shop, "/x").WithContext(ctx))
		must(t, w.shop.guard.Close(t.Context()))
		w.faults.set(nil)
		w.shop.start(w.config(w.shop, discard))
		before := w.provider.Calls("/api/jwt/refresh")
		b.get(w.shop, "/api/private").ok(t, true) // the predecessor of what was stored
		if w.provider.Calls("/api/jwt/refresh") != before {
			t.Error("what the provider granted was lost")
		}
	})
}

// A slowStore lists nothing before it is given up.
type slowStore struct {
	latchkey.Store
	asked chan struct{}
}

func (s slowStore) Unrevoked(ctx context.Context, _ string, _ latchkey.ID, _ int) ([]*latchkey.Record, error) {
	close(s.asked)
	<-ctx.Done()
	return nil, ctx.Err()
}

// A guard that is closed in the middle of background work logs nothing: that is no failure.
func TestClose_isNoFailure(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		store := slowStore{memstore.New(), make(chan struct{})}
		var log bytes.Buffer
		config := w.config(w.shop, discard)
		config.Store, config.Logger = store, slog.New(slog.NewTextHandler(&log, nil))
		guard, err := latchkey.New(config)
		must(t, err)
		<-store.asked
		must(t, guard.Close(t.Context()))
		if log.Len() > 0 {
			t.Error(log.String())
		}
	})
}

// Close stores the pending ends, if the store is back.
func TestClose_storesPendingEnds(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		time.Sleep(time.Minute) // the pause between two attempts grows
		copied := logOutWhileTheStoreIsAway(t, w, w.shop)
		time.Sleep(10 * time.Minute)
		w.store.cut(false)
		must(t, w.shop.guard.Close(t.Context()))
		w.shop.start(w.config(w.shop, discard))
		copied.get(w.shop, "/api/private").want(t, 401, "login_required", "logout")
	})
}

func TestClose_reportsLostEnds(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		logOutWhileTheStoreIsAway(t, w, w.shop)
		if err := w.shop.guard.Close(t.Context()); err == nil || !strings.Contains(err.Error(), "EndsFile") {
			t.Errorf("closed with %v", err)
		}
	})
}
