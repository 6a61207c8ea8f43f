package latchkey_test

import (
	"net/http"
	"testing"
	"time"
)

// A guard that is told no more than it must waits five seconds for the provider, and names its app by the host.
func TestDefaults(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		config := w.config(w.shop, discard)
		config.App = ""
		w.shop.start(config)
		b := newBrowser()
		b.login(w.shop)
		if records, err := w.store.ByUser(t.Context(), w.shop.host, w.user.ID, 10); err != nil || len(records) != 1 {
			t.Errorf("sessions of the app %q: %d, %v", w.shop.host, len(records), err)
		}
		w.faults.set(func(_ http.ResponseWriter, r *http.Request, _ http.Handler) { <-r.Context().Done() })
		got, took := tryLogin(w.shop, "ada@example.com", "wrong")
		if got.want(t, 503, "provider_unavailable", ""); took != 5*time.Second {
			t.Errorf("the provider hangs: the answer came after %v", took)
		}
	})
}
