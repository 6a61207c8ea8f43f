package redisstore_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/internal/faultproxy"
	"github.com/latchkey-dev/latchkey/internal/redistest"
	"github.com/latchkey-dev/latchkey/redisstore"
	"github.com/latchkey-dev/latchkey/storetest"
)

func open(t testing.TB, url string) *redisstore.Store {
	t.Helper()
	s, err := redisstore.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func TestStore(t *testing.T) {
	url := redistest.Start(t).URL()
	storetest.Run(t, func(t *testing.T) latchkey.Store { return open(t, url) })
}

// TestWatcher watches from far away, so that notifications of nearby writes come later than the
// writer's response.
func TestWatcher(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	proxy := faultproxy.Start(t, server.Addr)
	proxy.Set(faultproxy.Fault{Delay: 10 * time.Millisecond})
	storetest.RunWatcher(t, func(t *testing.T) (a, b latchkey.Store) { return open(t, "redis://"+proxy.Addr), open(t, server.URL()) })
}

func TestWatcherOfManyThreads(t *testing.T) {
	t.Parallel()
	url := redistest.Start(t, "io-threads 4", "io-threads-do-reads yes").URL()
	storetest.RunWatcher(t, func(t *testing.T) (a, b latchkey.Store) { return open(t, url), open(t, url) })
}

func TestCluster(t *testing.T) {
	t.Parallel()
	cluster := redistest.StartCluster(t)
	one := "redis://" + cluster.Nodes[5].Addr // is enough to find the others
	storetest.Run(t, func(t *testing.T) latchkey.Store { return open(t, cluster.URL()) })
	storetest.RunWatcher(t, func(t *testing.T) (a, b latchkey.Store) { return open(t, cluster.URL()), open(t, one) })
}

// session returns a small record that ends in an hour.
func session() *latchkey.Record {
	now := time.Now().UTC().Truncate(time.Millisecond)
	return &latchkey.Record{
		ID: [16]byte(random(16)), Version: 1, App: "store", User: latchkey.User{ID: "u" + uuid()}, RefreshTokenID: "r1",
		CreatedAt: now, LastSeenAt: now, Deadline: now.Add(time.Hour * 24),
	}
}

func ended(rec *latchkey.Record) *latchkey.Record {
	tombstone := *rec
	tombstone.Version++
	tombstone.EndedAt, tombstone.EndReason, tombstone.Unrevoked = time.Now(), latchkey.EndLogout, true
	return &tombstone
}

func revoked(rec *latchkey.Record) *latchkey.Record {
	tombstone := *rec
	tombstone.Version++
	tombstone.Unrevoked = false
	return &tombstone
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// unknown fails the test unless an error means that the outcome is unknown.
func unknown(t testing.TB, what string, err error) {
	t.Helper()
	if err == nil || errors.Is(err, latchkey.ErrNotFound) || errors.Is(err, latchkey.ErrConflict) {
		t.Errorf("%s: %v, want an error that means nobody knows", what, err)
	}
}

func TestKeepsUntil(t *testing.T) {
	server := redistest.Start(t)
	s := open(t, server.URL())
	rec := session()
	key := "lk1:s:{" + rec.ID.String() + "}"
	keptFor := func(want, tolerance time.Duration) {
		t.Helper()
		left, err := time.ParseDuration(server.Command(t, "PTTL", key) + "ms")
		if err != nil || (left-want).Abs() > tolerance {
			t.Errorf("kept for %v, %v; want %v", left, err, want)
		}
	}
	must(t, s.Create(t.Context(), rec))
	keptFor(24*time.Hour, time.Minute)
	must(t, s.Touch(t.Context(), []latchkey.Seen{{ID: rec.ID, At: time.Now().Add(time.Minute)}}))
	keptFor(24*time.Hour, time.Minute)
	tombstone := ended(rec)
	must(t, s.Swap(t.Context(), tombstone))
	keptFor(-time.Millisecond, 0) // until it is revoked
	tombstone = revoked(tombstone)
	tombstone.Deadline = time.Now().Add(-48 * time.Hour)
	must(t, s.Swap(t.Context(), tombstone))
	keptFor(time.Hour, time.Minute) // whatever anyone's clock says
	if keys := server.Command(t, "KEYS", "*"); keys != key {
		t.Errorf("left behind: %s", keys)
	}
}

func TestServerForgetsScripts(t *testing.T) {
	server := redistest.Start(t)
	s := open(t, server.URL())
	rec := session()
	for _, do := range []func() error{
		func() error { return s.Create(t.Context(), rec) },
		func() error {
			return s.Touch(t.Context(), []latchkey.Seen{{ID: rec.ID, At: time.Now()}, {ID: rec.ID, At: time.Now().Add(time.Second)}})
		},
		func() error { return s.Swap(t.Context(), ended(rec)) },
	} {
		server.Command(t, "SCRIPT", "FLUSH")
		must(t, do())
	}
}

func TestUnknownFormat(t *testing.T) {
	server := redistest.Start(t)
	s := open(t, server.URL())
	rec := session()
	must(t, s.Create(t.Context(), rec))
	key := "lk1:s:{" + rec.ID.String() + "}"
	for name, damage := range map[string][]string{
		"newer": {"SETRANGE", key, "0", "\x03"}, "garbage": {"SET", key, strings.Repeat("x", 100)}, "short": {"SET", key, "\x01"}, "another type": {"LPUSH", key, "x"},
	} {
		server.Command(t, "DEL", key)
		must(t, s.Create(t.Context(), rec))
		if damage[0] == "LPUSH" {
			server.Command(t, "DEL", key)
		}
		server.Command(t, damage...)
		before := server.Command(t, "DUMP", key)
		_, err := s.Get(t.Context(), rec.ID)
		unknown(t, name+": Get", err)
		unknown(t, name+": Swap", s.Swap(t.Context(), ended(rec)))
		unknown(t, name+": Touch", s.Touch(t.Context(), []latchkey.Seen{{ID: rec.ID, At: time.Now()}}))
		if after := server.Command(t, "DUMP", key); after != before {
			t.Errorf("%s: it was changed", name)
		}
	}
}

func TestTouchOfMany(t *testing.T) {
	s := open(t, redistest.Start(t).URL())
	var seen []latchkey.Seen
	for i := range 1200 {
		rec := session()
		must(t, s.Create(t.Context(), rec))
		seen = append(seen, latchkey.Seen{ID: rec.ID, At: rec.LastSeenAt.Add(time.Duration(i+1) * time.Second)})
	}
	must(t, s.Touch(t.Context(), seen))
	for _, want := range seen {
		got, err := s.Get(t.Context(), want.ID)
		must(t, err)
		if !got.LastSeenAt.Equal(want.At) {
			t.Errorf("last seen at %v, want %v", got.LastSeenAt, want.At)
		}
	}
}

func TestClosed(t *testing.T) {
	s := open(t, redistest.Start(t).URL())
	w := watch(t, s)
	must(t, s.Close())
	must(t, s.Close())
	unknown(t, "Create", s.Create(t.Context(), session()))
	unknown(t, "Watch", w.wait(t))
}

// A value under the key of another session keeps its own id: the guard sees that it is not what was
// asked for.
func TestSwappedValues(t *testing.T) {
	server := redistest.Start(t)
	s := open(t, server.URL())
	ada, bob := session(), session()
	for _, rec := range []*latchkey.Record{ada, bob} {
		if err := s.Create(t.Context(), rec); err != nil {
			t.Fatal(err)
		}
	}
	server.Command(t, "COPY", "lk1:s:{"+bob.ID.String()+"}", "lk1:s:{"+ada.ID.String()+"}", "REPLACE")
	if rec, err := s.Get(t.Context(), ada.ID); err != nil || rec.ID != bob.ID {
		t.Errorf("%+v, %v", rec, err)
	}
}
