package latchkey_test

import (
	"strings"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey/dbsc"
	"github.com/latchkey-dev/latchkey/dbsc/dbsctest"
)

// sendProof sends a proof of the browser's key, as browsers do beside their pages.
func (b *browser) sendProof(t *testing.T, a *app) {
	t.Helper()
	s := b.Keys.Sessions()[0]
	jwt, err := dbsctest.SignProof(s.Key, dbsc.Claims{Challenge: s.Challenge})
	must(t, err)
	if got := b.send(a, "POST", "/api/dbsc/refresh", "", header(dbsc.HeaderSessionID, s.ID), header(dbsc.HeaderResponse, jwt)); got.status != 200 {
		t.Errorf("a proof: %d %s", got.status, got.body)
	}
}

// A session whose browser proves its key, and does nothing else, is idle.
func TestDBS09_ProofsAreNoUse(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		b := w.bound(w.shop)
		for range 4 {
			time.Sleep(10 * time.Minute)
			b.sendProof(t, w.shop)
		}
		b.copy(w.shop, sessionCookie, boundCookie).get(w.shop, "/api/private").want(t, 401, "login_required", "")
		b.get(w.shop, "/api/private").ok(t, true) // the refresh cookie brings it back
	})
}

// Browsers prove no key for a navigation from another site. It comes again from a page of ours.
func TestDBS06_NavigationFromElsewhere(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		b := w.bound(w.shop)
		bare := b.copy(w.shop, sessionCookie, refreshCookie)
		for _, site := range []string{"cross-site", "same-site"} {
			got := bare.send(w.shop, "GET", "/api/private", "", navigate, header("Sec-Fetch-Site", site))
			if got.status != 401 || !strings.Contains(got.body, `http-equiv="refresh"`) || got.header["Set-Cookie"] != nil {
				t.Errorf("%s: %d %v %s", site, got.status, got.header, got.body)
			}
		}
		for _, site := range []string{"same-origin", "none"} {
			bare.send(w.shop, "GET", "/api/private", "", navigate, header("Sec-Fetch-Site", site)).want(t, 401, "device_proof_required", "")
		}
		b.send(w.shop, "GET", "/api/private", "", navigate).ok(t, false)
	})
}
