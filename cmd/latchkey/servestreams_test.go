package main

import (
	"bufio"
	"crypto/rand"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey/fusionauth/fusionauthtest"
	"github.com/latchkey-dev/latchkey/internal/faultproxy"
	"github.com/latchkey-dev/latchkey/internal/pgtest"
	"github.com/latchkey-dev/latchkey/internal/redistest"
)

// TestStreamsAtTheOtherNode: two gateways in front of a FusionAuth share a store. A WebSocket and
// an event stream at one node are closed within a second of the end of their session at the other,
// however it ends. If the network between the first node and its store has just dropped every
// connection silently, it takes as long as a call of the store may wait (3 s), and a little more.
func TestStreamsAtTheOtherNode(t *testing.T) {
	for name, start := range map[string]func(*testing.T) (direct string, via func(addr string) string, addr string){
		"PostgreSQL": func(t *testing.T) (string, func(string) string, string) {
			server := pgtest.Shared(t)
			url := server.Database(t)
			return url, func(addr string) string { return server.Via(url, addr) }, server.Addr
		},
		"Redis": func(t *testing.T) (string, func(string) string, string) {
			server := redistest.Start(t)
			return server.URL(), func(addr string) string { return "redis://" + addr }, server.Addr
		},
	} {
		t.Run(name, func(t *testing.T) {
			direct, via, addr := start(t)
			proxy := faultproxy.Start(t, addr)
			here, there, server := twoNodes(t, direct, via(proxy.Addr))
			for _, c := range []struct {
				name  string
				fault faultproxy.Fault
				limit time.Duration
				end   func(ada []*http.Cookie) int
			}{
				{"a logout", faultproxy.Fault{}, time.Second, func(ada []*http.Cookie) int { return here.open("POST", "/api/logout", "{}", ada).StatusCode }},
				{"the user's new password", faultproxy.Fault{}, time.Second, func([]*http.Cookie) int {
					return server.ChangePassword(fusionauthtest.UserID, fusionauthtest.Password)
				}},
				{"all tokens of the application", faultproxy.Fault{}, time.Second, func([]*http.Cookie) int {
					return revokeApplication(t, server)
				}},
				{"a logout after the network forgot", faultproxy.Fault{Forget: true}, 5 * time.Second, func(ada []*http.Cookie) int {
					return here.open("POST", "/api/logout", "{}", ada).StatusCode
				}},
				{"all tokens of the application, after the network forgot", faultproxy.Fault{Forget: true}, 5 * time.Second, func([]*http.Cookie) int {
					return revokeApplication(t, server)
				}},
			} {
				t.Run(c.name, func(t *testing.T) {
					time.Sleep(2 * time.Millisecond) // an event ends sessions that began before its millisecond
					ada := here.login()
					for late := time.Now().Add(10 * time.Second); there.open("GET", "/api/x", "", ada).StatusCode != 200; time.Sleep(20 * time.Millisecond) {
						if time.Now().After(late) {
							t.Fatalf("the other node does not come back: %s", there.stderr)
						}
					}
					socket := there.openSockets(ada, 1)[0]
					events := bufio.NewReader(there.open("GET", "/api/events", "", ada).Body)
					if line, err := events.ReadString('\n'); err != nil || line != "data: begun\n" {
						t.Fatalf("the first event: %q, %v", line, err)
					}
					time.Sleep(2 * time.Millisecond)
					proxy.Set(c.fault)
					began := time.Now()
					if status := c.end(ada); status/100 != 2 {
						t.Fatalf("the end: %d", status)
					}
					ended := time.Now()
					for what, stream := range map[string]io.Reader{"WebSocket": socket, "event stream": events} {
						socket.SetReadDeadline(time.Now().Add(20 * time.Second))
						io.Copy(io.Discard, stream)
						if took := time.Since(ended); took > c.limit {
							t.Errorf("the %s was closed %v after the end, which took %v", what, took, ended.Sub(began))
						}
					}
					t.Logf("closed %v after the end", time.Since(ended).Round(time.Millisecond))
				})
				proxy.Set(faultproxy.Fault{})
			}
			there.interrupt()
			here.interrupt()
		})
	}
}

// twoNodes starts two gateways with one origin in front of a FusionAuth, which sends its events to
// the first.
func twoNodes(t *testing.T, stores ...string) (here, there *served, server *fusionauthtest.Server) {
	t.Helper()
	server = fusionauthtest.New(t)
	secret := rand.Text() + rand.Text()
	t.Setenv("FUSIONAUTH_API_KEY", server.APIKey)
	t.Setenv("WEBHOOK_SECRET", secret)
	here = newServed(t)
	here.app.Config.Handler = quietApp(here.app.Config.Handler)
	there = &served{T: t, dir: t.TempDir(), stderr: &buffer{}, status: make(chan int, 1), app: here.app, listens: strconv.Itoa(freePort(t))}
	here.listens = strconv.Itoa(freePort(t))
	for i, s := range []*served{here, there} {
		text := "listen: 127.0.0.1:" + s.listens + "\ndata: .\nstore: \"" + stores[i] + "\"\nprovider: {url: \"" + server.URL + "\", api_key: \"${FUSIONAUTH_API_KEY}\", webhook_secret: \"${WEBHOOK_SECRET}\"}\n" +
			"apps:\n  - host: app.localhost:" + here.listens + "\n    application_id: " + fusionauthtest.ApplicationID + "\n    upstream: " + here.app.URL + "\n"
		if err := os.WriteFile(filepath.Join(s.dir, "latchkey.yaml"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	here.start()
	keys, err := os.ReadFile(filepath.Join(here.dir, "session.keys"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(there.dir, "session.keys"), keys, 0o600); err != nil {
		t.Fatal(err)
	}
	there.start()
	server.Change(func(state *fusionauthtest.State) {
		state.Tenant.EventConfiguration.Events = make(map[string]fusionauthtest.EventSetting)
		hook := fusionauthtest.Webhook{URL: "http://" + here.addr() + eventsPath, Global: true, EventsEnabled: make(map[string]bool), Sign: signer(secret)}
		for _, kind := range []string{"user.password.update", "jwt.refresh-token.revoke"} {
			state.Tenant.EventConfiguration.Events[kind] = fusionauthtest.EventSetting{Enabled: true, TransactionType: "AbsoluteMajority"}
			hook.EventsEnabled[kind] = true
		}
		state.Webhooks = []fusionauthtest.Webhook{hook}
	})
	return here, there, server
}

// revokeApplication revokes all refresh tokens of the application, as an administrator does.
func revokeApplication(t *testing.T, server *fusionauthtest.Server) (status int) {
	t.Helper()
	r, err := http.NewRequest("DELETE", server.URL+"/api/jwt/refresh?applicationId="+fusionauthtest.ApplicationID, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", server.APIKey)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	return resp.StatusCode
}
