package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"time"
)

// newServer sets the limits that keep a slow or greedy client from holding the server (OWASP Denial
// of Service).
func newServer(handler http.Handler) *http.Server {
	return &http.Server{
		Handler: handler, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 30 * time.Second,
		WriteTimeout: 60 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 256 << 10, // cookies planted by a sibling host must not lock users out
	}
}

// serve answers until the user stops the program, then lets requests end and closes everything.
func (d *demo) serve(w world, apps, provider net.Listener) (err error) {
	defer func() { err = errors.Join(err, d.Close()) }()
	servers := []*http.Server{newServer(http.HandlerFunc(d.route)), newServer(&d.events)}
	failed := make(chan error, len(servers))
	listeners := []net.Listener{apps, provider}
	if d.tls != nil {
		listeners[0] = d.tls.listen(apps)
	}
	for i, listener := range listeners {
		go func() { failed <- contain(func() error { return servers[i].Serve(listener) }) }()
	}
	defer func() {
		for _, s := range servers {
			err = errors.Join(err, stopServer(s, 5*time.Second))
		}
	}()
	if err := d.probe(w.ctx, apps.Addr().String()); err != nil {
		return err
	}
	if d.tls != nil {
		fmt.Fprintln(w.stderr, d.tls.howToTrust)
		fmt.Fprintln(w.stderr, d.howToBind())
	}
	fmt.Fprintf(w.stderr, "latchkey demo: NOT FOR PRODUCTION. Data is in %s; remove it to start over. Mails to users are written to %s. Ctrl-C ends the demo.\n", d.command.Data, d.outbox())
	fmt.Fprintf(w.stdout, "ready store=%s forums=%s idp=%s user=%s password=%s outbox=%s\n",
		d.origin("store"), d.origin("forums"), d.idpURL, d.secrets.Email, d.secrets.Password, d.outbox())
	select {
	case <-w.ctx.Done():
		return nil
	case err := <-failed:
		return err
	}
}

// howToBind says how a Chromium on Linux binds its sessions. It does so for tests only, and trusts
// no certificate that the user has merely accepted.
func (d *demo) howToBind() string {
	return fmt.Sprintf(`To see logins that are tied to their browser, on Linux, with a profile for this demo only:
  chromium --user-data-dir=%s %s --enable-features=DeviceBoundSessions,EnableBoundSessionCredentialsSoftwareKeysForManualTesting %s`,
		filepath.Join(d.command.Data, "chromium"), d.tls.chromium, d.origin("store"))
}

// probe sends each part a request, so that "ready" is true.
func (d *demo) probe(ctx context.Context, apps string) error {
	client, scheme := &http.Client{}, "http://"
	if d.tls != nil {
		client.Transport, scheme = &http.Transport{TLSClientConfig: &tls.Config{RootCAs: d.tls.roots}}, "https://"
	}
	defer client.CloseIdleConnections()
	for url, host := range map[string]string{
		scheme + apps + "/":      "store.localhost:" + d.port,
		scheme + apps + "/?":     "forums.localhost:" + d.port,
		d.idpURL + "/api/status": "",
	} {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		req.Host = host
		resp, err := client.Do(req)
		if err != nil {
			return err
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			return fmt.Errorf("%s answers %s to its first request", req.Host, resp.Status)
		}
	}
	return nil
}

// route gives each host its app. Other names of this machine get a page with links.
func (d *demo) route(w http.ResponseWriter, r *http.Request) {
	host, _, err := net.SplitHostPort(r.Host)
	if err != nil {
		host = r.Host
	}
	if app, ok := d.hosts[strings.ToLower(host)]; ok {
		app.ServeHTTP(w, r)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	w.WriteHeader(http.StatusNotFound)
	fmt.Fprintf(w, `<!doctype html><html lang="en"><title>Latchkey demo</title><h1>Latchkey demo</h1>
<p>Each app has a host of its own: <a href="%[1]s">%[1]s</a> and <a href="%[2]s">%[2]s</a>.</p>`, d.origin("store"), d.origin("forums"))
}
