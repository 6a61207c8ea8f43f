package main

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"slices"
	"sync"

	"github.com/latchkey-dev/latchkey/gateway"
)

// A liveGateway is the gateway in force. Another can replace it between two requests without
// dropping any.
type liveGateway struct {
	mu      sync.RWMutex
	now     *gateway.Gateway
	begun   *sync.WaitGroup // requests given to now
	retired sync.WaitGroup
	all     map[*gateway.Gateway]struct{} // not closed yet
	errs    []error
}

// ServeHTTP passes the request to the gateway in force.
func (l *liveGateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	l.mu.RLock()
	g, begun := l.now, l.begun
	begun.Add(1)
	l.mu.RUnlock()
	defer begun.Done()
	g.ServeHTTP(w, r)
}

// replace puts g in force. The gateway before it is closed when its last request has ended.
func (l *liveGateway) replace(g *gateway.Gateway) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.all == nil {
		l.all = make(map[*gateway.Gateway]struct{})
	}
	if old, begun := l.now, l.begun; old != nil {
		l.retired.Go(func() {
			begun.Wait()
			l.retire(context.Background(), old)
		})
	}
	l.all[g] = struct{}{}
	l.now, l.begun = g, &sync.WaitGroup{}
}

func (l *liveGateway) retire(ctx context.Context, g *gateway.Gateway) {
	err := contain(func() error { return g.Close(ctx) })
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.all, g)
	l.errs = append(l.errs, err)
}

// closeStreams cuts connections that would never end by themselves.
func (l *liveGateway) closeStreams() {
	l.mu.RLock()
	defer l.mu.RUnlock()
	for g := range l.all {
		g.CloseStreams()
	}
}

// inForce returns the gateway that takes requests now, or nil.
func (l *liveGateway) inForce() *gateway.Gateway {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.now
}

// requestTime is the share of the closing time that requests get to end. What the gateways still
// have pending is stored after it.
const requestTime = shutdownTime / 3

// close waits for requests and closes every gateway. No more requests may come.
func (l *liveGateway) close(ctx context.Context) error {
	l.closeStreams()
	requests, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	ended := make(chan struct{})
	go func() {
		l.begun.Wait()
		l.retired.Wait()
		close(ended)
	}()
	select {
	case <-ended:
	case <-requests.Done():
	}
	for _, g := range l.open() {
		l.retire(ctx, g)
	}
	l.mu.RLock()
	defer l.mu.RUnlock()
	return errors.Join(l.errs...)
}

// open returns the gateways that are not closed.
func (l *liveGateway) open() []*gateway.Gateway {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return slices.Collect(maps.Keys(l.all))
}
