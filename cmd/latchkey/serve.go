package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/latchkey-dev/latchkey/internal/configfile"
)

type serveCommand struct {
	logFlags `embed:""`

	Config string `short:"c" default:"latchkey.yaml" type:"path" help:"The configuration file. latchkey init writes one."`
	TLS    bool   `name:"tls" help:"Like tls: local in the file: https for development, with a local certificate authority."`
}

// shutdownTime is how long requests may take to end when the user stops the program.
const shutdownTime = 10 * time.Second

// Run starts the gateway, prints the ready line, and serves until the user stops it. SIGHUP reloads
// the file.
func (c serveCommand) Run(w world) (err error) {
	reload := make(chan os.Signal, 1)
	signal.Notify(reload, syscall.SIGHUP) // SIGHUP during start or stop must not end the program
	defer signal.Stop(reload)
	file, err := c.read()
	if err != nil {
		return err
	}
	log := c.logger(w.stderr)
	listener, err := listen("listen", file.Listen)
	if err != nil {
		return err
	}
	defer listener.Close()
	s, err := openServing(w.ctx, file, log, listener.Addr())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	failed, shutdown, err := s.listenAndServe(listener)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, shutdown()) }()
	if s.certificates != nil && s.certificates.howToTrust != "" {
		fmt.Fprintln(w.stderr, s.certificates.howToTrust)
	}
	fmt.Fprintf(w.stdout, "ready %s\n", strings.Join(s.origins(file), " "))
	for {
		select {
		case <-w.ctx.Done():
			return nil
		case err := <-failed:
			return err
		case <-reload:
			if err := s.reload(w.ctx, c.read); err != nil {
				log.Error("configuration not reloaded: keeping the old one", "error", err)
				continue
			}
			log.Info("configuration reloaded", "file", c.Config)
		}
	}
}

func (c serveCommand) read() (*configfile.File, error) {
	file, err := configfile.Read(c.Config)
	if err == nil && c.TLS {
		file.TLS = configfile.TLS{Local: true}
	}
	return file, err
}

// listen opens an address, and says what to do if that fails.
func listen(key, addr string) (net.Listener, error) {
	listener, err := net.Listen("tcp", addr)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("%s: %s: port in use: stop the other program, or choose another port", key, addr)
	case errors.Is(err, syscall.EACCES):
		return nil, fmt.Errorf("%s: %s: no permission to open the port: choose one above 1023, or give the program CAP_NET_BIND_SERVICE", key, addr)
	case err != nil:
		return nil, fmt.Errorf("%s: %w", key, err)
	}
	return listener, nil
}

// listenAndServe starts the servers. The function that it returns stops them, lets requests end,
// and cuts streams.
func (s *serving) listenAndServe(listener net.Listener) (failed <-chan error, shutdown func() error, err error) {
	servers := []*http.Server{s.server(&s.events)}
	listeners := []net.Listener{listener}
	if s.certificates != nil {
		listeners[0] = s.certificates.listen(listener)
	}
	if s.file.Redirect != "" {
		plain, err := listen("redirect", s.file.Redirect)
		if err != nil {
			return nil, nil, err
		}
		servers, listeners = append(servers, s.server(s.certificates.redirect(s.port))), append(listeners, plain)
	}
	if s.file.Admin != "" {
		admin, err := listen("admin", s.file.Admin)
		if err != nil {
			return nil, nil, errors.Join(err, closeAll(listeners[1:]))
		}
		s.log.Info("serving health checks", "address", admin.Addr())
		servers, listeners = append(servers, s.adminServer()), append(listeners, admin)
	}
	servers[0].RegisterOnShutdown(s.live.closeStreams)
	ends := make(chan error, len(servers))
	for i, server := range servers {
		go func() { ends <- contain(func() error { return server.Serve(listeners[i]) }) }()
	}
	return ends, func() error {
		var errs []error
		for _, server := range servers {
			errs = append(errs, stopServer(server, shutdownTime))
		}
		return errors.Join(errs...)
	}, nil
}

func closeAll(listeners []net.Listener) error {
	var errs []error
	for _, l := range listeners {
		errs = append(errs, l.Close())
	}
	return errors.Join(errs...)
}

// server sets the limits that keep a slow client from tying up the server. The gateway itself paces
// bodies.
func (s *serving) server(handler http.Handler) *http.Server {
	return &http.Server{
		Handler: handler, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: http.DefaultMaxHeaderBytes, // the gateway has its own limit, and answers in JSON
		DisableGeneralOptionsHandler: true, // the gateway refuses OPTIONS *, like every target that is not a path
		ErrorLog:                     slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
}
