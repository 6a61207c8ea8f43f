package latchkey_test

import (
	"context"
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
func TestPendingEnds_failedLoginsLoseNoLogout(t *testing.T) {
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

// An end that cannot be stored, because the store mixes its record up, does not hold up the others.
func TestPendingEnds_oneHoldsUpNoOther(t *testing.T) {
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
