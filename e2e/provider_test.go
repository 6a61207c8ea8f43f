package e2e_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// calls records the apps' calls to the provider, and every secret that passed between them.
type calls struct {
	mu      sync.Mutex
	made    []call
	more    chan struct{} // closed when there is another call
	secrets []string
}

// A call is one request of an app to the provider. The status is 0 if there was no response.
type call struct {
	app, method, path string
	status            int
}

func (c call) String() string { return fmt.Sprintf("%s: %s %s %d", c.app, c.method, c.path, c.status) }

func newCalls() *calls { return &calls{more: make(chan struct{})} }

// transport is an app's connection to the provider.
func (c *calls) transport(app string, next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		made := call{app: app, method: r.Method, path: r.URL.Path}
		resp, err := next.RoundTrip(r)
		if err == nil {
			made.status = resp.StatusCode
			var body []byte
			body, err = io.ReadAll(resp.Body)
			resp.Body.Close()
			resp.Body = io.NopCloser(bytes.NewReader(body))
			c.keepSecretsOf(body)
		}
		c.note(made)
		return resp, err
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (rt roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return rt(r) }

func (c *calls) note(made call) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.made = append(c.made, made)
	close(c.more)
	c.more = make(chan struct{})
}

// keepSecretsOf collects the tokens of a response. The signature of a JWT counts separately too.
func (c *calls) keepSecretsOf(body []byte) {
	var answer map[string]any
	if json.Unmarshal(body, &answer) != nil {
		return // an error page
	}
	for _, name := range []string{"token", "refreshToken", "access_token", "refresh_token", "id_token", "two_factor_id", "twoFactorId"} {
		secret, ok := answer[name].(string)
		if !ok {
			continue
		}
		c.keepSecret(secret)
		if parts := strings.Split(secret, "."); len(parts) == 3 {
			c.keepSecret(parts[2])
		}
	}
}

// keepSecret adds text that no browser may ever receive.
func (c *calls) keepSecret(secret string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !slices.Contains(c.secrets, secret) {
		c.secrets = append(c.secrets, secret)
	}
}

func (c *calls) allSecrets() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.secrets)
}

// forget starts a new page of the log. The secrets stay.
func (c *calls) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.made = nil
}

// since returns the calls since forget except revocations, which come in their own time, and health
// checks.
func (c *calls) since() (made []call) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, m := range c.made {
		if m.method != http.MethodDelete && m.path != "/api/status" {
			made = append(made, m)
		}
	}
	return made
}

// awaitRevocation returns when the provider has revoked a refresh token for an app since forget.
func (c *calls) awaitRevocation(ctx context.Context, app string) error {
	for {
		c.mu.Lock()
		revoked := slices.ContainsFunc(c.made, func(m call) bool {
			return m.app == app && m.method == http.MethodDelete && m.status == http.StatusOK
		})
		more := c.more
		c.mu.Unlock()
		if revoked {
			return nil
		}
		select {
		case <-more:
		case <-ctx.Done():
			return fmt.Errorf("the provider was not asked to revoke the refresh token: %w", ctx.Err())
		}
	}
}

// forget starts a new page of both logs.
func (w *world) forget() {
	w.wire.forget()
	w.calls.forget()
}

// wantCalls fails the test unless the site has made exactly these calls since forget, each as "POST
// /api/login 200".
func (s *site) wantCalls(want ...string) {
	s.Helper()
	var got []string
	for _, made := range s.calls.since() {
		if made.app == s.name {
			_, text, _ := strings.Cut(made.String(), ": ")
			got = append(got, text)
		}
	}
	if !slices.Equal(got, want) {
		s.Errorf("%s asked the provider %q, want %q", s.name, got, want)
	}
}

// wantRevoked waits until the provider has revoked a refresh token of the site, and fails the test
// if one of the user's is left.
func (s *site) wantRevoked() {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.Context(), patience)
	defer cancel()
	if err := s.calls.awaitRevocation(ctx, s.name); err != nil {
		s.Fatal(err)
	}
	if n := len(s.refreshTokens()); n != 0 {
		s.Errorf("the user still has %d refresh tokens for %s at the provider", n, s.name)
	}
}
