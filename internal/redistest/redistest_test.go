package redistest_test

import (
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey/internal/redistest"
)

func TestServer(t *testing.T) {
	s := redistest.Start(t, "appendonly yes", "appendfsync always")
	wants := func(want string) {
		t.Helper()
		if got := s.Command(t, "GET", "k"); got != want {
			t.Errorf("k is %q, want %q", got, want)
		}
	}
	s.Command(t, "SET", "k", "v")
	s.Kill(t)
	s.Restart(t)
	wants("v")
	s.Pause(t)
	time.AfterFunc(50*time.Millisecond, func() { s.Resume(t) })
	wants("v") // it waits
	s.Kill(t)
	s.Replace(t)
	wants("")
}

func TestReplica(t *testing.T) {
	s := redistest.Start(t)
	s.Command(t, "SET", "k", "v")
	if got := redistest.StartReplica(t, s).Command(t, "GET", "k"); got != "v" {
		t.Errorf("the replica has %q", got)
	}
}

func TestCluster(t *testing.T) {
	c := redistest.StartCluster(t)
	lost := c.Master(t, "k")
	lost.Command(t, "SET", "k", "v")
	redistest.Until(t, "the replica has it", func() bool { return lost.Command(t, "WAIT", "1", "100") == "1" })
	lost.Kill(t)
	redistest.Until(t, "another is master", func() bool { return c.Master(t, "k") != lost })
	redistest.Until(t, "it knows the value", func() bool { return c.Master(t, "k").Command(t, "GET", "k") == "v" })
	c.AwaitHealth(t)
}
