package redisstore_test

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/fusionauth"
	"github.com/latchkey-dev/latchkey/idp"
	"github.com/latchkey-dev/latchkey/idp/idptest"
	"github.com/latchkey-dev/latchkey/internal/redistest"
)

// nodes starts that many guards of one app, each with its own store on the same servers, and
// returns their addresses and a user's name.
func nodes(t *testing.T, redis string, n int) (urls []string, user string) {
	t.Helper()
	provider := idptest.New(t)
	app := provider.AddApplication(idp.Application{})
	user = provider.AddUser("ada@example.com", app.ID).Email
	keys := latchkey.KeyRing{latchkey.NewKey()}
	for range n {
		client, err := fusionauth.New(fusionauth.Config{URL: provider.URL, APIKey: latchkey.Secret(provider.APIKey), ApplicationID: app.ID})
		must(t, err)
		var guard *latchkey.Guard
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			r.Host = "app.localhost" // all nodes are one origin
			if strings.HasPrefix(r.URL.Path, "/api/") {
				guard.Handler().ServeHTTP(w, r)
				return
			}
			guard.Protect(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "hello") })).ServeHTTP(w, r)
		}))
		t.Cleanup(server.Close)
		guard, err = latchkey.New(latchkey.Config{Origin: "http://app.localhost", Provider: client, Store: open(t, redis), Keys: keys, Logger: slog.New(slog.DiscardHandler)})
		must(t, err)
		t.Cleanup(func() { guard.Close(context.Background()) })
		urls = append(urls, server.URL)
	}
	return urls, user
}

// A browser has one jar for all nodes.
type browser struct {
	t       *testing.T
	client  *http.Client
	cookies map[string]string
}

func newBrowser(t *testing.T) *browser {
	return &browser{t: t, client: &http.Client{Timeout: 10 * time.Second}, cookies: make(map[string]string)}
}

// send sends a request with the jar's cookies, stores those of the response, and returns its
// status.
func (b *browser) send(method, url, body string) int {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), method, url, strings.NewReader(body))
	must(b.t, err)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Origin", "http://app.localhost")
	for name, value := range b.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	answer, err := b.client.Do(r)
	must(b.t, err)
	answer.Body.Close()
	for _, c := range answer.Cookies() {
		if b.cookies[c.Name] = c.Value; c.MaxAge < 0 {
			delete(b.cookies, c.Name)
		}
	}
	return answer.StatusCode
}

func (b *browser) login(node, user string) {
	b.t.Helper()
	if status := b.send("POST", node+"/api/login", fmt.Sprintf(`{"email":%q,"password":%q}`, user, idptest.Password)); status != http.StatusOK {
		b.t.Fatalf("login: %d", status)
	}
}

// TestGuards has two nodes on one Redis, which is killed and replaced by an empty one: the browser
// gets 503 while it is down, and then continues.
func TestGuards(t *testing.T) {
	server := redistest.Start(t)
	nodes, user := nodes(t, server.URL(), 2)
	b := newBrowser(t)
	b.login(nodes[0], user)
	for range 20 {
		for _, node := range nodes {
			if status := b.send("GET", node+"/cart", ""); status != http.StatusOK {
				t.Fatalf("GET: %d", status)
			}
		}
	}
	server.Kill(t)
	redistest.Until(t, "the nodes have noticed", func() bool { return b.send("GET", nodes[1]+"/cart", "") == http.StatusServiceUnavailable })
	server.Replace(t)
	redistest.Until(t, "the browser is served again", func() bool {
		status := b.send("GET", nodes[1]+"/cart", "")
		if status != http.StatusOK && status != http.StatusServiceUnavailable {
			t.Fatalf("after the loss: %d", status)
		}
		return status == http.StatusOK
	})
	if status := b.send("GET", nodes[0]+"/cart", ""); status != http.StatusOK {
		t.Errorf("at the other node: %d", status)
	}
}

// TestRevocationIsSeenEverywhere logs out at one node, and then repeats requests with the old
// cookies at the other until it refuses them.
func TestRevocationIsSeenEverywhere(t *testing.T) {
	nodes, user := nodes(t, redistest.Start(t).URL(), 2)
	var took []time.Duration
	for range 20 {
		b := newBrowser(t)
		b.login(nodes[0], user)
		thief := newBrowser(t)
		maps.Copy(thief.cookies, b.cookies)
		for range 3 { // so that it is in the memory of the other
			if status := thief.send("GET", nodes[1]+"/cart", ""); status != http.StatusOK {
				t.Fatalf("before: %d", status)
			}
		}
		if status := b.send("POST", nodes[0]+"/api/logout", ""); status != http.StatusNoContent {
			t.Fatalf("logout: %d", status)
		}
		began := time.Now()
		redistest.Until(t, "the other node refuses it", func() bool { return thief.send("GET", nodes[1]+"/cart", "") == http.StatusUnauthorized })
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	t.Logf("half of them took %v, the longest %v", took[len(took)/2], took[len(took)-1])
	if took[len(took)/2] > time.Second { // a busy machine delays some of them by more
		t.Error("the other node hears too late")
	}
}
