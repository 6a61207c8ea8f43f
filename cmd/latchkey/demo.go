package main

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"path/filepath"
	"syscall"
	"time"
)

type demoCommand struct {
	logFlags `embed:""`

	Addr           string        `default:"127.0.0.1:8080" help:"Loopback address of the store and the forums. Port 0 takes a free one."`
	IDPAddr        string        `name:"idp-addr" default:"127.0.0.1:9011" help:"Loopback address of the identity provider."`
	Data           string        `default:"latchkey-demo" type:"path" help:"Directory of the databases and keys. It is created if it does not exist."`
	Idle           time.Duration `default:"30m" help:"How long an unused session id lives."`
	SessionCap     time.Duration `default:"1h" help:"How long a session id lives, used or not."`
	RefreshTTL     time.Duration `name:"refresh-ttl" default:"720h" help:"How long after the last refresh the session can be brought back."`
	TLS            bool          `name:"tls" help:"Serve the store and the forums over https, with a local certificate authority that your browser must trust."`
	InFlightWindow time.Duration `help:"The longest time that a request and its response take (default 2m, at most a quarter of --cap, and less than half of --idle)."`
}

// Run starts the demo, prints the ready line, and serves until the user stops it.
func (c demoCommand) Run(w world) error {
	apps, provider, err := c.listen()
	if err != nil {
		return err
	}
	defer apps.Close()
	defer provider.Close()
	unlock, err := claimDirectory("--data", c.Data)
	if err != nil {
		return err
	}
	defer unlock()
	secrets, err := loadDemoSecrets(filepath.Join(c.Data, "demo.json"))
	if err != nil {
		return err
	}
	log := c.logger(w.stderr)
	d, err := c.open(w.ctx, secrets, log, apps.Addr(), provider.Addr())
	if err != nil {
		return err
	}
	return d.serve(w, apps, provider)
}

// listen opens both ports first, because most start-up failures are there.
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
		return nil, fmt.Errorf("%s %s: the demo is not for production, and listens on loopback only: use 127.0.0.1, [::1] or localhost", flag, addr)
	}
	listener, err := net.Listen("tcp", addr)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("%s %s: port in use: stop the other program, or choose another port with %s", flag, addr, flag)
	case err != nil:
		return nil, fmt.Errorf("%s %s: %w", flag, addr, err)
	}
	return listener, nil
}
