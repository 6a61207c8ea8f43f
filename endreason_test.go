package latchkey_test

import (
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey"
)

// What outlives its request can ask whether its session is over. That keeps no session alive.
func TestEndReason(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		config := w.config(w.shop, discard)
		config.AbsoluteTimeout, config.RefreshTTL = 9*24*time.Hour, 3*24*time.Hour
		w.shop.start(config)
		var id latchkey.ID
		find := w.shop.guard.Protect(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			session, _ := latchkey.From(r.Context())
			id = session.ID
		}))
		want := func(when string, reason latchkey.EndReason) {
			t.Helper()
			if got, err := w.shop.guard.EndReason(t.Context(), id); err != nil || got != reason {
				t.Errorf("%s: %q, %v; want %q", when, got, err, reason)
			}
		}
		login := func() *browser {
			b := newBrowser()
			b.login(w.shop)
			find.ServeHTTP(httptest.NewRecorder(), b.request(w.shop, "/x"))
			return b
		}
		want("a session that nobody knows", "")
		b := login()
		want("after the login", "")
		for range 60 {
			time.Sleep(time.Minute)
			want("unused", "")
		}
		thief := b.copy(w.shop, sessionCookie)
		thief.get(w.shop, "/api/private").want(t, 401, "login_required", "")
		b.get(w.shop, "/api/private").ok(t, true)
		b.send(w.shop, "POST", "/api/logout", "{}")
		want("after the logout", latchkey.EndLogout)

		time.Sleep(25 * time.Minute) // the store is swept at full hours
		login()
		time.Sleep(3 * 24 * time.Hour)
		want("when the refresh token has expired", latchkey.EndRefreshExpired)
		time.Sleep(6 * 24 * time.Hour)
		want("after the absolute timeout", latchkey.EndAbsoluteTimeout)

		w.store.cut(true)
		if _, err := w.shop.guard.EndReason(t.Context(), id); err == nil {
			t.Error("without a store it cannot be known")
		}
	})
}

// EndReason reports an end on another node within 0.6 s, even if the store's stream is silent.
func TestEndReason_ofASilentStream(t *testing.T) {
	onTwoNodes(t, func(t *testing.T, w *world, store *tellingStore, nodes [2]*app) {
		b := newBrowser()
		b.login(nodes[0])
		raw, err := base64.RawURLEncoding.DecodeString(b.sessions(nodes[1]).Sessions[0].ID)
		must(t, err)
		store.silent.Store(true)
		b.send(nodes[0], "POST", "/api/logout", "").want(t, 204, "", "")
		time.Sleep(600 * time.Millisecond)
		if reason, err := nodes[1].guard.EndReason(t.Context(), latchkey.ID(raw)); reason != latchkey.EndLogout || err != nil {
			t.Errorf("ended: %q, %v", reason, err)
		}
	})
}
