package latchkey_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey"
)

// A guard that is told no more than it must waits five seconds for the provider, and names its app
// by the host.
func TestConfig_defaults(t *testing.T) {
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

func TestConfig_reportsAllMistakes(t *testing.T) {
	_, err := latchkey.New(latchkey.Config{Origin: "http://shop.example.com/", IdleTimeout: -1, InFlightWindow: time.Hour, RefreshAhead: 2 * time.Hour, Keys: latchkey.KeyRing{{}}})
	for _, field := range []string{"Origin", "Provider", "Store", "Keys", "IdleTimeout", "InFlightWindow", "RefreshAhead"} {
		if err == nil || !strings.Contains(err.Error(), "Config."+field+": ") {
			t.Errorf("nothing about %s in: %v", field, err)
		}
	}
	var first *latchkey.ConfigError
	if !errors.As(err, &first) || first.Field != "Origin" {
		t.Errorf("first: %+v", first)
	}
	for origin, want := range map[string]string{
		"": "required", "shop.example.com": "not an origin", "ftp://x": "not an origin", "https://": "not an origin",
		"https://shop.example.com/": "more than an origin", "https://u@shop.example.com": "more than an origin", "https://Shop.example.com": "more than an origin",
		"https://shop.example.com:443": "leave", "http://localhost:80": "leave", "http://shop.example.com": "must be https", "http://localhost.example.com": "must be https",
		"https://12345": "the host", "https://0x7f.1": "the host", "https://127.1": "the host", "https://127.0.0.01": "the host", "https://[0:0:0:0:0:0:0:1]": "the host", "https://[2001:DB8::1]": "more than an origin",
		"https://[::ffff:127.0.0.1]": "the host", "https://[fe80::1%25eth0]": "Origin", "https://[2001:db8::1]": "", "https://4shop.example.com4": "",
		"https://shop.example.com": "", "http://shop.localhost:8080": "", "http://127.0.0.1:8080": "", "http://[::1]": "", "https://shop.example.com:8443": "",
	} {
		_, err := latchkey.New(latchkey.Config{Origin: origin})
		if got := err.Error(); strings.Contains(got, "Origin") != (want != "") || !strings.Contains(got, want) {
			t.Errorf("%q: %v", origin, err)
		}
	}
}

func TestConfig_sameSiteLaxAndClearSiteData(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		config := w.config(w.shop, discard)
		config.SameSiteLax, config.ClearSiteData = true, true
		w.shop.start(config)
		b := newBrowser()
		for _, line := range b.login(w.shop).header["Set-Cookie"] {
			if !strings.HasSuffix(line, "SameSite=Lax") {
				t.Error(line)
			}
		}
		if got := b.send(w.shop, "POST", "/api/logout", "").header.Get("Clear-Site-Data"); got != `"cache", "storage"` {
			t.Errorf("Clear-Site-Data: %s", got)
		}
		b.login(w.forums)
		if got := b.send(w.forums, "POST", "/api/logout", "").header.Get("Clear-Site-Data"); got != "" {
			t.Errorf("by default, Clear-Site-Data: %s", got)
		}
	})
}

// A change of the port logs nobody out: cookies know none.
func TestConfig_anotherPortKeepsSessions(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		b := newBrowser()
		b.login(w.shop)
		config := w.config(w.shop, discard)
		config.Origin += ":8443"
		w.shop.start(config)
		b.get(w.shop, "/api/private").ok(t, false)
	})
}
