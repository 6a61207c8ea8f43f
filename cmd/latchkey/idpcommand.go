package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"path/filepath"

	"github.com/latchkey-dev/latchkey/idp"
	"github.com/latchkey-dev/latchkey/internal/issuer"
	"github.com/latchkey-dev/latchkey/internal/kickstart"
	"github.com/latchkey-dev/latchkey/internal/wholefile"
)

type idpCommand struct {
	logFlags `embed:""`

	Mail mailFlags `embed:"" prefix:"mail-"`

	Addr                       string  `default:"127.0.0.1:9011" help:"The address to listen on. 9011 is FusionAuth's port."`
	Issuer                     *string `placeholder:"URL" help:"The issuer of its tokens: the address at which apps reach it, such as https://auth.example.com. Default: the one that it has; a new provider takes its own address."`
	Data                       string  `default:"latchkey-data" type:"path" help:"The directory of its database and keys."`
	Kickstart                  string  `type:"existingfile" help:"A kickstart file in FusionAuth's format, which sets up a new provider: variables, API keys, and requests in order. It is skipped if the provider has API keys already."`
	BreachedPasswords          string  `type:"existingfile" help:"A filter of passwords to refuse, made by latchkey passwords build-filter."`
	PlainHTTPOnATrustedNetwork bool    `name:"plain-http-on-a-trusted-network" help:"Allow an address that is not loopback, although passwords and keys cross the network unencrypted."`
}

// Run serves until the user stops the program. Without a kickstart file, a new provider gets one
// API key that may do everything, written to a file.
func (c idpCommand) Run(w world) (err error) {
	if err := errors.Join(c.checkAddr(), c.checkIssuer()); err != nil {
		return &usageError{err}
	}
	var file *kickstart.File
	if c.Kickstart != "" {
		if file, err = kickstart.Read(c.Kickstart); err != nil {
			return err
		}
	}
	log := c.logger(w.stderr)
	unlock, err := claimDirectory("--data", c.Data)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	listener, err := listen("--addr", c.Addr)
	if err != nil {
		return err
	}
	defer listener.Close()
	server, err := c.open(w.ctx, file, log, ownURL(samePort(c.Addr, listener)))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Close()) }()
	fresh, err := server.HasAPIKeys(w.ctx)
	fresh = !fresh
	web := newServer(server)
	web.ErrorLog = slog.NewLogLogger(log.Handler(), slog.LevelDebug)
	failed := make(chan error, 1)
	go func() { failed <- contain(func() error { return web.Serve(listener) }) }()
	defer func() { err = errors.Join(err, stopServer(web, shutdownTime)) }()
	url := "http://" + listener.Addr().String()
	switch {
	case err != nil:
	case fresh && file != nil:
		err = kickOff(w.ctx, server, file, url)
	case fresh:
		err = c.firstKey(w, server)
	case file != nil:
		log.Info("kickstart file skipped: the provider has API keys already", "file", c.Kickstart)
	}
	if err != nil {
		return err
	}
	fmt.Fprintln(w.stdout, "ready", url)
	select {
	case <-w.ctx.Done():
		return nil
	case err := <-failed:
		return err
	}
}

func (c idpCommand) checkAddr() error {
	host, _, err := net.SplitHostPort(c.Addr)
	if err != nil {
		return fmt.Errorf("--addr %s: want host:port, such as 127.0.0.1:9011", c.Addr)
	}
	if ip, err := netip.ParseAddr(host); host != "localhost" && (err != nil || !ip.IsLoopback()) && !c.PlainHTTPOnATrustedNetwork {
		return fmt.Errorf("--addr %s: the provider speaks plain HTTP: listen on loopback behind a proxy that does TLS, or add --plain-http-on-a-trusted-network", c.Addr)
	}
	return nil
}

func (c idpCommand) checkIssuer() error {
	if c.Issuer == nil {
		return nil
	}
	if err := issuer.Check(*c.Issuer); err != nil {
		return fmt.Errorf("--issuer %s: %w", *c.Issuer, err)
	}
	return nil
}

func (c idpCommand) open(ctx context.Context, file *kickstart.File, log *slog.Logger, url string) (*idp.Server, error) {
	send, err := c.Mail.sender()
	if err != nil {
		return nil, err
	}
	config := idp.Config{URL: url, BreachedPasswords: c.BreachedPasswords, SendMail: send, Logger: log}
	if c.Issuer != nil {
		config.Issuer = *c.Issuer
	}
	if file != nil {
		config.DefaultTenantID = file.DefaultTenantID
	}
	server, _, err := openProviderIn(ctx, c.Data, config)
	if err != nil {
		return nil, err
	}
	// Forget the webhook of a gateway that ran this provider in its process: whatever listens at
	// that address now would receive users' names.
	if err := server.RemoveWebhook(ctx, ownWebhook("").ID); err != nil && !errors.Is(err, idp.ErrNotFound) {
		return nil, errors.Join(err, server.Close())
	}
	return server, nil
}

// firstKey makes the administrator's key.
func (c idpCommand) firstKey(w world, server *idp.Server) error {
	key, path := rand.Text()+rand.Text(), filepath.Join(c.Data, "api-key")
	if err := server.EnsureAPIKey(w.ctx, idp.APIKey{Key: key, Description: "made at the first start"}); err != nil {
		return err
	}
	if err := wholefile.Write(path, []byte(key+"\n")); err != nil {
		return err
	}
	fmt.Fprintln(w.stderr, "an API key that may do everything is in", path)
	return nil
}

// kickOff runs a kickstart file. The first request that fails ends it.
func kickOff(ctx context.Context, server *idp.Server, file *kickstart.File, url string) error {
	for i, k := range file.APIKeys {
		err := server.EnsureAPIKey(ctx, idp.APIKey{Key: k.Key, Description: k.Description, TenantID: k.TenantID, Endpoints: k.Permissions.Endpoints})
		if err != nil {
			return fmt.Errorf("kickstart: apiKeys[%d]: %w", i, err)
		}
	}
	for i, request := range file.Requests {
		if err := send(ctx, file.APIKeys[0].Key, url, request); err != nil {
			return fmt.Errorf("kickstart: requests[%d]: %s %s: %w", i, request.Method, request.URL, err)
		}
	}
	return nil
}

func send(ctx context.Context, key, url string, request kickstart.Request) error {
	r, err := http.NewRequestWithContext(ctx, request.Method, url+request.URL, bytes.NewReader(request.Body))
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", key)
	if len(request.Body) > 0 {
		r.Header.Set("Content-Type", "application/json")
	}
	if request.TenantID != "" {
		r.Header.Set("X-FusionAuth-TenantId", request.TenantID)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s %s", resp.Status, body)
	}
	return err
}
