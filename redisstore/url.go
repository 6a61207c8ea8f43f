package redisstore

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/rueidis"
)

// A target is what a URL asks for.
type target struct {
	plain              bool // ?sslmode=disable
	tls                bool
	hosts              []string // host:port
	username, password string
	database           int
	replicas           int64
}

var errBadLogin = errors.New("cannot read the user and password: percent-encode them")

// parseURL reads redis://user:password@host:port,host:port/database?replicas=n&sslmode=disable. Its
// errors name no secret.
func parseURL(raw string) (target, error) {
	scheme, rest, found := strings.Cut(raw, "://")
	if !found || scheme != "redis" && scheme != "rediss" {
		return target{}, errors.New("the URL must begin with redis:// or rediss://")
	}
	authority, tail := rest, ""
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		authority, tail = rest[:i], rest[i:]
	}
	if strings.Count(rest, "@") > 1 || strings.Contains(tail, "@") { // otherwise part of a password could be taken for a host, and shown
		return target{}, errBadLogin
	}
	t := target{tls: scheme == "rediss"}
	hosts := authority
	if i := strings.LastIndexByte(authority, '@'); i >= 0 {
		hosts = authority[i+1:]
		login, err := url.Parse("redis://" + authority[:i] + "@host")
		if err != nil || login.User == nil { // that error would show the password
			return target{}, errBadLogin
		}
		t.username = login.User.Username()
		t.password, _ = login.User.Password()
	}
	for host := range strings.SplitSeq(hosts, ",") {
		address, err := hostPort(host)
		if err != nil {
			return target{}, err
		}
		t.hosts = append(t.hosts, address)
	}
	if err := t.parseTail(tail); err != nil {
		return t, err
	}
	if !t.tls && !t.plain && slices.ContainsFunc(t.hosts, remote) {
		return t, errors.New("no TLS to another machine: records and the password would cross the network unencrypted: " +
			"use rediss://, or, on a trusted network, ?sslmode=disable")
	}
	return t, nil
}

// CheckURL reports what Open would refuse in a URL, without connecting.
func CheckURL(url string) error {
	_, err := parseURL(url)
	return err
}

// remote distinguishes a host:port from this machine's names and addresses.
func remote(address string) bool {
	host, _, err := net.SplitHostPort(address)
	ip := net.ParseIP(host)
	return err != nil || host != "localhost" && (ip == nil || !ip.IsLoopback())
}

// hostPort adds the port of Redis if there is none.
func hostPort(host string) (string, error) {
	name, port, err := net.SplitHostPort(host)
	if err != nil {
		name, port, err = net.SplitHostPort(host + ":6379")
	}
	if err != nil || name == "" {
		return "", errors.New("want hosts and their ports between :// and the first slash: host:6379,host:6379")
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return "", fmt.Errorf("invalid port of host %s", name)
	}
	return net.JoinHostPort(name, port), nil
}

// parseTail reads what follows the hosts.
func (t *target) parseTail(tail string) error {
	u, err := url.Parse(tail)
	if err != nil || u.Fragment != "" {
		return errors.New("what follows the hosts must be /database?replicas=n")
	}
	if database := strings.TrimPrefix(u.Path, "/"); database != "" {
		if t.database, err = strconv.Atoi(database); err != nil || t.database < 0 {
			return errors.New("the database after the hosts is not a number")
		}
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return errors.New("cannot read what follows the question mark")
	}
	for name, values := range query {
		switch {
		case len(values) != 1 || name != "replicas" && name != "sslmode":
			return errors.New("only two settings may follow the question mark, once each: replicas and sslmode")
		case name == "sslmode":
			if t.plain = values[0] == "disable"; !t.plain || t.tls {
				return errors.New("sslmode must be disable, with redis:// only: rediss:// is TLS with a verified certificate")
			}
		default:
			if t.replicas, err = strconv.ParseInt(values[0], 10, 16); err != nil || t.replicas < 0 {
				return errors.New("replicas is not a number")
			}
		}
	}
	return nil
}

// option configures the client. The limits add up to callLimit or less, and bound what has no
// context.
func (t target) option() rueidis.ClientOption {
	o := rueidis.ClientOption{
		InitAddress: t.hosts, Username: t.username, Password: t.password, SelectDB: t.database, ClientName: "latchkey",
		DisableCache:       true, // the guard has its own cache, which Watch keeps correct
		Dialer:             net.Dialer{Timeout: 2 * time.Second, KeepAlive: time.Second},
		ConnWriteTimeout:   2 * time.Second,
		RetryDelay:         retryDelay,
		ReadBufferEachConn: 64 << 10, WriteBufferEachConn: 64 << 10, // a cluster has many connections
		BlockingPoolSize: 256, BlockingPoolCleanup: time.Minute, // for WAIT
		AlwaysPipelining: true, // so that a closed connection is noticed immediately, not by the next write
	}
	o.DialCtxFn = t.dial
	if t.tls {
		o.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	return o
}

// dial verifies the certificate for the name by which a server is known: cluster nodes that go by
// their addresses must have a certificate for the name in the URL.
func (t target) dial(ctx context.Context, address string, dialer *net.Dialer, config *tls.Config) (net.Conn, error) {
	if config == nil {
		return dialer.DialContext(ctx, "tcp", address)
	}
	name, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	if net.ParseIP(name) != nil {
		name, _, _ = net.SplitHostPort(t.hosts[0])
	}
	config = config.Clone()
	config.ServerName = name
	return (&tls.Dialer{NetDialer: dialer, Config: config}).DialContext(ctx, "tcp", address)
}

// retryDelay says when to retry a command. What Redis refused for the moment was not carried out
// and may be repeated. After a broken connection nobody knows: a write is not repeated, a read is,
// immediately and twice more, because the connection may just have been an old one.
func retryDelay(attempts int, cmd rueidis.Completed, err error) time.Duration {
	wait := 10 * time.Millisecond << min(attempts, 10)
	if _, refused := rueidis.IsRedisErr(err); refused && attempts <= 6 {
		return wait
	}
	if cmd.IsReadOnly() && attempts <= 3 {
		return wait
	}
	return -1
}
