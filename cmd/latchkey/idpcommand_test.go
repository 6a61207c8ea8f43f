package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// startIDP runs the provider until the test ends, or until stop.
func startIDP(t *testing.T, args ...string) (url string, stderr *buffer, stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	out, write := io.Pipe()
	stderr = &buffer{}
	ended := make(chan int, 1)
	go func() {
		ended <- run(ctx, append([]string{"idp", "--addr", "127.0.0.1:0"}, args...), write, stderr)
		write.Close()
	}()
	line, err := bufio.NewReader(out).ReadString('\n')
	url, ready := strings.CutPrefix(strings.TrimSpace(line), "ready ")
	if !ready {
		t.Fatalf("%q %v; %s", line, err, stderr)
	}
	stop = func() {
		cancel()
		select {
		case status := <-ended:
			if status != 0 {
				t.Errorf("exit status %d: %s", status, stderr)
			}
			ended <- status
		case <-time.After(2 * shutdownTime):
			t.Error("it does not stop")
		}
	}
	t.Cleanup(stop)
	return url, stderr, stop
}

func call(t *testing.T, method, url, key, body string) (status int, answer map[string]any) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", key)
	r.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err == nil && len(text) > 0 {
		err = json.Unmarshal(text, &answer)
	}
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, answer
}

const kickstartFile = `{
	"variables": {"apiKey": "0123456789abcdef0123456789abcdef", "defaultTenantId": "30663132-6464-6665-3032-326466613934", "app": "85a03867-dccf-4882-adde-1a79aeec50df", "password": "#{ENV.KICKSTART_PASSWORD}"},
	"apiKeys": [{"key": "#{apiKey}", "description": "everything"}],
	"requests": [
		{"method": "PATCH", "url": "/api/tenant/#{defaultTenantId}", "body": {"tenant": {"name": "Shops"}}},
		{"method": "POST", "url": "/api/application/#{app}", "tenantId": "#{defaultTenantId}", "body": {"application": {"name": "shop", "loginConfiguration": {"generateRefreshTokens": true, "allowTokenRefresh": true}}}},
		{"method": "POST", "url": "/api/user/registration", "body": {"user": {"email": "ada@example.com", "password": "#{password}"}, "registration": {"applicationId": "#{app}", "roles": ["user"]}}}
	]
}`

func TestKickstart(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "kickstart.json")
	if err := os.WriteFile(file, []byte(kickstartFile), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("KICKSTART_PASSWORD", "correct horse battery")
	const key = "0123456789abcdef0123456789abcdef"
	login := `{"loginId":"ada@example.com","password":"correct horse battery","applicationId":"85a03867-dccf-4882-adde-1a79aeec50df"}`
	data := filepath.Join(dir, "data")
	url, stderr, stop := startIDP(t, "--data", data, "--kickstart", file)
	if status, answer := call(t, "POST", url+"/api/login", key, login); status != 200 || answer["refreshToken"] == nil {
		t.Errorf("login: %d %v; %s", status, answer, stderr)
	}
	if status, answer := call(t, "GET", url+"/api/tenant/30663132-6464-6665-3032-326466613934", key, ""); status != 200 || answer["tenant"].(map[string]any)["name"] != "Shops" {
		t.Errorf("%d %v", status, answer)
	}
	stop()
	url, stderr, _ = startIDP(t, "--data", data, "--kickstart", file) // nothing is done twice
	if status, _ := call(t, "POST", url+"/api/login", key, login); status != 200 || !strings.Contains(stderr.String(), "kickstart file skipped") {
		t.Errorf("again: %d; %s", status, stderr)
	}
}

func TestKickstartFails(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "kickstart.json")
	text := strings.Replace(kickstartFile, `"roles": ["user"]`, `"roles": 7`, 1)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	stderr := &buffer{}
	args := []string{"idp", "--addr", "127.0.0.1:0", "--data", filepath.Join(dir, "data"), "--kickstart", file}
	if status := run(t.Context(), args, io.Discard, stderr); status != 1 || !strings.Contains(stderr.String(), "KICKSTART_PASSWORD is not set") {
		t.Errorf("a variable that is not set: %d; %s", status, stderr)
	}
	t.Setenv("KICKSTART_PASSWORD", "correct horse battery")
	if status := run(t.Context(), args, io.Discard, stderr); status != 1 || !strings.Contains(stderr.String(), "requests[2]: POST /api/user/registration: 400 Bad Request") || strings.Contains(stderr.String(), "correct horse") {
		t.Errorf("a request that fails: %d; %s", status, stderr)
	}
}

func TestIDPAlone(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	url, _, _ := startIDP(t, "--data", data)
	key, err := os.ReadFile(filepath.Join(data, "api-key"))
	if err != nil {
		t.Fatal(err)
	}
	if status, answer := call(t, "POST", url+"/api/application", strings.TrimSpace(string(key)), `{"application":{"name":"shop"}}`); status != 200 {
		t.Errorf("%d %v", status, answer)
	}
	stderr := &buffer{}
	if status := run(t.Context(), []string{"idp", "--addr", "0.0.0.0:0", "--data", data}, io.Discard, stderr); status != 2 || !strings.Contains(stderr.String(), "--plain-http-on-a-trusted-network") {
		t.Errorf("plain HTTP for all: %d; %s", status, stderr)
	}
}

// The provider alone sends mails too, with links to the page of the application.
func TestIDPMails(t *testing.T) {
	dir := t.TempDir()
	data, outbox := filepath.Join(dir, "data"), filepath.Join(dir, "outbox")
	url, _, _ := startIDP(t, "--data", data, "--mail-folder", outbox, "--mail-from", "Shop <no-reply@example.com>")
	key, err := os.ReadFile(filepath.Join(data, "api-key"))
	if err != nil {
		t.Fatal(err)
	}
	stdout, stderr := &buffer{}, &buffer{}
	for _, args := range [][]string{
		{"app", "add", "--data", data, "--page-url", "https://shop.example.com/account", "--id", servedApplication, "shop"},
		{"user", "add", "--data", data, "--password-file", passwordFile(t), "ada@example.com"},
	} {
		if status := run(t.Context(), args, stdout, stderr); status != 0 {
			t.Fatalf("%v: %d; %s", args, status, stderr)
		}
	}
	body := `{"loginId":"ada@example.com","applicationId":"` + servedApplication + `"}`
	if status, answer := call(t, "POST", url+"/api/user/forgot-password", strings.TrimSpace(string(key)), body); status != 200 {
		t.Errorf("%d %v", status, answer)
	}
	s := &served{T: t, dir: dir, stderr: stderr}
	if mail := s.mails(1); !strings.Contains(mail, "https://shop.example.com/account#") {
		t.Error(mail)
	}
	for name, args := range map[string][]string{
		"in the clear":     {"--mail-smtp", "smtp.example.com:25", "--mail-tls", "none", "--mail-from", "a@example.com"},
		"from nobody":      {"--mail-folder", outbox},
		"nowhere":          {"--mail-from", "a@example.com"},
		"no password":      {"--mail-smtp", "smtp.example.com:25", "--mail-username", "a", "--mail-from", "a@example.com"},
		"two ways at once": {"--mail-smtp", "smtp.example.com:25", "--mail-folder", outbox, "--mail-from", "a@example.com"},
	} {
		if status := run(t.Context(), append([]string{"idp", "--addr", "127.0.0.1:0", "--data", filepath.Join(dir, "other")}, args...), io.Discard, stderr); status != 2 {
			t.Errorf("%s: %d; %s", name, status, stderr)
		}
	}
}
