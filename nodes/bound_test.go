package nodes

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/dbsc/dbsctest"
)

// TestBoundSession registers a key at one node, proves it at another, and uses the session at a
// third, which has it in memory as it was before: that one asks for proofs as soon as it would
// learn of an end.
func TestBoundSession(t *testing.T) {
	for _, backend := range append(backends, sqliteProcesses) {
		t.Run(backend.name, func(t *testing.T) {
			t.Parallel()
			var ahead atomic.Int64
			now := func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
			d := deploy(t, latchkey.Config{Now: now})
			nodes := d.nodes(t, backend.start(t), 3)
			b := d.newBrowser(t, "ada")
			keys := &dbsctest.Browser{Jar: b, Transport: toNode{}, Now: now}
			b.mustLoginAndRegister(t, nodes[0], keys)
			thief := b.copy()
			delete(thief.jar, "__Host-bound")
			untilInMemory(t, thief, nodes[2])

			mustServe(t, nodes[1], keys)  // and the first proof
			ahead.Add(int64(time.Minute)) // for requests that left before
			began := time.Now()
			until(t, "the third node to ask for a proof", func() bool {
				return thief.visit(t.Context(), nodes[2]).status == http.StatusUnauthorized
			})
			took := time.Since(began)
			t.Logf("%v after the binding", took.Round(100*time.Microsecond))
			if took > servedAtMost {
				t.Errorf("the third node has served without a proof for %v", took)
			}
			for i := range 12 {
				ahead.Add(int64(7 * time.Minute))
				mustServe(t, nodes[i%3], keys)
				if got := thief.visit(t.Context(), nodes[i%3]); got.status != http.StatusUnauthorized {
					t.Errorf("a copy of the cookies is answered with %+v", got)
				}
			}
			if len(keys.Sessions()) != 1 {
				t.Error("the browser has given up its key")
			}
		})
	}
}

// mustLoginAndRegister logs in, and registers a key.
func (b *browser) mustLoginAndRegister(t *testing.T, n *node, keys *dbsctest.Browser) {
	t.Helper()
	ctx := context.WithValue(t.Context(), nodeKey{}, n)
	r := b.request(ctx, "POST", "/api/login", b.credentials())
	resp, err := keys.RoundTrip(r)
	must(t, err)
	keys.RunDue(ctx)
	if resp.StatusCode != http.StatusOK || len(keys.Sessions()) != 1 {
		t.Fatalf("login: %d, %d keys", resp.StatusCode, len(keys.Sessions()))
	}
}

// mustServe visits a node, and then does what the browser does beside the page.
func mustServe(t *testing.T, n *node, keys *dbsctest.Browser) {
	t.Helper()
	ctx := context.WithValue(t.Context(), nodeKey{}, n)
	r, err := http.NewRequestWithContext(ctx, "GET", origin+"/", nil)
	must(t, err)
	resp, err := keys.RoundTrip(r)
	must(t, err)
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("the owner is answered with %d", resp.StatusCode)
	}
	keys.RunDue(ctx)
}

type nodeKey struct{}

// toNode sends requests to the node that their context names.
type toNode struct{}

// RoundTrip is an [http.RoundTripper].
func (toNode) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	r.Context().Value(nodeKey{}).(*node).handler.ServeHTTP(w, r)
	resp := w.Result()
	resp.Request = r
	return resp, nil
}

// Cookies makes a browser an [http.CookieJar].
func (b *browser) Cookies(*url.URL) (list []*http.Cookie) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for name, value := range b.jar {
		list = append(list, &http.Cookie{Name: name, Value: value})
	}
	return list
}

// SetCookies keeps those of a response.
func (b *browser) SetCookies(_ *url.URL, cookies []*http.Cookie) { b.keep(cookies) }
