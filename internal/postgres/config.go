// Package postgres opens a PostgreSQL database: connections with bounded waits, a schema for each
// package, migrated to the newest version, and the retries that the server asks for.
package postgres

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"
	"github.com/jackc/pgx/v5/pgxpool"
)

const (
	// Limit bounds one call, including connecting and waiting for a free connection. The server
	// itself gives up on a statement after the same time, so that nothing takes effect much later
	// than its caller gave up.
	Limit = 3 * time.Second

	// connections is the maximum size of a pool, unless the URL has pool_max_conns. Commits that
	// wait for the disk together are written together.
	connections = 16

	// ready is the number of connections opened in advance, unless the URL has pool_min_conns:
	// opening one takes some milliseconds of processor time on both sides.
	ready = 4
)

// A Schema is the namespace in the database that holds the tables of one package, so that several
// can share a database.
type Schema string

// The schemas.
const (
	Sessions Schema = "latchkey_sessions"
	Provider Schema = "latchkey_provider"
)

// ParseConfig reads a URL, postgres://user:password@host:port/database, with PostgreSQL's own
// parameters and the pool_… ones of pgxpool. It connects only to a server that accepts writes: a
// standby's data may be old. A host other than this machine must have a valid certificate, unless
// the URL or the environment says sslmode=disable; the modes in between, which use TLS but accept
// any certificate, or none, are refused. Errors do not contain the password.
func ParseConfig(source string, schema Schema) (*pgxpool.Config, error) {
	if !strings.HasPrefix(source, "postgres://") && !strings.HasPrefix(source, "postgresql://") {
		return nil, errors.New("not a URL of the form postgres://user:password@host:port/database")
	}
	u, err := url.Parse(source)
	if err != nil {
		return nil, errors.New("malformed URL (special characters in a password are written %XX)") // err quotes the URL, with the password
	}
	config, err := pgxpool.ParseConfig(source)
	if err != nil {
		return nil, err
	}
	query := u.Query()
	if !query.Has("sslmode") && !query.Has("ssl") && os.Getenv("PGSSLMODE") == "" && anyRemote(config) {
		query.Set("sslmode", "verify-full")
		u.RawQuery = query.Encode()
		if config, err = pgxpool.ParseConfig(u.String()); err != nil {
			return nil, err
		}
	}
	if err := checkTLS(config, query); err != nil {
		return nil, err
	}
	if !query.Has("pool_max_conns") {
		config.MaxConns = connections
	}
	if !query.Has("pool_min_conns") {
		config.MinConns = min(ready, config.MaxConns)
	}
	bound(config)
	settings := config.ConnConfig.RuntimeParams
	settings["search_path"] = string(schema)
	for name, value := range map[string]string{"application_name": "latchkey", "statement_timeout": strconv.FormatInt(Limit.Milliseconds(), 10)} {
		if settings[name] == "" {
			settings[name] = value
		}
	}
	config.ConnConfig.ValidateConnect = pgconn.ValidateConnectTargetSessionAttrsReadWrite
	return config, nil
}

// bound makes sure that no wait for the network is longer than a call may take.
func bound(config *pgxpool.Config) {
	dialer := &net.Dialer{Timeout: Limit, KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 5 * time.Second, Interval: time.Second, Count: 3}}
	config.ConnConfig.DialFunc = dialer.DialContext
	if t := config.ConnConfig.ConnectTimeout; t == 0 || t > Limit {
		config.ConnConfig.ConnectTimeout = Limit
	}
	config.PingTimeout = time.Second
	config.ConnConfig.BuildContextWatcherHandler = func(conn *pgconn.PgConn) ctxwatch.Handler { return resetter{conn} }
}

// A resetter resets a connection whose caller has given up. A statement that a broken network has
// held back is then lost; otherwise it could arrive, and take effect, minutes later.
type resetter struct{ conn *pgconn.PgConn }

func (r resetter) HandleCancel(context.Context) {
	conn := r.conn.Conn()
	if secured, ok := conn.(*tls.Conn); ok {
		conn = secured.NetConn() // without TLS's close_notify, which could block too
	}
	if tcp, ok := conn.(interface{ SetLinger(sec int) error }); ok {
		tcp.SetLinger(0)
	}
	conn.Close()
}

func (resetter) HandleUnwatchAfterCancel() {}

// checkTLS refuses modes that look like protection: an attacker on the network path can answer
// sslmode=require with a certificate of their own, and sslmode=prefer and allow without TLS.
func checkTLS(config *pgxpool.Config, query url.Values) error {
	if cmp.Or(query.Get("sslmode"), os.Getenv("PGSSLMODE")) == "disable" {
		return nil
	}
	unproved := func(host string, c *tls.Config) bool {
		return remote(host) && (c == nil || c.InsecureSkipVerify && c.VerifyPeerCertificate == nil)
	}
	bad := unproved(config.ConnConfig.Host, config.ConnConfig.TLSConfig)
	for _, fallback := range config.ConnConfig.Fallbacks {
		bad = bad || unproved(fallback.Host, fallback.TLSConfig)
	}
	if bad {
		return errors.New("this sslmode does not verify the server, so records and the password could be intercepted: leave sslmode out (verify-full, with sslrootcert " +
			"for your own authority), or, on a trusted network, use sslmode=disable")
	}
	return nil
}

func anyRemote(config *pgxpool.Config) bool {
	if remote(config.ConnConfig.Host) {
		return true
	}
	for _, fallback := range config.ConnConfig.Fallbacks {
		if remote(fallback.Host) {
			return true
		}
	}
	return false
}

// remote distinguishes a host from this machine's names and addresses, and from the directory of a
// Unix socket.
func remote(host string) bool {
	ip := net.ParseIP(host)
	return host != "localhost" && !strings.HasPrefix(host, "/") && !strings.HasPrefix(host, "@") && (ip == nil || !ip.IsLoopback())
}
