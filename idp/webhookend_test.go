package idp_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/fusionauth"
	"github.com/latchkey-dev/latchkey/fusionauth/webhook"
	"github.com/latchkey-dev/latchkey/idp"
	"github.com/latchkey-dev/latchkey/idp/idptest"
	"github.com/latchkey-dev/latchkey/memstore"
)

// TestSessionsEndByWebhook: what happens to a user at the provider ends the session at an app at
// once, over the wire, with the reason.
func TestSessionsEndByWebhook(t *testing.T) {
	for reason, happens := range map[string]func(*idptest.Provider, idp.User, idp.Application) error{
		"user_deactivated": func(p *idptest.Provider, u idp.User, _ idp.Application) error {
			return p.SetUserActive(t.Context(), u.ID, false)
		},
		"password_changed": func(p *idptest.Provider, u idp.User, _ idp.Application) error {
			return p.SetPassword(t.Context(), u.ID, "a passphrase of mine")
		},
		"revoked_by_admin": func(p *idptest.Provider, u idp.User, a idp.Application) error {
			return p.Unregister(t.Context(), u.ID, a.ID)
		},
	} {
		t.Run(reason, func(t *testing.T) {
			mux := http.NewServeMux()
			app := httptest.NewTLSServer(mux)
			t.Cleanup(app.Close)
			p := idptest.New(t, idptest.WithConfig(func(c *idp.Config) { c.WebhookTransport, c.Postgres = app.Client().Transport, emptyPostgres(t) }))
			store := p.AddApplication(idp.Application{})
			user := p.AddUser("ada@example.com", store.ID)
			guard, told := withReceiver(t, mux, app.URL, p, store.ID)
			t.Cleanup(func() { guard.Close(context.WithoutCancel(t.Context())) })
			w := &world{Provider: p, t: t}
			body := object{"webhook": object{"url": app.URL + "/webhook", "global": true, "eventsEnabled": object{"user.deactivate": true, "user.password.update": true, "user.registration.delete": true, "jwt.refresh-token.revoke": true}}}
			w.keyed("POST", "/api/webhook", body.String()).want(http.StatusOK)

			jar, err := cookiejar.New(nil)
			must(t, err)
			browser := *app.Client()
			browser.Jar = jar
			if status, _ := ask(t, &browser, "POST", app.URL, "/api/login", `{"email":"ada@example.com","password":"`+idptest.Password+`"}`); status != http.StatusOK {
				t.Fatalf("login: %d", status)
			}
			if status, _ := ask(t, &browser, "GET", app.URL, "/api/private", ""); status != http.StatusOK {
				t.Fatalf("with a session: %d", status)
			}
			must(t, happens(p, user, store))
			for range 2 { // the event itself, and that of the refresh tokens
				select {
				case status := <-told:
					if status != http.StatusOK {
						t.Fatalf("the receiver answered %d", status)
					}
				case <-time.After(30 * time.Second):
					t.Fatal("the receiver was told nothing")
				}
			}
			if status, got := ask(t, &browser, "GET", app.URL, "/api/private", ""); status != http.StatusUnauthorized || got != reason {
				t.Errorf("%d %q, want %q", status, got, reason)
			}
		})
	}
}

// withReceiver puts an app's guard and a receiver on the mux, and tells what the receiver answers.
func withReceiver(t *testing.T, mux *http.ServeMux, origin string, p *idptest.Provider, applicationID string) (*latchkey.Guard, <-chan int) {
	t.Helper()
	provider, err := fusionauth.New(fusionauth.Config{URL: p.URL, APIKey: latchkey.Secret(p.APIKey), ApplicationID: applicationID})
	must(t, err)
	guard, err := latchkey.New(latchkey.Config{Origin: origin, Logger: slog.New(slog.DiscardHandler), Provider: provider, Store: memstore.New(), Keys: latchkey.KeyRing{latchkey.NewKey()}})
	must(t, err)
	receiver, err := webhook.New(webhook.Config{Apps: []webhook.App{{ApplicationID: applicationID, Guard: guard}}, KeySetURL: p.URL + "/.well-known/jwks.json", Logger: slog.New(slog.DiscardHandler)})
	must(t, err)
	told := make(chan int, 100)
	mux.Handle("/api/", guard.Handler())
	mux.Handle("/api/private", guard.Protect(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})))
	mux.HandleFunc("/webhook", func(w http.ResponseWriter, r *http.Request) {
		rec := httptest.NewRecorder()
		receiver.ServeHTTP(rec, r)
		w.WriteHeader(rec.Code)
		told <- rec.Code
	})
	return guard, told
}

// ask sends what the app's page would, and returns the status and the reason of a problem.
func ask(t *testing.T, browser *http.Client, method, origin, path, body string) (status int, reason string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, origin+path, strings.NewReader(body))
	must(t, err)
	r.Header.Set("Origin", origin)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.Header.Set("Content-Type", "application/json")
	resp, err := browser.Do(r)
	must(t, err)
	defer resp.Body.Close()
	var problem struct{ EndReason string }
	json.NewDecoder(resp.Body).Decode(&problem) // an answer without a problem has none
	return resp.StatusCode, problem.EndReason
}
