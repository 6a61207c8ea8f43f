package latchkey_test

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/latchkey-dev/latchkey"
)

// The queue of revocations is in the store and survives a restart. One that fails does not hold up
// the others.
func TestRevoke_survivesARestart(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		w.faults.set(func(rw http.ResponseWriter, r *http.Request, next http.Handler) {
			if r.Method == "DELETE" {
				rw.WriteHeader(503)
				return
			}
			next.ServeHTTP(rw, r)
		})
		for range 120 { // more than one page of the queue
			b := newBrowser()
			b.login(w.shop)
			b.send(w.shop, "POST", "/api/logout", "").want(t, 204, "", "")
		}
		must(t, w.shop.guard.Close(t.Context()))
		if n := w.refreshTokens(); n != 120 {
			t.Fatalf("%d refresh tokens", n)
		}
		stuck := ""
		w.faults.set(func(rw http.ResponseWriter, r *http.Request, next http.Handler) {
			if r.Method == "DELETE" && (stuck == "" || stuck == r.URL.Path) {
				stuck = r.URL.Path
				rw.WriteHeader(500)
				return
			}
			next.ServeHTTP(rw, r)
		})
		w.shop.start(w.config(w.shop, discard))
		synctest.Wait()
		if n := w.refreshTokens(); n != 1 {
			t.Errorf("%d refresh tokens are alive, want the one that cannot be revoked", n)
		}
		w.faults.set(nil)
		time.Sleep(2 * time.Minute)
		if n := w.refreshTokens(); n != 0 {
			t.Errorf("%d refresh tokens are alive", n)
		}
	})
}

// A 404 from a proxy in front of the provider is not a revocation.
func TestRevoke_doesNotBelieveAProxy(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		b := newBrowser()
		b.login(w.shop)
		time.Sleep(5 * time.Minute)
		w.faults.set(answer(404, "", ""))
		b.send(w.shop, "POST", "/api/logout", "").want(t, 204, "", "")
		time.Sleep(time.Hour)
		w.faults.set(nil)
		time.Sleep(5 * time.Minute)
		if n := w.refreshTokens(); n != 0 {
			t.Errorf("%d refresh tokens are alive", n)
		}
	})
}

func TestSweep_tombstonesAtTheirDeadline(t *testing.T) {
	simulateMonths(t, func(t *testing.T, w *world) {
		b := newBrowser()
		b.login(w.shop)
		b.send(w.shop, "POST", "/api/logout", "")
		time.Sleep(91 * 24 * time.Hour)
		synctest.Wait()
		if !strings.Contains(w.log.String(), "removed=1") {
			t.Error("nothing was swept")
		}
	})
}

// During an outage of the provider, a logout does not retry every pending revocation, nor log a
// line for each.
func TestRevoke_whileTheProviderIsAway(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		w.shop.start(w.config(w.shop, slog.New(slog.NewTextHandler(w.log, nil))))
		const logouts = 100
		var browsers [logouts]*browser
		for i := range browsers {
			browsers[i] = newBrowser()
			browsers[i].login(w.shop)
		}
		var calls atomic.Int64
		w.faults.set(func(rw http.ResponseWriter, _ *http.Request, _ http.Handler) {
			calls.Add(1)
			rw.WriteHeader(503)
		})
		for _, b := range browsers {
			b.send(w.shop, "POST", "/api/logout", "").want(t, 204, "", "")
			time.Sleep(time.Second)
		}
		if n := calls.Load(); n > logouts/2 {
			t.Errorf("%d calls of the provider", n)
		}
		if n := strings.Count(w.log.String(), "not revoked yet"); n > logouts/2 {
			t.Errorf("%d lines in the log", n)
		}
		w.faults.set(nil)
		time.Sleep(2 * time.Minute)
		if n := w.refreshTokens(); n != 0 {
			t.Errorf("%d refresh tokens are alive", n)
		}
	})
}

// A foreignQueue has a record of another app at both ends of each page of its queue of revocations.
type foreignQueue struct{ *flakyStore }

func (s foreignQueue) Unrevoked(ctx context.Context, app string, after latchkey.ID, limit int) ([]*latchkey.Record, error) {
	list, err := s.flakyStore.Unrevoked(ctx, app, after, limit-2)
	foreign := &latchkey.Record{App: "forums", EndedAt: time.Now(), Unrevoked: true, RefreshTokenID: "of somebody else"}
	return append(append([]*latchkey.Record{foreign}, list...), foreign), err
}

// A foreign record in the queue does not keep the others from being revoked.
func TestRevoke_skipsForeignRecords(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		config := w.config(w.shop, slog.New(slog.NewTextHandler(w.log, nil)))
		b := newBrowser()
		b.login(w.shop)
		w.faults.set(answer(503, "", ""))
		b.send(w.shop, "POST", "/api/logout", "").want(t, 204, "", "")
		must(t, w.shop.guard.Close(t.Context())) // another process is to do it
		w.faults.set(nil)
		if n := w.refreshTokens(); n != 1 {
			t.Fatalf("%d refresh tokens", n)
		}
		config.Store = foreignQueue{w.store}
		w.shop.start(config)
		time.Sleep(2 * time.Minute)
		if n := w.refreshTokens(); n != 0 {
			t.Errorf("%d refresh tokens are alive", n)
		}
		if n := strings.Count(w.log.String(), `msg="the store returned a record`); n == 0 || n > 3 {
			t.Errorf("%d alarms", n)
		}
	})
}
