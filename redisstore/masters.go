package redisstore

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"strconv"
	"strings"

	"github.com/redis/rueidis"
)

// A layout is what Watch has found: the masters, and in a cluster the state of the cluster. Watch
// is right only as long as every write goes to one of these masters. A replica becomes a master by
// the votes of other masters, each of which raises its epoch before it votes; a master learns of a
// new node before it moves a slot to it. So a write that went elsewhere and had returned before a
// round began shows in the round: a master has died, or is one no longer, or the epoch or number of
// nodes has changed. What bypasses the masters (CLUSTER FAILOVER TAKEOVER, CLUSTER RESET) shows
// when one of them, asked in turn, lists other masters than before.
type layout struct {
	masters map[string]string // address by node; "" for a single server
	cluster *clusterState     // nil: not a cluster
}

// A clusterState is the part of CLUSTER INFO that changes when slots may move to other nodes.
type clusterState struct {
	nodes, masters, epoch uint64 // known nodes, masters that have slots, the current epoch
}

// layout asks the servers, one after the other until one answers.
func (s *Store) layout(ctx context.Context) (layout, error) {
	if s.client.Mode() != rueidis.ClientModeCluster {
		return layout{masters: map[string]string{"": s.option.InitAddress[0]}}, nil
	}
	nodes := s.client.Nodes()
	errs := []error{errors.New("no node of the cluster answers")}
	for address, node := range nodes {
		l, err := s.layoutOf(ctx, node, func(known string) bool { return nodes[known] != nil }, address)
		if err == nil {
			return l, nil
		}
		errs = append(errs, fmt.Errorf("%s: %w", address, err))
	}
	return layout{}, errors.Join(errs...)
}

func (s *Store) layoutOf(ctx context.Context, node rueidis.Client, known func(string) bool, asked string) (layout, error) {
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	answers := node.DoMulti(ctx, node.B().ClusterInfo().Build(), node.B().ClusterNodes().Build())
	state, err := readState(answers[0])
	if err != nil {
		return layout{}, err
	}
	text, err := readText(answers[1])
	if err != nil {
		return layout{}, err
	}
	masters, err := parseMasters(text)
	if err != nil {
		return layout{}, err
	}
	l := layout{masters: make(map[string]string), cluster: &state}
	for name, at := range masters {
		l.masters[name] = at.choose(known, asked)
	}
	return l, nil
}

// confirm compares what a master says now: its CLUSTER INFO and, if it was asked for it, its
// CLUSTER NODES.
func (l layout) confirm(answers []rueidis.RedisResult) error {
	state, err := readState(answers[0])
	if err != nil {
		return err
	}
	if state != *l.cluster {
		return fmt.Errorf("the cluster is changing: epoch %d, %d nodes, %d masters with slots, not %d, %d, %d",
			state.epoch, state.nodes, state.masters, l.cluster.epoch, l.cluster.nodes, l.cluster.masters)
	}
	if len(answers) == 1 {
		return nil
	}
	text, err := readText(answers[1])
	if err != nil {
		return err
	}
	masters, err := parseMasters(text)
	if err != nil {
		return err
	}
	if !maps.EqualFunc(masters, l.masters, func(place, string) bool { return true }) {
		return errors.New("the cluster has other masters now")
	}
	return nil
}

func readState(answer rueidis.RedisResult) (clusterState, error) {
	text, err := readText(answer)
	if err != nil {
		return clusterState{}, err
	}
	return parseState(text)
}

// readText reads a text, with or without the type that RESP3 puts before it.
func readText(answer rueidis.RedisResult) (string, error) {
	text, err := answer.ToString()
	return strings.TrimPrefix(text, "txt:"), err
}

// parseState reads CLUSTER INFO, lines of name:value.
func parseState(text string) (state clusterState, err error) {
	fields := make(map[string]string)
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(strings.TrimRight(line, "\r\n"), ":")
		fields[name] = value
	}
	if fields["cluster_state"] != "ok" {
		return state, fmt.Errorf("the cluster's state is %.20q", fields["cluster_state"])
	}
	for name, number := range map[string]*uint64{
		"cluster_known_nodes": &state.nodes, "cluster_size": &state.masters, "cluster_current_epoch": &state.epoch,
	} {
		if *number, err = strconv.ParseUint(fields[name], 10, 64); err != nil {
			return state, fmt.Errorf("CLUSTER INFO has no number for %s", name)
		}
	}
	return state, nil
}

// A place is where a node says that it can be reached.
type place struct {
	ip, port, hostname string
}

// choose prefers the hostname if the client reaches the node by it, and assumes that a node that
// does not know its own address is where it was asked.
func (p place) choose(known func(string) bool, asked string) string {
	if byName := net.JoinHostPort(p.hostname, p.port); p.hostname != "" && known(byName) {
		return byName
	}
	if p.ip == "" {
		return asked
	}
	return net.JoinHostPort(p.ip, p.port)
}

// parseMasters reads CLUSTER NODES: a line a node, "id ip:port@busport,hostname flags master …
// slots". A failed master without slots is left out.
func parseMasters(text string) (map[string]place, error) {
	masters := make(map[string]place)
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if len(fields) < 8 {
			return nil, errors.New("CLUSTER NODES has a line without its eight fields")
		}
		flags := make(map[string]bool)
		for flag := range strings.SplitSeq(fields[2], ",") {
			flags[flag] = true
		}
		switch slots := len(fields) > 8; {
		case !flags["master"]:
			continue
		case flags["fail"] && slots:
			return nil, fmt.Errorf("master %.40s has failed", fields[0])
		case !slots && (flags["fail"] || flags["handshake"] || flags["noaddr"]):
			continue
		}
		address, rest, _ := strings.Cut(fields[1], "@")
		colon := strings.LastIndexByte(address, ':')
		if colon < 0 {
			return nil, errors.New("CLUSTER NODES has a master without an address")
		}
		p := place{ip: address[:colon], port: address[colon+1:]}
		if names := strings.Split(rest, ","); len(names) > 1 && !strings.Contains(names[1], "=") {
			p.hostname = names[1]
		}
		masters[fields[0]] = p
	}
	if len(masters) == 0 {
		return nil, errors.New("CLUSTER NODES names no master")
	}
	return masters, nil
}
