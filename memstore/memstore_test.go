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
