// Package redisstore keeps sessions in Redis or Redis Cluster (6.2 or newer; Valkey too): for any
// number of nodes, and for sessions by the million.
//
// # What Redis promises, and what not
//
// A write that has returned has been carried out by one master, in its memory. Whether it survives
// depends on the servers' configuration:
//   - A server that crashes loses what it had not written to its disk: everything without
//     persistence, about the last second with "appendonly yes" and "appendfsync everysec", nothing
//     with "appendfsync always".
//   - A replica that takes over lacks what its master had not sent yet: usually milliseconds, but
//     in a partition everything that a master on the smaller side accepted until it noticed
//     (cluster-node-timeout). "min-replicas-to-write 1" with "min-replicas-max-lag" makes a master
//     refuse writes that nobody copies.
//   - With ?replicas=1 in the URL a write returns only when that many replicas have it (WAIT). Then
//     the loss of a master alone usually loses nothing that had returned: Redis prefers the replica
//     that has most, but does not guarantee it. A write that fewer replicas have acknowledged
//     within a second fails, although it has taken effect.
//   - A server with less memory than it needs evicts keys unless "maxmemory-policy" is noeviction.
//     Use that.
//
// Latchkey rebuilds a lost session from the browser's cookies, and the nodes that remember a lost
// tombstone write it again; see docs/threat-model.md.
//
// # Errors
//
// Every error but latchkey.ErrNotFound and latchkey.ErrConflict means that the outcome is unknown:
// a write whose response was lost may have taken effect. No write is sent twice. Each call ends
// within about three seconds.
//
// # Rights
//
// The user of the URL needs no more than these:
//
//	ACL SETUSER latchkey on >password ~lk1:* +@read +@write +@connection +@scripting
//	    +time +wait +cluster|slots +cluster|info +cluster|nodes
package redisstore

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/redis/rueidis"

	"github.com/latchkey-dev/latchkey"
)

// callLimit bounds each call, because a request waits for it.
const callLimit = 3 * time.Second

// Store is a latchkey.Store and a latchkey.Watcher. Use Open.
//
// It needs no Sweep: records expire by themselves at their Deadline, or an hour after their last
// write if that is later; those that are Unrevoked stay.
type Store struct {
	client   rueidis.Client
	option   rueidis.ClientOption
	replicas int64         // that must have a write before it returns
	healing  chan struct{} // running background announcements, see heal
	close    sync.Once
	closed   chan struct{}
}

var (
	_ latchkey.Store   = (*Store)(nil)
	_ latchkey.Watcher = (*Store)(nil)
)

// Open connects to the servers of a URL: redis://user:password@host:6379/0, or rediss:// for TLS.
// Several hosts, separated by commas, are nodes of one Redis Cluster; one node of a cluster is
// enough to find the others. A single address must belong to one server: when another takes its
// place, the first must be gone or close its connections. ?replicas=1 makes writes wait for a
// replica. User and password are percent-encoded. Another machine needs TLS, unless the URL says
// ?sslmode=disable, as in a URL of PostgreSQL. Open fails if no server answers, one is too old, or
// it refuses the user. Errors never contain the password.
func Open(ctx context.Context, url string) (*Store, error) {
	target, err := parseURL(url)
	if err != nil {
		return nil, fmt.Errorf("open redis store: %w", err)
	}
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("open redis store: %w", err)
	}
	option := target.option()
	client, err := rueidis.NewClient(option)
	if err != nil && len(target.hosts) > 1 && strings.Contains(err.Error(), "cluster support disabled") {
		err = errors.New("several hosts must be nodes of one Redis Cluster")
	}
	if err != nil {
		return nil, fmt.Errorf("open redis store at %s: %w", strings.Join(target.hosts, ","), err)
	}
	s := &Store{client: client, option: option, replicas: target.replicas, healing: make(chan struct{}, maxHealing), closed: make(chan struct{})}
	if err := s.check(ctx); err != nil {
		s.Close()
		return nil, fmt.Errorf("open redis store at %s: %w", strings.Join(target.hosts, ","), err)
	}
	return s, nil
}

// Close ends the connections, and every Watch.
func (s *Store) Close() error {
	s.close.Do(func() {
		close(s.closed)
		s.client.Close()
	})
	return nil
}

// limited bounds a call. After Close it ends before it begins: the connections of a cluster end one
// after the other.
func (s *Store) limited(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	select {
	case <-s.closed:
		cancel()
	default:
	}
	return ctx, cancel
}

// check checks that the servers can do what we need.
func (s *Store) check(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	hello, err := s.client.Do(ctx, s.client.B().Hello().Build()).AsMap()
	if err != nil {
		return err
	}
	field := hello["version"]
	version, _ := field.ToString()
	var major, minor int
	if _, err := fmt.Sscanf(version, "%d.%d", &major, &minor); err != nil || major < 6 || major == 6 && minor < 2 {
		return fmt.Errorf("version %q is too old: 6.2 or newer is needed", version)
	}
	return nil
}

// Create adds a record.
func (s *Store) Create(ctx context.Context, rec *latchkey.Record) error {
	value, err := encode(rec)
	if err != nil {
		return err
	}
	ctx, cancel := s.limited(ctx)
	defer cancel()
	if err := s.announce(ctx, rec); err != nil {
		return fmt.Errorf("create session: %w", err)
	}
	return s.write(ctx, createScript, rec, value, "")
}

// Get returns the record.
func (s *Store) Get(ctx context.Context, id latchkey.ID) (*latchkey.Record, error) {
	ctx, cancel := s.limited(ctx)
	defer cancel()
	rec, err := read(id, s.client.Do(ctx, s.client.B().Get().Key(sessionKey(id)).Build()))
	switch {
	case err != nil:
		return nil, fmt.Errorf("get session: %w", err)
	case rec == nil:
		return nil, latchkey.ErrNotFound
	}
	return rec, nil
}

// Swap replaces the record of the version before.
func (s *Store) Swap(ctx context.Context, next *latchkey.Record) error {
	value, err := encode(next)
	if err != nil {
		return err
	}
	ctx, cancel := s.limited(ctx)
	defer cancel()
	living := next.EndedAt.IsZero()
	if living {
		s.heal(ctx, next)
	} else if err := s.announce(ctx, next); err != nil {
		return fmt.Errorf("swap session: %w", err)
	}
	if err := s.write(ctx, swapScript, next, value, versionBytes(next.Version-1)); err != nil {
		return err
	}
	if !living {
		s.retract(ctx, next)
	}
	return nil
}

// write runs the script that stores a record.
func (s *Store) write(ctx context.Context, sc *script, rec *latchkey.Record, value, previous string) error {
	outcome, err := s.runDurably(ctx, sc, []string{sessionKey(rec.ID), changeKey(rec.ID)}, value, keepUntil(rec), previous)
	switch {
	case err != nil:
		return fmt.Errorf("%s session: %w", sc.name, err)
	case outcome == outcomeConflict:
		return latchkey.ErrConflict
	case outcome == outcomeMissing:
		return latchkey.ErrNotFound
	case outcome != outcomeDone:
		return fmt.Errorf("%s session: %w", sc.name, errFormat)
	}
	return nil
}
