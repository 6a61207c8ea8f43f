package gateway_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/idp"
)

// A weakProvider can be down, and counts refreshes.
type weakProvider struct {
	latchkey.Provider
	away  atomic.Bool
	calls atomic.Int64
}

func (p *weakProvider) Refresh(ctx context.Context, r latchkey.Renewal) (latchkey.Grant, error) {
	p.calls.Add(1)
	if p.away.Load() {
		return latchkey.Grant{}, errors.New("the provider is away")
	}
	return p.Provider.Refresh(ctx, r)
}

// countedStore counts the calls of one request.
type countedStore struct {
	latchkey.Store
	reads, writes atomic.Int64
}

func (s *countedStore) Get(ctx context.Context, id latchkey.ID) (*latchkey.Record, error) {
	s.reads.Add(1)
	return s.Store.Get(ctx, id)
}

func (s *countedStore) Swap(ctx context.Context, next *latchkey.Record) error {
	s.writes.Add(1)
	return s.Store.Swap(ctx, next)
}

// While the provider is away, a request whose JWT has expired asks it once, and is answered with
// 503. The next one after the provider is back is served.
func TestOneRequestAsksTheProviderOnce(t *testing.T) {
	w := newWorld(t, idp.Application{AccessTokenTTL: 5 * time.Minute})
	provider, store := &weakProvider{Provider: w.login.Provider}, &countedStore{Store: w.store}
	w.login.Provider, w.login.Store = provider, store
	n := w.serve()
	b := n.loggedIn()
	w.clock.Advance(2 * time.Minute)
	b.do("GET", "/api/x", "").want(t, 200, "")
	w.app.take()
	w.clock.Advance(10 * time.Minute)
	provider.away.Store(true)
	store.reads.Store(0)
	store.writes.Store(0)
	got := b.do("GET", "/api/x", "")
	got.want(t, 503, "provider_unavailable")
	if got.header.Get("Retry-After") == "" || len(w.app.take()) != 0 {
		t.Errorf("%v", got.header)
	}
	if calls, reads, writes := provider.calls.Load(), store.reads.Load(), store.writes.Load(); calls != 1 || reads > 10 || writes > 4 {
		t.Errorf("%d calls of the provider, %d reads and %d writes of the store", calls, reads, writes)
	}
	var tabs sync.WaitGroup
	for range 20 {
		tabs.Go(func() {
			resp, err := n.client.Do(b.request("GET", "/api/x", ""))
			if err != nil {
				t.Error(err)
				return
			}
			n.read(resp).want(t, 503, "provider_unavailable")
		})
	}
	tabs.Wait()
	if calls := provider.calls.Load(); calls > 5 {
		t.Errorf("%d calls of the provider for 21 requests within one moment", calls)
	}
	provider.away.Store(false)
	w.clock.Advance(3 * time.Second)
	b.do("GET", "/api/x", "").want(t, 200, "")
}
