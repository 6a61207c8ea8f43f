package main

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey/fusionauth/fusionauthtest"
	"github.com/latchkey-dev/latchkey/idp"
)

// signer signs as FusionAuth does with an HMAC key.
func signer(secret string) func([]byte) string {
	return func(body []byte) string {
		encode := base64.RawURLEncoding.EncodeToString
		sum := sha256.Sum256(body)
		text := encode([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + encode([]byte(`{"request_body_sha256":"`+base64.StdEncoding.EncodeToString(sum[:])+`"}`))
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write([]byte(text))
		return text + "." + encode(mac.Sum(nil))
	}
}

// The gateway in front of a FusionAuth: a changed password ends the session immediately, before and
// after a reload, and only FusionAuth can cause that.
func TestServeTakesEvents(t *testing.T) {
	s, server, secret := newServed(t), fusionauthtest.New(t), rand.Text()+rand.Text()
	t.Setenv("FUSIONAUTH_API_KEY", server.APIKey)
	if err := os.WriteFile(filepath.Join(s.dir, "webhook.key"), []byte(secret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	text := "listen: 127.0.0.1:0\ndata: .\nprovider: {url: \"" + server.URL + "\", api_key: \"${FUSIONAUTH_API_KEY}\", webhook_secret_file: webhook.key}\napps:\n" +
		"  - host: app.localhost\n    application_id: " + fusionauthtest.ApplicationID + "\n    upstream: " + s.app.URL + "\n"
	if err := os.WriteFile(filepath.Join(s.dir, "latchkey.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s.start()
	defer s.interrupt()
	server.Change(func(state *fusionauthtest.State) {
		state.Tenant.EventConfiguration.Events = map[string]fusionauthtest.EventSetting{"user.password.update": {Enabled: true, TransactionType: "AbsoluteMajority"}}
		state.Webhooks = []fusionauthtest.Webhook{{
			URL: "http://127.0.0.1:" + port(t, s.origins[0]) + eventsPath, Global: true, EventsEnabled: map[string]bool{"user.password.update": true}, Sign: signer("somebody else's key, of 32 bytes or more"),
		}}
	})
	cookies := s.login()
	if status := server.ChangePassword(fusionauthtest.UserID, fusionauthtest.Password); status != 504 {
		t.Errorf("with another key: %d", status)
	}
	s.want("/api/user", cookies, 200, "ada@example.com")
	s.logged("is not signed by our FusionAuth")
	server.Change(func(state *fusionauthtest.State) { state.Webhooks[0].Sign = signer(secret) })
	if status := server.ChangePassword(fusionauthtest.UserID, fusionauthtest.Password); status != 200 {
		t.Errorf("with the right key: %d", status)
	}
	s.want("/api/user", cookies, 404, "password_changed")

	if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	s.logged("configuration reloaded")
	cookies = s.login()
	if status := server.ChangePassword(fusionauthtest.UserID, fusionauthtest.Password); status != 200 {
		t.Errorf("after a reload: %d", status)
	}
	s.want("/api/user", cookies, 404, "password_changed")
}

// The command line is another process beside the gateway: a user locked out with it is out
// immediately, and their open stream is cut, before and after a reload.
func TestLockedOutAtOnce(t *testing.T) {
	s := newServed(t)
	s.write("")
	s.start()
	defer s.interrupt()
	user := func(command string) {
		t.Helper()
		if status := run(t.Context(), []string{"user", command, "-c", filepath.Join(s.dir, "latchkey.yaml"), "ada@example.com"}, io.Discard, s.stderr); status != 0 {
			t.Fatalf("user %s: exit status %d: %s", command, status, s.stderr)
		}
	}
	for range 2 {
		cookies := s.login()
		events := s.open("GET", "/api/events", "", cookies)
		user("lock")
		cut := make(chan struct{})
		go func() { io.Copy(io.Discard, events.Body); close(cut) }()
		select {
		case <-cut:
		case <-time.After(10 * time.Second):
			t.Fatalf("the stream goes on; %s", s.stderr)
		}
		s.want("/api/x", cookies, 401, "user_deactivated")
		user("unlock")
		if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
		s.logged("configuration reloaded")
	}
}

// What was done while the gateway was stopped takes effect when it starts again.
func TestLockedOutWhileStopped(t *testing.T) {
	s := newServed(t)
	s.writeWith(fmt.Sprintf("listen: 127.0.0.1:%d\n", freePort(t)), "")
	s.start()
	cookies := s.login()
	s.interrupt()
	for _, command := range []string{"lock", "unlock"} {
		if status := run(t.Context(), []string{"user", command, "-c", filepath.Join(s.dir, "latchkey.yaml"), "ada@example.com"}, io.Discard, s.stderr); status != 0 {
			t.Fatalf("user %s: exit status %d: %s", command, status, s.stderr)
		}
	}
	s.start()
	defer s.interrupt()
	s.logged("ended=1")
	s.want("/api/x", cookies, 401, "user_deactivated")
}

// The provider of a gateway, run alone, does not send events to a gateway that is gone.
func TestProviderAloneHasNoGateway(t *testing.T) {
	s := newServed(t)
	s.write("")
	s.start()
	s.interrupt()
	key := rand.Text() + rand.Text()
	server, _, err := openProviderIn(t.Context(), s.dir, idp.Config{LeaveEvents: true})
	if err == nil {
		err = errors.Join(server.EnsureAPIKey(t.Context(), idp.APIKey{Key: key}), server.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	url, _, _ := startIDP(t, "--data", s.dir)
	status, answer := call(t, "GET", url+"/api/webhook", key, "")
	if hooks, ok := answer["webhooks"].([]any); status != 200 || !ok || len(hooks) != 0 {
		t.Errorf("%d %v", status, answer)
	}
}

// A provider started beside the gateway that uses its data is refused, and the gateway still
// receives events.
func TestProviderBesideItsGateway(t *testing.T) {
	s := newServed(t)
	s.write("")
	s.start()
	defer s.interrupt()
	cookies := s.login()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second) // it would serve
	defer cancel()
	if status := run(ctx, []string{"idp", "--addr", "127.0.0.1:0", "--data", s.dir}, io.Discard, s.stderr); status != 1 {
		t.Errorf("exit status %d", status)
	}
	s.logged("another latchkey uses this directory")
	if status := run(t.Context(), []string{"user", "lock", "-c", filepath.Join(s.dir, "latchkey.yaml"), "ada@example.com"}, io.Discard, s.stderr); status != 0 {
		t.Fatalf("user lock: exit status %d: %s", status, s.stderr)
	}
	s.logged("ended=1")
	s.want("/api/x", cookies, 401, "user_deactivated")
}
