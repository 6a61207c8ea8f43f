package redistest

import (
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// A Cluster is a Redis Cluster of three masters with a replica each.
type Cluster struct {
	Nodes []*Server
}

// StartCluster starts a cluster for one test, in which a replica replaces a master that is silent
// for two seconds. It takes some seconds.
func StartCluster(t testing.TB, settings ...string) *Cluster {
	t.Helper()
	c := &Cluster{}
	args := []string{"create"}
	for range 6 {
		node := c.addNode(t, settings...)
		args = append(args, node.Addr)
	}
	c.command(t, append(args, "--cluster-replicas", "1", "--cluster-yes")...)
	c.AwaitHealth(t)
	return c
}

func (c *Cluster) addNode(t testing.TB, settings ...string) *Server {
	t.Helper()
	node := Start(t, append([]string{"cluster-enabled yes", "cluster-node-timeout 2000"}, settings...)...)
	c.Nodes = append(c.Nodes, node)
	return node
}

// Join adds a master without slots.
func (c *Cluster) Join(t testing.TB) *Server {
	t.Helper()
	known := c.Nodes[0]
	node := c.addNode(t)
	c.command(t, "add-node", node.Addr, known.Addr)
	c.AwaitHealth(t)
	return node
}

// Reshard moves this many slots from one master to another.
func (c *Cluster) Reshard(t testing.TB, from, to *Server, slots int) {
	t.Helper()
	c.command(t, "reshard", from.Addr, "--cluster-from", from.Command(t, "CLUSTER", "MYID"), "--cluster-to", to.Command(t, "CLUSTER", "MYID"),
		"--cluster-slots", strconv.Itoa(slots), "--cluster-yes")
	c.AwaitHealth(t)
}

// command runs a command of redis-cli --cluster.
func (c *Cluster) command(t testing.TB, args ...string) {
	t.Helper()
	if out, err := exec.Command("redis-cli", append([]string{"--cluster"}, args...)...).CombinedOutput(); err != nil {
		t.Fatalf("redis-cli --cluster %s: %v: %s", args[0], err, out)
	}
}

// URL names three of the nodes.
func (c *Cluster) URL() string {
	return "redis://" + c.Nodes[0].Addr + "," + c.Nodes[1].Addr + "," + c.Nodes[2].Addr
}

// AwaitHealth waits until all running nodes agree on the masters and report a healthy cluster, and
// every running replica follows its master.
func (c *Cluster) AwaitHealth(t testing.TB) {
	t.Helper()
	Until(t, "the cluster is healthy", func() bool {
		views := make(map[string]bool)
		for _, node := range c.running() {
			info := node.Command(t, "CLUSTER", "INFO")
			if !strings.Contains(info, "cluster_state:ok") || strings.Contains(node.Command(t, "INFO", "replication"), "master_link_status:down") {
				return false
			}
			views[field(info, "cluster_known_nodes")+field(info, "cluster_size")+field(info, "cluster_current_epoch")+roles(node.Command(t, "CLUSTER", "NODES"))] = true
		}
		return len(views) == 1
	})
}

// roles reads the masters and replicas from CLUSTER NODES.
func roles(nodes string) string {
	var all []string
	for line := range strings.Lines(nodes) {
		fields := strings.Fields(line)
		all = append(all, fields[0]+" "+strings.TrimPrefix(fields[2], "myself,"))
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

func (c *Cluster) running() (running []*Server) {
	for _, node := range c.Nodes {
		if node.run != nil {
			running = append(running, node)
		}
	}
	return running
}

func field(info, name string) string {
	_, rest, _ := strings.Cut(info, name+":")
	value, _, _ := strings.Cut(rest, "\r\n")
	return value + " "
}

// Master returns the master that has a key's slot.
func (c *Cluster) Master(t testing.TB, key string) *Server {
	t.Helper()
	asked := c.running()[0]
	slot, err := strconv.Atoi(asked.Command(t, "CLUSTER", "KEYSLOT", key))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(asked.Command(t, "CLUSTER", "NODES")) {
		fields := strings.Fields(line)
		for _, slots := range fields[min(8, len(fields)):] {
			from, to, several := strings.Cut(slots, "-")
			first, err1 := strconv.Atoi(from)
			last := first
			var err2 error
			if several {
				last, err2 = strconv.Atoi(to)
			}
			if err1 == nil && err2 == nil && first <= slot && slot <= last {
				return c.node(t, fields[1])
			}
		}
	}
	t.Fatalf("no master has slot %d", slot)
	return nil
}

// Replica returns a replica of a master.
func (c *Cluster) Replica(t testing.TB, master *Server) *Server {
	t.Helper()
	id := master.Command(t, "CLUSTER", "MYID")
	for line := range strings.Lines(master.Command(t, "CLUSTER", "NODES")) {
		if fields := strings.Fields(line); fields[3] == id {
			return c.node(t, fields[1])
		}
	}
	t.Fatalf("%s has no replica", master.Addr)
	return nil
}

func (c *Cluster) node(t testing.TB, address string) *Server {
	t.Helper()
	address, _, _ = strings.Cut(address, "@")
	for _, node := range c.Nodes {
		if node.Addr == address {
			return node
		}
	}
	t.Fatalf("no node at %s", address)
	return nil
}
