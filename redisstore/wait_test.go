package redisstore_test

import (
	"strings"
	"testing"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/internal/redistest"
	"github.com/latchkey-dev/latchkey/storetest"
)

// TestReplicas makes every write wait for a replica.
func TestReplicas(t *testing.T) {
	t.Parallel()
	master := redistest.Start(t)
	replica := redistest.StartReplica(t, master)
	url := master.URL() + "?replicas=1"
	storetest.Run(t, func(t *testing.T) latchkey.Store { return open(t, url) })

	s := open(t, url)
	rec := session()
	master.Command(t, "SCRIPT", "FLUSH")
	must(t, s.Create(t.Context(), rec))
	if got := replica.Command(t, "EXISTS", "lk1:s:{"+rec.ID.String()+"}"); got != "1" {
		t.Error("a Create has returned that the replica does not have")
	}
	replica.Kill(t)
	redistest.Until(t, "the master has noticed", func() bool { return strings.Contains(master.Command(t, "INFO", "replication"), "connected_slaves:0") })
	err := s.Swap(t.Context(), ended(rec))
	unknown(t, "Swap without a replica", err)
	if err == nil || !strings.Contains(err.Error(), "0 replicas of 1") {
		t.Errorf("Swap without a replica: %v", err)
	}
	if got, err := s.Get(t.Context(), rec.ID); err != nil || got.Version != 2 {
		t.Errorf("it has taken effect nevertheless: %+v, %v", got, err)
	}
}
