package latchkey_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/idp/idptest"
)

// A confusedStore answers with records of its choice.
type confusedStore struct {
	*flakyStore
	mu     sync.Mutex
	answer func(asked latchkey.ID, rec *latchkey.Record) *latchkey.Record // nil: as it should
	writes int
}

func (s *confusedStore) confuse(answer func(latchkey.ID, *latchkey.Record) *latchkey.Record) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer, s.writes = answer, 0
}

func (s *confusedStore) change(asked latchkey.ID, rec *latchkey.Record) *latchkey.Record {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.answer == nil || rec == nil {
		return rec
	}
	return s.answer(asked, rec)
}

func (s *confusedStore) Get(ctx context.Context, id latchkey.ID) (*latchkey.Record, error) {
	rec, err := s.flakyStore.Get(ctx, id)
	return s.change(id, rec), err
}

func (s *confusedStore) ByUser(ctx context.Context, app, userID string, limit int) ([]*latchkey.Record, error) {
	list, err := s.flakyStore.ByUser(ctx, app, userID, limit)
	changed := make([]*latchkey.Record, len(list))
	for i, rec := range list {
		changed[i] = s.change(rec.ID, rec)
	}
	return changed, err
}

func (s *confusedStore) Swap(ctx context.Context, next *latchkey.Record) error {
	s.mu.Lock()
	s.writes++
	s.mu.Unlock()
	return s.flakyStore.Swap(ctx, next)
}

// withoutMAC returns a record as a program wrote it that knew no MAC.
func withoutMAC(t testing.TB, rec *latchkey.Record) *latchkey.Record {
	text, err := json.Marshal(rec) // which knows the exported fields alone
	must(t, err)
	plain := &latchkey.Record{}
	must(t, json.Unmarshal(text, plain))
	return plain
}

// oldKeys returns the keys as those of a program that gave records no MAC.
func oldKeys(t testing.TB, keys latchkey.KeyRing) latchkey.KeyRing {
	old, err := latchkey.ParseKeys(strings.Replace(keys[0].Reveal(), "latchkey-key-2:", "latchkey-key-1:", 1))
	must(t, err)
	return old
}

// A store that answers with a record of another session, app or user, or with one that this app has
// not written, is not believed: 503, an alarm, and nothing is changed.
func TestMixedRecords_areNotBelieved(t *testing.T) {
	for _, c := range []struct {
		name   string
		answer func(ada, bob *latchkey.Record) func(latchkey.ID, *latchkey.Record) *latchkey.Record
	}{
		{"of another session", func(ada, bob *latchkey.Record) func(latchkey.ID, *latchkey.Record) *latchkey.Record {
			return func(asked latchkey.ID, rec *latchkey.Record) *latchkey.Record {
				if asked == ada.ID {
					return bob
				}
				return rec
			}
		}},
		{"of another app", func(ada, _ *latchkey.Record) func(latchkey.ID, *latchkey.Record) *latchkey.Record {
			return func(asked latchkey.ID, rec *latchkey.Record) *latchkey.Record {
				changed := *rec
				changed.App = "forums"
				return &changed
			}
		}},
		{"of another user", func(ada, bob *latchkey.Record) func(latchkey.ID, *latchkey.Record) *latchkey.Record {
			return func(asked latchkey.ID, rec *latchkey.Record) *latchkey.Record {
				if asked != ada.ID {
					return rec
				}
				changed := withoutMAC(t, rec)
				changed.User = bob.User
				return changed
			}
		}},
		{"with other roles", func(ada, _ *latchkey.Record) func(latchkey.ID, *latchkey.Record) *latchkey.Record {
			return func(asked latchkey.ID, rec *latchkey.Record) *latchkey.Record {
				changed := *rec
				changed.User.Roles = []string{"admin"}
				return &changed
			}
		}},
		{"without a MAC", func(ada, _ *latchkey.Record) func(latchkey.ID, *latchkey.Record) *latchkey.Record {
			return func(asked latchkey.ID, rec *latchkey.Record) *latchkey.Record { return withoutMAC(t, rec) }
		}},
	} {
		for _, route := range []struct {
			name               string
			after              time.Duration // of the last use
			method, path, code string
		}{
			{"served at once", 0, "GET", "/api/private", "provider_unavailable"},
			{"confirmed", 2 * time.Minute, "GET", "/api/private", "provider_unavailable"},
			{"refreshed", 2 * time.Hour, "GET", "/api/private", "provider_unavailable"},
			{"user", 2 * time.Hour, "GET", "/api/user", "provider_unavailable"},
			{"sessions", 2 * time.Hour, "GET", "/api/sessions", "provider_unavailable"},
			{"logout", 0, "POST", "/api/logout", "logout_incomplete"},
		} {
			t.Run(c.name+"/"+route.name, func(t *testing.T) {
				simulate(t, func(t *testing.T, w *world) {
					if c.name == "of another user" {
						w.keys = oldKeys(t, w.keys)
					}
					store := &confusedStore{flakyStore: w.store}
					config := w.config(w.shop, slog.New(slog.NewTextHandler(w.log, nil)))
					config.Store = store
					w.shop.start(config)
					w.provider.AddUser("bob@example.com", w.shop.application.ID)
					ada, bob := newBrowser(), newBrowser()
					ada.login(w.shop)
					bob.try(w.shop, "bob@example.com", idptest.Password).want(t, 200, "", "")
					records := make(map[string]*latchkey.Record)
					for _, rec := range w.store.Records() {
						if rec.App == "store" {
							records[rec.User.Email] = rec
						}
					}
					time.Sleep(route.after)
					before := records["ada@example.com"]
					store.confuse(c.answer(before, records["bob@example.com"]))
					alive := w.refreshTokens()
					for range 3 {
						ada.copy(w.shop).send(w.shop, route.method, route.path, "").want(t, 503, route.code, "")
					}
					time.Sleep(10 * time.Second)
					synctest.Wait()
					if n := strings.Count(w.log.String(), "it is left as it is, and not believed"); n != 1 {
						t.Errorf("%d alarms", n)
					}
					if store.writes != 0 {
						t.Errorf("%d writes", store.writes)
					}
					// a logout may revoke the browser's own token
					if n := w.refreshTokens(); n != alive && route.method == "GET" {
						t.Errorf("%d refresh tokens of %d are alive", n, alive)
					}
					for _, rec := range records {
						if now, err := w.store.Store.Get(t.Context(), rec.ID); err != nil || !now.EndedAt.IsZero() || now.Version != rec.Version {
							t.Errorf("the record of %s was changed, or %v", rec.User.Email, err)
						}
					}
					store.confuse(nil)
					if route.method == "GET" {
						ada.get(w.shop, "/api/private").ok(t, route.after > time.Hour)
					}
					bob.send(w.shop, "GET", "/api/user", "").want(t, 200, "", "")
				})
			})
		}
	}
}

// A refresh cookie that is older than the session cookie beside it names the user all the same:
// another tab may have been answered first.
func TestMixedRecords_besideAnOlderRefreshCookie(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		w.keys = oldKeys(t, w.keys)
		store := &confusedStore{flakyStore: w.store}
		config := w.config(w.shop, discard)
		config.Store = store
		w.shop.start(config)
		b := newBrowser()
		b.login(w.shop)
		older := b.jar(w.shop)[refreshCookie]
		time.Sleep(2 * time.Minute)
		b.get(w.shop, "/api/private").ok(t, false)
		time.Sleep(time.Hour)
		b.get(w.shop, "/api/private").ok(t, true)
		b.set(w.shop, refreshCookie, older)
		b.get(w.shop, "/api/private").ok(t, false)
		store.confuse(func(_ latchkey.ID, rec *latchkey.Record) *latchkey.Record {
			changed := withoutMAC(t, rec)
			changed.User.ID = "somebody else"
			return changed
		})
		b.get(w.shop, "/api/private").want(t, 503, "provider_unavailable", "")
	})
}

// If the list of a user's sessions has another user's, that one stays, the others end, and the
// caller gets an error.
func TestMixedRecords_inAList(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		store := &confusedStore{flakyStore: w.store}
		config := w.config(w.shop, slog.New(slog.NewTextHandler(w.log, nil)))
		config.Store = store
		w.shop.start(config)
		bob := w.provider.AddUser("bob@example.com", w.shop.application.ID)
		ada, other := newBrowser(), newBrowser()
		ada.login(w.shop)
		time.Sleep(time.Second)
		other.login(w.shop)
		list, err := w.store.ByUser(t.Context(), "store", w.user.ID, 10)
		must(t, err)
		newest := list[0].ID
		store.confuse(func(asked latchkey.ID, rec *latchkey.Record) *latchkey.Record {
			if asked != newest {
				return rec
			}
			changed := *rec
			changed.User.ID = bob.ID
			return &changed
		})
		if n, err := w.shop.guard.EndUser(t.Context(), w.user.ID, latchkey.EndRevokedByAdmin); n != 1 || err == nil {
			t.Errorf("%d ended, %v", n, err)
		}
		ada.get(w.shop, "/api/private").want(t, 401, "login_required", "revoked_by_admin")
		store.confuse(nil)
		other.get(w.shop, "/api/private").ok(t, false)
	})
}
