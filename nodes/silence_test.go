package nodes

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/internal/faultproxy"
	"github.com/latchkey-dev/latchkey/internal/pgtest"
	"github.com/latchkey-dev/latchkey/internal/redistest"
)

// servedInSilence is how long after the end a node that is cut off may serve the session.
const servedInSilence = 2 * time.Second

// TestRevocationInSilence drops every packet between one node and its store, closes nothing, and
// ends at another node a session that the first one has cached.
func TestRevocationInSilence(t *testing.T) {
	for name, start := range map[string]func(t *testing.T) (addr string, at func(t *testing.T, addr string) watched){
		"postgres": func(t *testing.T) (string, func(*testing.T, string) watched) {
			server := pgtest.Shared(t)
			url := server.Database(t)
			return server.Addr, func(t *testing.T, addr string) watched { return openPostgres(t, server.Via(url, addr)) }
		},
		"redis": func(t *testing.T) (string, func(*testing.T, string) watched) {
			return redistest.Start(t).Addr, func(t *testing.T, addr string) watched { return openRedis(t, "redis://"+addr) }
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			addr, at := start(t)
			proxy := faultproxy.Start(t, addr)
			d := deploy(t, latchkey.Config{})
			near, far := d.node(t, at(t, addr)), d.node(t, at(t, proxy.Addr))
			t.Cleanup(func() { proxy.Set(faultproxy.Fault{}) }) // so that the stores can close
			b := d.newBrowser(t, "ada")
			for range pick(2, 10) {
				b.mustLogin(t, near)
				untilInMemory(t, b, far)
				thief := b.copy()
				proxy.Set(faultproxy.Silent)
				if got := thief.visit(t.Context(), far); got.status != http.StatusOK {
					t.Fatalf("from memory, just after the silence began: %+v", got)
				}
				if got := b.logout(t.Context(), near); got.status != http.StatusNoContent {
					t.Fatalf("logout: %+v", got)
				}
				ended := time.Now()
				served := lastServed(t, thief, far, ended)
				t.Logf("served until %v after the end", served.Sub(ended).Round(time.Millisecond))
				if served.Sub(ended) > servedInSilence {
					t.Errorf("served %v after the end, want at most %v", served.Sub(ended), servedInSilence)
				}
				proxy.Set(faultproxy.Fault{})
				until(t, "a refusal", func() bool {
					got := thief.visit(t.Context(), far)
					if got.status == http.StatusOK {
						t.Fatal("served after the silence")
					}
					return got.status == http.StatusUnauthorized
				})
			}
		})
	}
}

// lastServed queries a node for a session for some seconds, and returns when it answered with 200
// last.
func lastServed(t *testing.T, b *browser, n *node, since time.Time) (last time.Time) {
	t.Helper()
	for last = since; time.Since(since) < servedInSilence+time.Second; time.Sleep(5 * time.Millisecond) {
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		if b.visit(ctx, n).status == http.StatusOK {
			last = time.Now()
		}
		cancel()
	}
	return last
}
