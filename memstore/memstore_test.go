package memstore_test

import (
	"testing"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/memstore"
	"github.com/latchkey-dev/latchkey/storetest"
)

func TestStore(t *testing.T) {
	storetest.Run(t, func(*testing.T) latchkey.Store { return memstore.New() })
}

func TestWatcher(t *testing.T) {
	storetest.RunWatcher(t, func(*testing.T) (a, b latchkey.Store) {
		s := memstore.New()
		return s, s
	})
}
