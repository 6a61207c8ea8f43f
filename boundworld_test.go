package latchkey_test

import (
	"context"
	"encoding/base64"
	"sync"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/dbsc"
	"github.com/latchkey-dev/latchkey/dbsc/dbsctest"
)

const (
	deviceRegisterRoute = "/api/dbsc/register"
	deviceRefreshRoute  = "/api/dbsc/refresh"
)

// registered logs a browser in, which registers a key. It proves the key with its next request.
func (w *world) registered(a *app) *browser {
	w.Helper()
	b := w.bindingBrowser()
	b.login(a)
	if len(b.Keys.Sessions()) != 1 {
		w.Fatal("no key is registered")
	}
	return b
}

// record is what the store has of the browser's session.
func (b *browser) record(a *app) *latchkey.Record {
	a.w.Helper()
	raw, err := base64.RawURLEncoding.DecodeString(b.jar(a)[sessionCookie])
	must(a.w, err)
	rec, err := a.w.store.Store.Get(a.w.Context(), latchkey.ID(raw[5:21]))
	must(a.w, err)
	return rec
}

// isBound reports whether the store has the browser's session as bound.
func (b *browser) isBound(a *app) bool {
	a.w.Helper()
	rec := b.record(a)
	return rec.Binding != nil && !rec.Binding.BoundAt.IsZero()
}

// proof is what the browser posts for its newest session, signed for a challenge.
func (b *browser) proof(a *app, challenge string) keyProof {
	a.w.Helper()
	s := b.newest(a)
	jwt, err := dbsctest.SignProof(s.Key, dbsc.Claims{Challenge: challenge})
	must(a.w, err)
	return keyProof{"POST", s.ID, jwt, b.jar(a)}
}

// newest is what the browser knows of the session that it registered last.
func (b *browser) newest(a *app) dbsctest.Session {
	a.w.Helper()
	all := b.Keys.Sessions()
	if len(all) == 0 {
		a.w.Fatal("the browser has no key")
	}
	return all[len(all)-1]
}

// challenge returns a challenge of now for the browser's newest session.
func (b *browser) challenge(a *app) string {
	a.w.Helper()
	got := keyProof{"POST", b.newest(a).ID, "", b.jar(a)}.send(a)
	challenges, err := dbsc.ParseChallenges(got.header)
	must(a.w, err)
	if got.status != 403 || len(challenges) != 1 {
		a.w.Fatalf("%d, challenges %v", got.status, challenges)
	}
	return challenges[0].Value
}

// An eventLog keeps the events of guards.
type eventLog struct {
	mu   sync.Mutex
	list []latchkey.Event
}

func (l *eventLog) observe(c *latchkey.Config) {
	c.OnEvent = func(_ context.Context, e latchkey.Event) {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.list = append(l.list, e)
	}
}

// take returns the events of one kind since the last call, and forgets all.
func (l *eventLog) take(kind latchkey.EventKind) (found []latchkey.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range l.list {
		if e.Kind == kind {
			found = append(found, e)
		}
	}
	l.list = nil
	return found
}
