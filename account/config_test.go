package account_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/account"
	"github.com/latchkey-dev/latchkey/fusionauth"
	"github.com/latchkey-dev/latchkey/memstore"
)

// clientThrough returns a client that calls the provider through a transport.
func clientThrough(t *testing.T, transport roundTrip) *fusionauth.Client {
	t.Helper()
	c, err := fusionauth.New(fusionauth.Config{URL: "http://idp.test", APIKey: "a key", ApplicationID: "85a03867-dccf-4882-adde-1a79aeec50df", Transport: transport})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// answering is a provider that gives everyone the same answer, and records the calls.
func answering(asked *[]string, status int, body string) roundTrip {
	return func(r *http.Request) (*http.Response, error) {
		text, err := io.ReadAll(r.Body)
		*asked = append(*asked, r.URL.Path+" "+string(text))
		return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(body))}, err
	}
}

func guardOf(t *testing.T, client *fusionauth.Client) *latchkey.Guard {
	t.Helper()
	guard, err := latchkey.New(latchkey.Config{Origin: "https://shop.example.com", Provider: client, Store: memstore.New(), Keys: latchkey.KeyRing{latchkey.NewKey()}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { guard.Close(context.WithoutCancel(t.Context())) })
	return guard
}

// Required fields are checked, optional ones have defaults, and New makes no call.
func TestConfig(t *testing.T) {
	var asked []string
	client := clientThrough(t, answering(&asked, 500, "{}"))
	whole := account.Config{Guard: guardOf(t, client), Client: client, Origin: "https://shop.example.com:8443", Registration: account.RegistrationVerified}
	for name, change := range map[string]func(*account.Config){
		"no guard":  func(c *account.Config) { c.Guard = nil },
		"no client": func(c *account.Config) { c.Client = nil },
		"no origin": func(c *account.Config) { c.Origin = "" },
		"no host":   func(c *account.Config) { c.Origin = "shop.example.com" },
	} {
		c := whole
		change(&c)
		if _, err := account.New(c); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := account.New(whole); err != nil {
		t.Error(err)
	}
	if len(asked) > 0 {
		t.Errorf("New calls the provider: %v", asked)
	}
}

// post sends a form like the app's page, from an address.
func post(h http.Handler, path, addr string, body any) *httptest.ResponseRecorder {
	text, _ := json.Marshal(body)
	r := httptest.NewRequest("POST", path, bytes.NewReader(text))
	r.RemoteAddr = addr
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// The provider receives the address of the browser, and requests are counted by it: the peer's
// address, or what ClientIP returns.
func TestClientIP(t *testing.T) {
	for name, c := range map[string]struct {
		clientIP func(*http.Request) string
		seen     string
	}{
		"the peer's":          {nil, "203.0.113.7"},
		"what ClientIP knows": {func(*http.Request) string { return "192.0.2.1" }, "192.0.2.1"},
	} {
		t.Run(name, func(t *testing.T) {
			var asked []string
			client := clientThrough(t, answering(&asked, 400, `{"fieldErrors":{"credential":[{"code":"[invalid]credential"}]}}`))
			h, err := account.New(account.Config{Guard: guardOf(t, client), Client: client, Origin: "https://shop.example.com", ClientIP: c.clientIP})
			if err != nil {
				t.Fatal(err)
			}
			credential := map[string]any{"credential": map[string]string{"id": "x"}}
			if w := post(h, "/api/passkey-login", "203.0.113.7:1", credential); w.Code != 401 {
				t.Fatalf("%d %s", w.Code, w.Body)
			}
			if len(asked) != 1 || !strings.Contains(asked[0], `"ipAddress":"`+c.seen+`"`) {
				t.Errorf("asked %v", asked)
			}
			for range 25 {
				post(h, "/api/passkey-login", "203.0.113.7:1", credential)
			}
			other := post(h, "/api/passkey-login", "198.51.100.9:1", credential).Code
			if want := map[bool]int{true: 401, false: 429}[c.clientIP == nil]; other != want { // to ClientIP both are the same
				t.Errorf("another address: %d, want %d", other, want)
			}
		})
	}
}

// A panic in a background call does not end the process.
func TestPanicWhileAMailIsSent(t *testing.T) {
	client := clientThrough(t, func(*http.Request) (*http.Response, error) { panic("a fault") })
	var log bytes.Buffer
	h, err := account.New(account.Config{Guard: guardOf(t, client), Client: client, Origin: "https://shop.example.com", Logger: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	if w := post(h, "/api/forgot-password", "203.0.113.7:1", map[string]string{"email": ada}); w.Code != 202 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	h.Close()
	if !strings.Contains(log.String(), "level=ERROR") || strings.Contains(log.String(), ada) {
		t.Errorf("log: %s", &log)
	}
}

// A passkey is verified for the app's origin, with its port, and for its host, whatever the browser
// claims.
func TestPasskeysAreOfTheOrigin(t *testing.T) {
	var asked []string
	client := clientThrough(t, answering(&asked, 400, `{"fieldErrors":{"credential":[{"code":"[invalid]credential"}]}}`))
	h, err := account.New(account.Config{Guard: guardOf(t, client), Client: client, Origin: "https://shop.example.com:8443"})
	if err != nil {
		t.Fatal(err)
	}
	post(h, "/api/passkey-login", "203.0.113.7:1", map[string]any{"credential": map[string]string{"origin": "https://evil.example"}})
	if len(asked) != 1 || !strings.Contains(asked[0], `"origin":"https://shop.example.com:8443","rpId":"shop.example.com"`) {
		t.Errorf("asked %v", asked)
	}
}
