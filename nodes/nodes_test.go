// Package nodes tests many guards on one store, as the nodes of an app: real PostgreSQL and Redis
// servers, which are started, killed and cut off. It holds tests only.
//
// go test -v ./nodes prints the figures of docs/operating.md; with -long the runs are longer.
package nodes

import (
	"context"
	"flag"
	"log/slog"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/fusionauth"
	"github.com/latchkey-dev/latchkey/idp"
	"github.com/latchkey-dev/latchkey/idp/idptest"
	"github.com/latchkey-dev/latchkey/internal/pgtest"
)

var long = flag.Bool("long", false, "run as long as figures for docs/operating.md need")

func TestMain(m *testing.M) { pgtest.Main(m) }

// origin is that of the app. Over https, sessions can be bound to keys of their browsers.
const origin = "https://app.example.com"

// A deployment is one app: its provider, its keys, and the settings that all its nodes share.
type deployment struct {
	provider    *idptest.Provider
	application string
	config      latchkey.Config
}

func deploy(t *testing.T, config latchkey.Config) *deployment {
	t.Helper()
	d := &deployment{provider: idptest.New(t), config: config}
	d.application = d.provider.AddApplication(idp.Application{}).ID
	d.config.Origin, d.config.Keys = origin, latchkey.KeyRing{latchkey.NewKey()}
	if d.config.Logger == nil {
		d.config.Logger = slog.New(slog.DiscardHandler)
	}
	return d
}

// A node is one process of the app: its own guard, and its own connection to the store.
type node struct {
	*latchkey.Guard
	store     *counted
	handler   http.Handler
	refreshed atomic.Int64 // sessions that were refreshed or rebuilt here
	rebuilt   atomic.Int64
}

// node starts one more node.
func (d *deployment) node(t *testing.T, store watched) *node {
	t.Helper()
	n := &node{store: &counted{watched: store}}
	client, err := fusionauth.New(fusionauth.Config{URL: d.provider.URL, APIKey: latchkey.Secret(d.provider.APIKey), ApplicationID: d.application})
	if err != nil {
		t.Fatal(err)
	}
	config := d.config
	config.Provider, config.Store, config.OnEvent = client, n.store, n.note
	if n.Guard, err = latchkey.New(config); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		if err := n.Close(ctx); err != nil {
			t.Logf("Close: %v", err)
		}
	})
	mux := http.NewServeMux()
	mux.Handle("/api/", n.Handler())
	mux.Handle("/", n.Protect(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })))
	n.handler = mux
	return n
}

// nodes starts several nodes.
func (d *deployment) nodes(t *testing.T, open open, count int) []*node {
	t.Helper()
	var nodes []*node
	for range count {
		nodes = append(nodes, d.node(t, open(t)))
	}
	return nodes
}

func (n *node) note(_ context.Context, e latchkey.Event) {
	switch e.Kind {
	case latchkey.EventRefreshed:
		n.refreshed.Add(1)
	case latchkey.EventRebuilt:
		n.rebuilt.Add(1)
	}
}

// until waits for what servers do by themselves.
func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for late := time.Now().Add(time.Minute); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(late) {
			t.Fatalf("waited a minute for %s", what)
		}
	}
}
