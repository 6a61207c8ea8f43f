package latchkey_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/idp/idptest"
	"github.com/latchkey-dev/latchkey/internal/onetime"
	"github.com/latchkey-dev/latchkey/latchkeytest"
)

// A quickProvider revokes without looking for the token among all that it has issued.
type quickProvider struct{ *onetime.Provider }

func (quickProvider) Revoke(context.Context, string) error { return nil }

// However many logins fail while the store is away, a logout is stored when it is back.
func TestFailedLoginsLoseNoLogout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := latchkeytest.New(t, latchkeytest.WithLogger(discard))
		c := w.Config("store", quickProvider{onetime.New()})
		c.IdleTimeout, c.SessionCap = 100*time.Hour, time.Hour
		app := w.Start(c, nil)
		node := app.AddNode()
		b := w.NewBrowser()
		b.Login(app, "ada@example.com")
		w.Store.Fail(latchkeytest.ErrStoreDown)
		for range 10_100 {
			r := app.NewRequest(t.Context(), "POST", "/api/login", `{"email":"ada@example.com","password":"any will do"}`)
			if got := w.NewBrowser().DoDirectly(app, r); got.StatusCode != 503 {
				t.Fatalf("login: %d", got.StatusCode)
			}
		}
		copied := b.Copy(app)
		if got := b.Post(app, "/api/logout", ""); got.Code != "logout_incomplete" {
			t.Errorf("logout: %d %s", got.Status, got.Body)
		}
		time.Sleep(time.Minute)
		w.Store.Fail(nil)
		time.Sleep(3 * time.Minute)
		if got := copied.Get(node, "/api/user"); got.Code != "not_logged_in" || got.EndReason != "logout" {
			t.Errorf("after the logout: %d %s", got.Status, got.Body)
		}
	})
}

// An end whose record the store has mixed up does not keep others from being stored.
func TestOneUnstorableEndHoldsUpNoOther(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		store := &confusedStore{flakyStore: w.store}
		config := w.config(w.shop, discard)
		config.Store = store
		w.shop.start(config)
		w.provider.AddUser("bob@example.com", w.shop.application.ID)
		ada, bob := newBrowser(), newBrowser()
		ada.login(w.shop)
		list, err := w.store.ByUser(t.Context(), "store", w.user.ID, 10)
		must(t, err)
		bob.try(w.shop, "bob@example.com", idptest.Password).want(t, 200, "", "")
		store.confuse(func(asked latchkey.ID, rec *latchkey.Record) *latchkey.Record {
			if asked != list[0].ID {
				return rec
			}
			changed := *rec
			changed.App = "forums"
			return &changed
		})
		copied := bob.copy(w.shop)
		ada.send(w.shop, "POST", "/api/logout", "").want(t, 503, "logout_incomplete", "")
		time.Sleep(time.Second)
		w.store.cut(true)
		bob.send(w.shop, "POST", "/api/logout", "").want(t, 503, "logout_incomplete", "")
		time.Sleep(time.Second)
		w.store.cut(false)
		time.Sleep(2 * time.Minute)
		copied.get(w.anotherNode(w.shop), "/api/private").want(t, 401, "login_required", "logout")
	})
}

// A foreignQueue has records in its queue of revocations that do not belong there, the first and the last of each page.
type foreignQueue struct{ *flakyStore }

func (s foreignQueue) Unrevoked(ctx context.Context, app string, after latchkey.ID, limit int) ([]*latchkey.Record, error) {
	list, err := s.flakyStore.Unrevoked(ctx, app, after, limit-2)
	foreign := &latchkey.Record{App: "forums", EndedAt: time.Now(), Unrevoked: true, RefreshTokenID: "of somebody else"}
	return append(append([]*latchkey.Record{foreign}, list...), foreign), err
}

// One record in the queue of revocations that does not belong there keeps none of the others from being revoked.
func TestForeignRecordInTheQueue(t *testing.T) {
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

// While the provider is away, each logout must not ask it for all refresh tokens that are to be revoked, nor log a line for each.
func TestRevocationsWhileTheProviderIsAway(t *testing.T) {
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

// An end is in the file soon after it was made, however long the store has been away, and though another was written just before.
func TestEndsAreInTheFileSoon(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		config := w.config(w.shop, discard)
		config.EndsFile = filepath.Join(t.TempDir(), "ends.json")
		w.shop.start(config)
		var browsers [3]*browser
		for i := range browsers {
			browsers[i] = newBrowser()
			browsers[i].login(w.shop)
		}
		w.store.cut(true)
		for i, pause := range []time.Duration{10 * time.Minute, 300 * time.Millisecond, 3 * time.Second} {
			browsers[i].send(w.shop, "POST", "/api/logout", "").want(t, 503, "logout_incomplete", "")
			time.Sleep(pause)
		}
		synctest.Wait()
		text, err := os.ReadFile(config.EndsFile)
		must(t, err)
		if n := strings.Count(string(text), `"tombstone"`); n != 3 {
			t.Errorf("%d ends are in the file", n)
		}
	})
}

// Two apps with the same file do not write over each other's ends in silence: the first keeps it, and the operator hears of the second.
func TestTwoAppsWithOneEndsFile(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		path := filepath.Join(t.TempDir(), "ends.json")
		for _, a := range []*app{w.shop, w.forums} {
			config := w.config(a, slog.New(slog.NewTextHandler(w.log, nil)))
			config.EndsFile = path
			a.start(config)
		}
		shop, forums := newBrowser(), newBrowser()
		shop.login(w.shop)
		forums.login(w.forums)
		w.store.cut(true)
		shop.send(w.shop, "POST", "/api/logout", "").want(t, 503, "logout_incomplete", "")
		time.Sleep(2 * time.Second)
		forums.send(w.forums, "POST", "/api/logout", "").want(t, 503, "logout_incomplete", "")
		time.Sleep(2 * time.Second)
		if !strings.Contains(w.log.String(), `msg="cannot write the ends file" app=forums`) {
			t.Error("the operator does not hear of it")
		}
		if err := w.shop.guard.Close(t.Context()); err != nil && !errors.Is(err, latchkeytest.ErrStoreDown) { // of last uses
			t.Error(err)
		}
		if err := w.forums.guard.Close(t.Context()); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("the second says of its end: %v", err)
		}
		text, err := os.ReadFile(path)
		must(t, err)
		if !strings.Contains(string(text), `"app":"store"`) {
			t.Errorf("the file has %.60s", text)
		}
	})
}

// However often a cookie comes in one request, the store is asked once for its session.
func TestLogoutWithManyCopiesOfACookie(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		b := newBrowser()
		b.login(w.shop)
		before := w.store.readCount()
		b.send(w.shop, "POST", "/api/logout", "", func(r *http.Request) {
			cookies := r.Header.Get("Cookie")
			r.Header.Set("Cookie", cookies+strings.Repeat("; "+cookies, 100))
		}).want(t, 204, "", "")
		if n := w.store.readCount() - before; n > 5 {
			t.Errorf("%d reads of the store", n)
		}
	})
}
