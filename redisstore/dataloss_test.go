package redisstore_test

import (
	"net"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey/internal/faultproxy"
	"github.com/latchkey-dev/latchkey/internal/redistest"
)

// In all of these tests the store stays open.

func TestServerReplacedByAnEmptyOne(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	l := start(t, open(t, server.URL()))
	l.progress(1000)
	server.Kill(t)
	time.Sleep(time.Second) // under load: while the server is down there is no ErrNotFound
	l.allowLoss(true)
	server.Replace(t)
	l.progress(1000)
	if l.failed == 0 || l.lost == 0 {
		t.Error("nothing was lost")
	}
}

func TestServerRestartedFromItsDisk(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t, "appendonly yes", "appendfsync always")
	l := start(t, open(t, server.URL()))
	for range 3 {
		l.progress(300)
		server.Kill(t)
		server.Restart(t)
	}
	l.progress(300)
}

func TestServerPaused(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	l := start(t, open(t, server.URL()))
	l.progress(1000)
	server.Pause(t)
	time.Sleep(callLimit) // so that calls reach their limit
	server.Resume(t)
	l.progress(1000)
}

func TestNetwork(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	proxy := faultproxy.Start(t, server.Addr)
	l := start(t, open(t, "redis://"+proxy.Addr))
	l.progress(500)
	for _, fault := range []faultproxy.Fault{faultproxy.Silent, {HoldAnswers: true}, {Cut: true}} {
		proxy.Set(fault)
		time.Sleep(2 * time.Second) // longer than a Watch is patient, and than a connection is
		proxy.Set(faultproxy.Fault{})
		l.progress(500)
	}
	proxy.Set(faultproxy.Fault{Delay: 300 * time.Millisecond}) // slower than the heartbeat
	l.progress(50)
}

func TestMasterLost(t *testing.T) {
	t.Parallel()
	cluster := redistest.StartCluster(t)
	for name, c := range map[string]struct {
		query   string
		mayLose bool // replication is asynchronous
	}{"asynchronous": {"", true}, "with WAIT": {"?replicas=1", false}} {
		t.Run(name, func(t *testing.T) {
			cluster.AwaitHealth(t)
			l := start(t, open(t, cluster.URL()+c.query))
			l.allowLoss(c.mayLose)
			l.progress(1000)
			rec := session()
			key := "lk1:s:{" + rec.ID.String() + "}"
			lost := cluster.Master(t, key)
			lost.Kill(t)
			redistest.Until(t, "its replica is promoted", func() bool { return cluster.Master(t, key) != lost })
			lost.Restart(t) // empty, and a replica from now on
			redistest.Until(t, "its slots can be written", func() bool { return l.s.Create(t.Context(), rec) == nil })
			l.progress(1000)
		})
	}
}

// TestClusterChanges has replicas promoted by hand, and then moves slots to a new master. Sessions
// are written all the while, and Watch reports each.
func TestClusterChanges(t *testing.T) {
	t.Parallel()
	cluster := redistest.StartCluster(t)
	l := start(t, open(t, cluster.URL()))
	l.allowLoss(true)                                                                              // of a takeover
	for _, how := range [][]string{{"CLUSTER", "FAILOVER"}, {"CLUSTER", "FAILOVER", "TAKEOVER"}} { // with the votes of the other masters, and without asking anyone
		w := watch(t, l.s)
		key := "lk1:s:{" + session().ID.String() + "}"
		old := cluster.Master(t, key)
		cluster.Replica(t, old).Command(t, how...)
		w.endsWithin(t, 10*time.Second, "")
		redistest.Until(t, "the replica is master", func() bool { return cluster.Master(t, key) != old })
		cluster.AwaitHealth(t)
		l.progress(500)
	}
	l.allowLoss(false)
	l.mu.Lock()
	failed := l.failed
	l.mu.Unlock()
	w := watch(t, l.s)
	turned := cluster.Replica(t, cluster.Master(t, "k")) // becomes a master without slots, unknown to the others
	turned.Command(t, "CLUSTER", "RESET", "SOFT")
	host, port, err := net.SplitHostPort(cluster.Master(t, "k").Addr)
	must(t, err)
	turned.Command(t, "CLUSTER", "MEET", host, port)
	w.endsWithin(t, 10*time.Second, "other masters")
	cluster.AwaitHealth(t)
	l.progress(500)
	w = watch(t, l.s)
	added := cluster.Join(t)
	w.endsWithin(t, 10*time.Second, "cluster")
	l.progress(500)
	w = watch(t, l.s)
	cluster.Reshard(t, cluster.Master(t, "k"), added, 300)
	w.endsWithin(t, 10*time.Second, "cluster")
	l.progress(500)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.failed > failed {
		t.Errorf("%d calls failed while slots moved", l.failed-failed)
	}
}
