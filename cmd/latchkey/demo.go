package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/gofrs/flock"
)

type demoCommand struct {
	Addr           string        `default:"127.0.0.1:8080" help:"Loopback address of the store and the forums. Port 0 takes a free one."`
	IDPAddr        string        `name:"idp-addr" default:"127.0.0.1:9011" help:"Loopback address of the identity provider."`
	Data           string        `default:"latchkey-data" type:"path" help:"Directory of the databases and keys; made where it does not exist."`
	Idle           time.Duration `default:"30m" help:"A session id that is unused for so long expires."`
	SessionCap     time.Duration `default:"1h" help:"A session id expires after so long, used or not."`
	RefreshTTL     time.Duration `name:"refresh-ttl" default:"720h" help:"A refresh token brings the session back for so long after the last refresh."`
	InFlightWindow time.Duration `help:"The longest that a request may be under way (default 2m, at most a quarter of the cap and less than half of the idle time)."`
}

// Run starts the demo, prints the ready line, and serves until the user stops it.
func (c demoCommand) Run(w world) error {
	apps, provider, err := c.listen()
	if err != nil {
		return err
	}
	defer apps.Close()
	defer provider.Close()
	unlock, err := c.claimData()
	if err != nil {
		return err
	}
	defer unlock()
	secrets, err := loadDemoSecrets(filepath.Join(c.Data, "demo.json"))
	if err != nil {
		return err
	}
	log := slog.New(slog.NewTextHandler(w.stderr, nil))
	d, err := c.open(w.ctx, secrets, log, apps.Addr(), provider.Addr())
	if err != nil {
		return err
	}
	return d.serve(w, apps, provider)
}

// listen takes both ports first: most that can go wrong goes wrong here.
func (c demoCommand) listen() (apps, provider net.Listener, err error) {
	apps, err = listenLoopback("--addr", c.Addr)
	if err != nil {
		return nil, nil, err
	}
	provider, err = listenLoopback("--idp-addr", c.IDPAddr)
	if err != nil {
		apps.Close()
		return nil, nil, err
	}
	return apps, provider, nil
}

func listenLoopback(flag, addr string) (net.Listener, error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("%s %s: want host:port, such as 127.0.0.1:8080", flag, addr)
	}
	if ip, err := netip.ParseAddr(host); host != "localhost" && (err != nil || !ip.IsLoopback()) {
		return nil, fmt.Errorf("%s %s: the demo is not for production and listens on loopback only: use 127.0.0.1, [::1] or localhost", flag, addr)
	}
	listener, err := net.Listen("tcp", addr)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("%s %s: the port is in use: stop the other program, or choose another port with %s", flag, addr, flag)
	case err != nil:
		return nil, fmt.Errorf("%s %s: %w", flag, addr, err)
	}
	return listener, nil
}

// claimData makes the data directory and locks it against a second process.
func (c demoCommand) claimData() (unlock func() error, err error) {
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return nil, fmt.Errorf("--data %s: the directory cannot be made: %w", c.Data, errors.Unwrap(err))
	}
	lock := flock.New(filepath.Join(c.Data, "lock"), flock.SetPermissions(0o600))
	locked, err := lock.TryLock()
	if err != nil {
		var path *os.PathError
		if errors.As(err, &path) {
			err = path.Err
		}
		return nil, fmt.Errorf("--data %s: the directory cannot be written: %w", c.Data, err)
	}
	if !locked {
		return nil, fmt.Errorf("--data %s: another latchkey uses this directory", c.Data)
	}
	return lock.Unlock, nil
}

// closers closes in the opposite order of opening.
type closers []io.Closer

func (cs closers) Close() error {
	var errs []error
	for i := len(cs) - 1; i >= 0; i-- {
		errs = append(errs, cs[i].Close())
	}
	return errors.Join(errs...)
}

type closeFunc func() error

func (f closeFunc) Close() error { return f() }

// closeWithin gives a Close that takes a context so much time.
func closeWithin(d time.Duration, close func(context.Context) error) io.Closer {
	return closeFunc(func() error {
		ctx, cancel := context.WithTimeout(context.Background(), d)
		defer cancel()
		return close(ctx)
	})
}
