package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/internal/configfile"
)

const (
	checkTime   = 2 * time.Second // for each check
	checksValid = time.Second     // so that health checks put no load on the store and the provider
)

// A check fails with an error for the log.
type check func(context.Context) error

// A readiness finds out whether the gateway can work, and caches the result briefly.
type readiness struct {
	checks   map[string]check
	provider atomic.Pointer[string] // URL in force
	keys     atomic.Pointer[latchkey.KeyRing]
	log      *slog.Logger
	now      func() time.Time

	mu    sync.Mutex // held during the checks, so that concurrent requests share them
	at    time.Time
	found findings
}

// findings are the body of /readyz. Each check is "ok" or "failed"; the log says why it failed.
type findings struct {
	Ready  bool              `json:"ready"`
	Checks map[string]string `json:"checks"`
}

func newReadiness(s *serving) *readiness {
	r := &readiness{log: s.log, now: time.Now}
	path := sessionKeys(s.file.Data)
	r.checks = map[string]check{
		"store":    func(ctx context.Context) error { return askStore(ctx, s.store) },
		"provider": func(ctx context.Context) error { return askProvider(ctx, *r.provider.Load()) },
		"keys":     func(context.Context) error { return errors.Join(readKeys(path, *r.keys.Load()), s.strangers.check()) },
	}
	return r
}

// askAt sets the URL of the provider.
func (r *readiness) askAt(provider string) { r.provider.Store(&provider) }

// expect sets the keys in force.
func (r *readiness) expect(keys latchkey.KeyRing) { r.keys.Store(&keys) }

func (s *serving) providerURL(file *configfile.File) string {
	if s.embedded != nil {
		return s.embedded.url
	}
	return file.Provider.URL
}

// look returns the findings of the last second, or runs the checks. A request that goes away does
// not cancel them, because others wait for the same result.
func (r *readiness) look() findings {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.at.IsZero() && r.now().Sub(r.at) < checksValid {
		return r.found
	}
	ctx, cancel := context.WithTimeout(context.Background(), checkTime)
	defer cancel()
	type result struct {
		name string
		err  error
	}
	results := make(chan result, len(r.checks))
	for name, check := range r.checks {
		go func() { results <- result{name, contain(func() error { return check(ctx) })} }()
	}
	found := findings{Ready: true, Checks: make(map[string]string)}
	for range r.checks {
		got := <-results
		found.Checks[got.name] = "ok"
		if got.err != nil {
			found.Ready, found.Checks[got.name] = false, "failed"
		}
		if before := r.found.Checks[got.name]; got.err != nil && before != "failed" {
			r.log.Warn("not ready", "check", got.name, "error", got.err)
		} else if got.err == nil && before == "failed" {
			r.log.Info("ready again", "check", got.name)
		}
	}
	r.found, r.at = found, r.now()
	return found
}

// askStore reads a session that cannot exist: ids are random, and none is all zeros.
func askStore(ctx context.Context, store latchkey.Store) error {
	if _, err := store.Get(ctx, latchkey.ID{}); err != nil && !errors.Is(err, latchkey.ErrNotFound) {
		return err
	}
	return nil
}

// statusClient follows no redirects, and keeps no connection that the next probe could find dead.
var statusClient = &http.Client{
	Transport:     &http.Transport{Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true, MaxResponseHeaderBytes: 16 << 10},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// askProvider gets the provider's status, which needs no key and costs no password hash.
func askProvider(ctx context.Context, provider string) error {
	at, err := url.JoinPath(provider, "/api/status")
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, at, nil)
	if err != nil {
		return err
	}
	resp, err := statusClient.Do(r)
	if err != nil {
		return err
	}
	if err := resp.Body.Close(); err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", at, resp.Status)
	}
	return nil
}

// readKeys compares the file with the keys in force.
func readKeys(path string, inForce latchkey.KeyRing) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	ring, err := latchkey.ParseKeys(string(text))
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return compareKeys(path, ring, inForce)
}

// strangersFor is how long readiness remembers another node's unknown key. The guard reports it
// once a minute while that node works.
const strangersFor = 3 * time.Minute

// strangers are nodes that share the store but not the keys.
type strangers struct {
	mu   sync.Mutex
	at   time.Time
	last error
}

// note receives the guards' events.
func (s *strangers) note(_ context.Context, e latchkey.Event) {
	if e.Kind != latchkey.EventUnknownKey {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.at, s.last = time.Now(), e.Err
}

// forget starts over, with other keys.
func (s *strangers) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last = nil
}

func (s *strangers) check() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.last != nil && time.Since(s.at) < strangersFor {
		return s.last
	}
	return nil
}
