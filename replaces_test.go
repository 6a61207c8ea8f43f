package latchkey_test

import (
	"errors"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey/latchkeytest"
)

// A guard that replaces another takes over its pending ends and its counts of failed logins.
func TestReplaces_keepsWhatTheGuardLearned(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		old := w.shop.guard
		stranger := newBrowser()
		for range 5 {
			stranger.try(w.shop, "bob@example.com", "wrong")
		}
		copied := logOutWhileTheStoreIsAway(t, w, w.shop)
		config := w.config(w.shop, discard)
		config.Replaces = old
		w.shop.start(config)
		stranger.try(w.shop, "bob@example.com", "wrong").want(t, 429, "too_many_attempts", "")
		// of last uses
		if err := old.Close(t.Context()); err != nil && !errors.Is(err, latchkeytest.ErrStoreDown) {
			t.Errorf("the old guard: %v", err)
		}
		time.Sleep(2 * time.Hour)
		w.store.cut(false)
		copied.get(w.shop, "/api/private").want(t, 401, "login_required", "logout")
	})
}
