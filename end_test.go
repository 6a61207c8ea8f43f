package latchkey_test

import (
	"errors"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/latchkeytest"
)

// What the provider or an administrator ends is over at once, for the reason given, and for nobody
// else.
func TestEndUser(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		w.provider.AddUser("bob@example.com", w.shop.application.ID)
		bob := newBrowser()
		bob.try(w.shop, "bob@example.com", "a password of bob's").want(t, 401, "invalid_credentials", "")
		ada, other := newBrowser(), newBrowser()
		ada.login(w.shop)
		other.login(w.shop)
		records, err := w.store.ByUser(t.Context(), "store", w.user.ID, 10)
		must(t, err)
		newest := records[0].RefreshTokenID

		if n, err := w.shop.guard.EndUser(t.Context(), w.user.ID, latchkey.EndRevokedByAdmin, latchkey.WithRefreshTokens(newest, "another")); n != 1 || err != nil {
			t.Errorf("%d ended, %v; want the one", n, err)
		}
		ended, kept := other, ada
		if got := ada.get(w.shop, "/api/private"); got.status == 401 {
			ended, kept = ada, other
		}
		ended.get(w.shop, "/api/private").want(t, 401, "login_required", "revoked_by_admin")
		kept.get(w.shop, "/api/private").ok(t, false)

		for range 150 { // more than one page of them
			newBrowser().login(w.shop)
		}
		w.store.cut(true)
		if _, err := w.shop.guard.EndUser(t.Context(), w.user.ID, latchkey.EndPasswordChanged); !errors.Is(err, latchkeytest.ErrStoreDown) {
			t.Errorf("store down: %v", err)
		}
		w.store.cut(false)
		if n, err := w.shop.guard.EndUser(t.Context(), w.user.ID, latchkey.EndPasswordChanged); n != 151 || err != nil {
			t.Errorf("%d ended, %v; want all", n, err)
		}
		kept.get(w.shop, "/api/private").want(t, 401, "login_required", "password_changed")
		if n, err := w.shop.guard.EndUser(t.Context(), "nobody", latchkey.EndPasswordChanged); n != 0 || err != nil {
			t.Errorf("nobody: %d, %v", n, err)
		}
	})
}

// A session that is named is found however many newer ones its user has.
func TestEndUser_oneAmongMany(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		oldest := newBrowser()
		oldest.login(w.shop)
		records, err := w.store.ByUser(t.Context(), "store", w.user.ID, 10)
		must(t, err)
		time.Sleep(time.Second)
		for range 120 { // more than one page of them
			newBrowser().login(w.shop)
		}
		if n, err := w.shop.guard.EndUser(t.Context(), w.user.ID, latchkey.EndRevokedByAdmin, latchkey.WithRefreshTokens(records[0].RefreshTokenID)); n != 1 || err != nil {
			t.Errorf("%d ended, %v; want the one", n, err)
		}
		oldest.get(w.shop, "/api/private").want(t, 401, "login_required", "revoked_by_admin")
	})
}

// One session ends by its id, whether or not the store knows it, and the others go on.
func TestEndSession(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		ada, other := newBrowser(), newBrowser()
		ada.login(w.shop)
		records, err := w.store.ByUser(t.Context(), "store", w.user.ID, 10)
		must(t, err)
		other.login(w.shop)
		id := records[0].ID

		w.store.cut(true)
		if err := w.shop.guard.EndSession(t.Context(), id, latchkey.EndRevokedByAdmin); !errors.Is(err, latchkeytest.ErrStoreDown) {
			t.Errorf("store down: %v", err)
		}
		w.store.cut(false)
		// the first one counts
		for _, reason := range []latchkey.EndReason{latchkey.EndRevokedByAdmin, latchkey.EndLogout} {
			must(t, w.shop.guard.EndSession(t.Context(), id, reason))
		}
		ada.get(w.shop, "/api/private").want(t, 401, "login_required", "revoked_by_admin")
		other.get(w.shop, "/api/private").ok(t, false)

		must(t, w.shop.guard.EndSession(t.Context(), latchkey.ID{1}, latchkey.EndRevokedByAdmin))
		if reason, err := w.shop.guard.EndReason(t.Context(), latchkey.ID{1}); reason != latchkey.EndRevokedByAdmin || err != nil {
			t.Errorf("a session that the store did not know: %q, %v", reason, err)
		}
		if err := w.shop.guard.EndSession(t.Context(), latchkey.ID{}, latchkey.EndRevokedByAdmin); err == nil {
			t.Error("the zero ID: no error")
		}
	})
}
