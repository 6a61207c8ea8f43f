package sim

import (
	"encoding/json"
	"net/http"
	"net/url"
	"sync"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/dbsc"
	"github.com/latchkey-dev/latchkey/dbsc/dbsctest"
)

// A keychain is what a browser has that binds sessions: their keys. It does what Chromium does. We
// also note which session each key is for.
type keychain struct {
	*dbsctest.Browser

	mu      sync.Mutex
	of      map[string]latchkey.ID // by the id that the browser has been told
	lost    map[latchkey.ID]bool   // the key did not come back after a kill
	proofs  map[latchkey.ID]int    // for which there was a bound cookie
	offered string                 // the challenge of the newest registration
}

func newKeychain(w *world) *keychain {
	k := &keychain{of: make(map[string]latchkey.ID), lost: make(map[latchkey.ID]bool), proofs: make(map[latchkey.ID]int)}
	k.Browser = &dbsctest.Browser{
		Jar: cookieJar{w.browser}, Transport: network{w}, Background: w.underway.Go, Quota: dbsctest.ChromiumQuota, UserAgent: "browser",
		Report: func(e dbsctest.Event) {
			w.ledger.proved(e, k.report(e), w.browser.copy())
			w.browser.changed()
		},
	}
	return k
}

// report returns the session that an event is about.
func (k *keychain) report(e dbsctest.Event) latchkey.ID {
	k.mu.Lock()
	defer k.mu.Unlock()
	id := k.of[e.SessionID]
	if e.Kind == dbsctest.Refreshed {
		k.proofs[id]++
	}
	return id
}

// keep notes what the response to a request of this session tells about keys.
func (k *keychain) keep(id latchkey.ID, got reply) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if offers, _ := dbsc.ParseOffers(got.header); len(offers) > 0 {
		k.offered = offers[0].Challenge
	}
	var i dbsc.Instructions
	if got.path == registrationPath && got.status == http.StatusOK && json.Unmarshal(got.body.Bytes(), &i) == nil {
		k.of[i.SessionID] = id
	}
}

// restart brings the keys back that had reached the disk.
func (k *keychain) restart(back []dbsctest.Session) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, s := range k.Sessions() {
		k.lost[k.of[s.ID]] = true
		k.Drop(s.ID)
	}
	for _, s := range back {
		delete(k.lost, k.of[s.ID])
		k.Put(s)
	}
}

func (k *keychain) hasLost(id latchkey.ID) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.lost[id]
}

func (k *keychain) proofsOf(id latchkey.ID) int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.proofs[id]
}

// A knowledge is what malware can learn about the key of a session, besides the cookies.
type knowledge struct {
	id      string // that the browser has been told
	offered string // the challenge of the registration
	proof   string // the last one
}

func (k *keychain) known(id latchkey.ID) knowledge {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, s := range k.Sessions() {
		if k.of[s.ID] == id {
			return knowledge{s.ID, k.offered, s.Proof}
		}
	}
	return knowledge{}
}

// A cookieJar shows the browser's jar to its keychain. What the network brings is in it already.
type cookieJar struct{ *browser }

func (cookieJar) SetCookies(*url.URL, []*http.Cookie) {}

func (c cookieJar) Cookies(*url.URL) []*http.Cookie { return c.copy().cookies() }
