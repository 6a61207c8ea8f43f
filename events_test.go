package latchkey_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey"
)

func TestEvents(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		var mu sync.Mutex
		var seen []string
		config := w.config(w.shop, discard)
		config.OnEvent = func(_ context.Context, e latchkey.Event) {
			mu.Lock()
			defer mu.Unlock()
			if e.App != "store" || e.Time.IsZero() || e.Device.IP != "203.0.113.7" {
				t.Errorf("%+v", e)
			}
			seen = append(seen, strings.TrimSpace(fmt.Sprint(e.Kind, " ", e.Code, e.Reason)))
		}
		w.shop.start(config)
		b := newBrowser()
		b.send(w.shop, "POST", "/api/login", `{"email":"ada@example.com","password":"wrong"}`)
		b.login(w.shop)
		time.Sleep(2 * time.Minute)
		b.get(w.shop, "/api/private")
		thief := b.copy(w.shop)
		time.Sleep(time.Hour)
		w.faults.set(answer(500, "", ""))
		b.get(w.shop, "/api/private")
		w.faults.set(nil)
		b.get(w.shop, "/api/private")
		time.Sleep(5 * time.Minute)
		b.get(w.shop, "/api/private")
		time.Sleep(5 * time.Minute)
		thief.copy(w.shop, sessionCookie).get(w.shop, "/api/private")
		thief.get(w.shop, "/api/private")
		b.login(w.shop)
		b.send(w.shop, "POST", "/api/logout", "")
		want := "login_failed invalid_credentials, login, confirmed, unbound, provider_unavailable, refreshed, confirmed, stale, theft, ended reuse_detected, login, ended logout"
		if got := strings.Join(seen, ", "); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	})
}
