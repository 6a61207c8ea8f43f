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
	"github.com/latchkey-dev/latchkey/internal/kickstart"
	"github.com/latchkey-dev/latchkey/internal/wholefile"
)

type idpCommand struct {
	logFlags `embed:""`

	Mail mailFlags `embed:"" prefix:"mail-"`

	Addr                       string `default:"127.0.0.1:9011" help:"Where it listens. 9011 is FusionAuth's port."`
	Data                       string `default:"latchkey-data" type:"path" help:"The directory of its database and its keys."`
	Kickstart                  string `type:"existingfile" help:"A kickstart file in FusionAuth's format, which sets a new provider up: variables, API keys, and requests in order. Passed over where there are API keys already."`
	BreachedPasswords          string `type:"existingfile" help:"A filter of passwords that cannot be set, made by latchkey passwords build-filter."`
	PlainHTTPOnATrustedNetwork bool   `name:"plain-http-on-a-trusted-network" help:"Listen on an address that is not loopback, though passwords and keys go over it unencrypted."`
}

// Run serves until the user stops the program. Without a kickstart file a new provider gets one API key for everything, which is written to a file.
func (c idpCommand) Run(w world) (err error) {
	if err := c.checkAddr(); err != nil {
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
	server, err := c.open(w.ctx, file, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Close()) }()
	listener, err := listen("--addr", c.Addr)
	if err != nil {
		return err
	}
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
		log.Info("the kickstart file is passed over: the provider has API keys already", "file", c.Kickstart)
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
		return fmt.Errorf("--addr %s: it speaks plain HTTP: listen on loopback, behind a proxy that does TLS, or say --plain-http-on-a-trusted-network", c.Addr)
	}
	return nil
}

func (c idpCommand) open(ctx context.Context, file *kickstart.File, log *slog.Logger) (*idp.Server, error) {
	send, err := c.Mail.sender()
	if err != nil {
		return nil, err
	}
	config := idp.Config{BreachedPasswords: c.BreachedPasswords, SendMail: send, Logger: log}
	if file != nil {
		config.DefaultTenantID = file.DefaultTenantID
	}
	server, _, err := openProviderIn(ctx, c.Data, config)
	if err != nil {
		return nil, err
	}
	// The gateway that had this provider in its process is another program now, or none: its address would get the users' names.
	if err := server.RemoveWebhook(ctx, ownWebhook("").ID); err != nil && !errors.Is(err, idp.ErrNotFound) {
		return nil, errors.Join(err, server.Close())
	}
	return server, nil
}

// firstKey makes the key of whoever administers the provider.
func (c idpCommand) firstKey(w world, server *idp.Server) error {
	key, path := rand.Text()+rand.Text(), filepath.Join(c.Data, "api-key")
	if err := server.EnsureAPIKey(w.ctx, idp.APIKey{Key: key, Description: "made at the first start"}); err != nil {
		return err
	}
	if err := wholefile.Write(path, []byte(key+"\n")); err != nil {
		return err
	}
	fmt.Fprintln(w.stderr, "an API key for everything is in", path)
	return nil
}

// kickOff does what a kickstart file says. The first request that fails ends it.
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
