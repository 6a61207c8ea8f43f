package nodes

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/latchkey-dev/latchkey/idp/idptest"
)

// A browser has one cookie jar for all nodes of the app, and follows redirects. It may have several
// tabs, which share the jar.
type browser struct {
	email string

	mu  sync.Mutex
	jar map[string]string
}

// newBrowser is the browser of a new user.
func (d *deployment) newBrowser(t *testing.T, name string) *browser {
	t.Helper()
	email := name + "@example.com"
	d.provider.AddUser(email, d.application)
	return &browser{email: email, jar: make(map[string]string)}
}

// copy has the same cookies and its own jar, like a thief.
func (b *browser) copy() *browser {
	b.mu.Lock()
	defer b.mu.Unlock()
	return &browser{email: b.email, jar: maps.Clone(b.jar)}
}

// An answer is what a browser sees in the end. The status is 0 if it gave up before.
type answer struct {
	status    int
	endReason string
}

// mostRedirections is where browsers give up (Fetch, section 4.4).
const mostRedirections = 20

// send sends a request to a node, and follows redirects. When ctx is done the browser has given up:
// a later response does not reach it.
func (b *browser) send(ctx context.Context, n *node, method, path, body string) answer {
	for range mostRedirections {
		r := b.request(ctx, method, path, body)
		w := httptest.NewRecorder()
		done := make(chan struct{})
		go func() {
			defer close(done)
			n.handler.ServeHTTP(w, r)
		}()
		select {
		case <-done:
		case <-ctx.Done():
			return answer{}
		}
		if ctx.Err() != nil {
			return answer{}
		}
		b.keep(w.Result().Cookies())
		if w.Code != http.StatusTemporaryRedirect {
			var problem struct{ EndReason string }
			_ = json.Unmarshal(w.Body.Bytes(), &problem) // most responses are not problems
			return answer{w.Code, problem.EndReason}
		}
	}
	return answer{status: http.StatusTemporaryRedirect}
}

func (b *browser) request(ctx context.Context, method, path, body string) *http.Request {
	r := httptest.NewRequestWithContext(ctx, method, origin+path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Origin", origin)
	b.mu.Lock()
	defer b.mu.Unlock()
	for name, value := range b.jar {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	return r
}

func (b *browser) keep(cookies []*http.Cookie) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, c := range cookies {
		if b.jar[c.Name] = c.Value; c.MaxAge < 0 {
			delete(b.jar, c.Name)
		}
	}
}

func (b *browser) visit(ctx context.Context, n *node) answer { return b.send(ctx, n, "GET", "/", "") }

func (b *browser) logout(ctx context.Context, n *node) answer {
	return b.send(ctx, n, "POST", "/api/logout", "")
}

func (b *browser) login(ctx context.Context, n *node) answer {
	return b.send(ctx, n, "POST", "/api/login", b.credentials())
}

func (b *browser) credentials() string {
	return fmt.Sprintf(`{"email":%q,"password":%q}`, b.email, idptest.Password)
}

// mustLogin logs in while everything works.
func (b *browser) mustLogin(t *testing.T, n *node) {
	t.Helper()
	if got := b.login(t.Context(), n); got.status != http.StatusOK {
		t.Fatalf("login: %d", got.status)
	}
}
