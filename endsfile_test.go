package latchkey_test

import (
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
)

// logOutWhileTheStoreIsAway returns a browser with the cookies of a session whose user has logged
// out.
func logOutWhileTheStoreIsAway(t *testing.T, w *world, a *app) *browser {
	t.Helper()
	b := newBrowser()
	b.login(a)
	copied := b.copy(a)
	w.store.cut(true)
	b.send(a, "POST", "/api/logout", "").want(t, 503, "logout_incomplete", "")
	return copied
}

// With an ends file no end is lost, even if the store is away during a whole restart.
func TestEndsFile_outlivesTheProcess(t *testing.T) {
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
		// the store is still away
		copied.get(w.shop, "/api/private").want(t, 401, "login_required", "logout")
		// longer than a session id lives
		time.Sleep(3 * time.Hour)
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

// A crash loses no end that has been pending for a while.
func TestEndsFile_outlivesACrash(t *testing.T) {
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

// A file that is damaged, of another app or of a newer program is refused and left as it is.
func TestEndsFile_damaged(t *testing.T) {
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

// An end is in the file soon after it was made, however long the store has been away, and even if
// the file was written just before.
func TestEndsFile_isWrittenSoon(t *testing.T) {
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

// Two apps with one ends file do not overwrite each other's ends: the first keeps the file, and the
// second logs an error.
func TestEndsFile_ofTwoApps(t *testing.T) {
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
		// of last uses
		if err := w.shop.guard.Close(t.Context()); err != nil && !errors.Is(err, latchkeytest.ErrStoreDown) {
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
