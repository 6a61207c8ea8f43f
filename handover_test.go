package latchkey_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/latchkeytest"
	"github.com/latchkey-dev/latchkey/memstore"
)

// logOutWhileTheStoreIsAway returns a browser with the cookies of a session whose user has logged out.
func logOutWhileTheStoreIsAway(t *testing.T, w *world, a *app) *browser {
	t.Helper()
	b := newBrowser()
	b.login(a)
	copied := b.copy(a)
	w.store.cut(true)
	b.send(a, "POST", "/api/logout", "").want(t, 503, "logout_incomplete", "")
	return copied
}

// A stop of the process stores the ends that are owed, where the store is back.
func TestCloseStoresWhatIsOwed(t *testing.T) {
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

// With a file for them no end is lost, though the store is away for a whole restart; without one Close says that it is.
func TestEndsOutliveTheProcess(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		path := filepath.Join(t.TempDir(), "ends.json")
		config := w.config(w.shop, discard)
		config.EndsFile = path
		w.shop.start(config)
		alive := w.refreshTokens()
		copied := logOutWhileTheStoreIsAway(t, w, w.shop)
		must(t, errors.Join(w.shop.guard.Close(t.Context())))
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
			t.Fatalf("the file: %v, %v", info, err)
		}

		w.shop.start(config)
		copied.get(w.shop, "/api/private").want(t, 401, "login_required", "logout") // the store is still away
		time.Sleep(3 * time.Hour)                                                   // longer than a session id lives
		w.store.cut(false)
		copied.get(w.shop, "/api/private").want(t, 401, "login_required", "logout")
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		if n := w.refreshTokens() - alive; n != 0 {
			t.Errorf("%d refresh tokens are alive", n)
		}
		if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("nothing is owed, and the file is there: %v", err)
		}
	})
}

func TestCloseSaysThatEndsAreLost(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		logOutWhileTheStoreIsAway(t, w, w.shop)
		if err := w.shop.guard.Close(t.Context()); err == nil || !strings.Contains(err.Error(), "EndsFile") {
			t.Errorf("closed with %v", err)
		}
	})
}

// A crash forgets no end that the store has been missing for a while.
func TestEndsOutliveACrash(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		config := w.config(w.shop, discard)
		config.EndsFile = filepath.Join(t.TempDir(), "ends.json")
		w.shop.start(config)
		copied := logOutWhileTheStoreIsAway(t, w, w.shop)
		time.Sleep(time.Minute)
		crashed, err := os.ReadFile(config.EndsFile)
		must(t, err)
		config.EndsFile = filepath.Join(t.TempDir(), "of the next process")
		must(t, os.WriteFile(config.EndsFile, crashed, 0o600))
		w.store.cut(false)
		w.shop.start(config)
		copied.get(w.shop, "/api/private").want(t, 401, "login_required", "logout")
	})
}

// Another guard that takes the place of one knows what it knew: ends that the store has not, and how often logins failed.
func TestReplaces(t *testing.T) {
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
		if err := old.Close(t.Context()); err != nil && !errors.Is(err, latchkeytest.ErrStoreDown) { // of last uses
			t.Errorf("the old guard: %v", err)
		}
		time.Sleep(2 * time.Hour)
		w.store.cut(false)
		copied.get(w.shop, "/api/private").want(t, 401, "login_required", "logout")
	})
}

// A file that is damaged, of another app or of a newer program is refused and left as it is.
func TestDamagedEndsFile(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		config := w.config(w.shop, discard)
		config.EndsFile = filepath.Join(t.TempDir(), "ends.json")
		w.shop.start(config)
		logOutWhileTheStoreIsAway(t, w, w.shop)
		must(t, w.shop.guard.Close(t.Context()))
		whole, err := os.ReadFile(config.EndsFile)
		must(t, err)
		for name, text := range map[string]string{
			"empty":     "",
			"cut":       string(whole[:len(whole)/2]),
			"one bit":   strings.Replace(string(whole), `"tombstone":"A`, `"tombstone":"B`, 1),
			"fewer":     `{"version":1,"app":"store","sha256":"","ends":[]}`,
			"newer":     strings.Replace(string(whole), `"version":1`, `"version":2`, 1),
			"other app": strings.Replace(string(whole), `"app":"store"`, `"app":"forums"`, 1),
		} {
			must(t, os.WriteFile(config.EndsFile, []byte(text), 0o600))
			var mistake *latchkey.ConfigError
			guard, err := latchkey.New(config)
			if !errors.As(err, &mistake) || mistake.Field != "EndsFile" || !strings.Contains(err.Error(), config.EndsFile) {
				t.Errorf("%s: %v", name, err)
			}
			if guard != nil {
				guard.Close(context.Background())
			}
			if now, err := os.ReadFile(config.EndsFile); err != nil || string(now) != text {
				t.Errorf("%s: the file was changed: %v", name, err)
			}
		}
		config.EndsFile = filepath.Join(t.TempDir(), "missing", "ends.json")
		if _, err := latchkey.New(config); err == nil {
			t.Error("a file that cannot be written was taken")
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

// A guard that is closed in the middle of its work says nothing of that: it is no failure.
func TestCloseIsNoFailure(t *testing.T) {
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
