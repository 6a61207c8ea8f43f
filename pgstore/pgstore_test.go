package pgstore_test

import (
	"testing"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/internal/pgtest"
	"github.com/latchkey-dev/latchkey/pgstore"
	"github.com/latchkey-dev/latchkey/storetest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

func open(t testing.TB, url string) *pgstore.Store {
	t.Helper()
	s, err := pgstore.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s
}

func TestStore(t *testing.T) {
	server := pgtest.Shared(t)
	storetest.Run(t, func(t *testing.T) latchkey.Store { return open(t, server.Database(t)) })
}

func TestWatcher(t *testing.T) {
	server := pgtest.Shared(t)
	storetest.RunWatcher(t, func(t *testing.T) (a, b latchkey.Store) {
		url := server.Database(t)
		return open(t, url), open(t, url)
	})
}
