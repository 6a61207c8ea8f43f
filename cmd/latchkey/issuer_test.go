package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/latchkey-dev/latchkey/idp"
)

// issuerOf is what the discovery document of a provider says.
func issuerOf(t *testing.T, url string) any {
	t.Helper()
	status, answer := call(t, "GET", url+"/.well-known/openid-configuration", "", "")
	if status != 200 {
		t.Fatalf("%d %v", status, answer)
	}
	return answer["issuer"]
}

// issOf reads the iss of a JWT.
func issOf(t *testing.T, token string) (iss string) {
	t.Helper()
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	claims := struct{ Iss *string }{&iss}
	if err == nil {
		err = json.Unmarshal(payload, &claims)
	}
	if err != nil {
		t.Fatal(err)
	}
	return iss
}

var notIssuers = map[string]string{
	"": "absolute URL", "acme.com": "absolute URL", "https://auth.example.com/": "slash", "https://auth.example.com?x": "query", "https://auth.example.com#x": "fragment",
	"https://" + strings.Repeat("a", 250): "longer than 255 bytes",
}

// A provider that runs alone takes its own address as the issuer, and keeps it at another address.
// --issuer names another.
func TestIssuerAlone(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	url, _, stop := startIDP(t, "--data", data)
	if got := issuerOf(t, url); got != url {
		t.Errorf("issuer %v at %s", got, url)
	}
	key := everythingKey(t, data)
	stop()
	moved, _, stop := startIDP(t, "--data", data)
	if got := issuerOf(t, moved); got != url {
		t.Errorf("issuer %v, and it was %s", got, url)
	}
	stop()
	named, _, stop := startIDP(t, "--data", data, "--issuer", "https://auth.example.com")
	if got := issuerOf(t, named); got != "https://auth.example.com" {
		t.Errorf("issuer %v", got)
	}
	_, answer := call(t, "GET", named+"/api/tenant", key, "")
	tenant := answer["tenants"].([]any)[0].(map[string]any)["id"].(string)
	if status, answer := call(t, "PATCH", named+"/api/tenant/"+tenant, key, `{"tenant":{"issuer":"https://id.example.com"}}`); status != 400 || !strings.Contains(fmt.Sprint(answer), "configuration") {
		t.Errorf("a patch of what --issuer says: %d %v", status, answer)
	}
	if status, answer := call(t, "POST", named+"/api/user", key, `{"user":{"email":"ada@example.com","password":"correct horse battery"}}`); status != 200 || issOf(t, answer["token"].(string)) != "https://auth.example.com" {
		t.Errorf("%d %v", status, answer)
	}
	stop()
	for bad, why := range notIssuers {
		stderr := &buffer{}
		if status := run(t.Context(), []string{"idp", "--addr", "127.0.0.1:0", "--data", data, "--issuer", bad}, io.Discard, stderr); status != 2 || !strings.Contains(stderr.String(), "--issuer "+bad+": ") || !strings.Contains(stderr.String(), why) {
			t.Errorf("--issuer %q: %d; %s", bad, status, stderr)
		}
	}
}

// The gateway's provider takes the issuer from the file, and follows it at the next start. Nobody
// is signed out.
func TestIssuerInTheFile(t *testing.T) {
	s := newServed(t) // a database that was made before there was a choice
	listen := fmt.Sprintf("127.0.0.1:%d", freePort(t))
	url := "http://" + listen
	s.writeNamed(listen, "listen: 127.0.0.1:0\n", "")
	s.start()
	ada := s.login()
	if got := issuerOf(t, url); got != "latchkey" {
		t.Errorf("issuer %v of a database that had none", got)
	}
	doctorSays := func(want string) {
		t.Helper()
		stdout := &buffer{}
		run(t.Context(), []string{"doctor", "-c", filepath.Join(s.dir, "latchkey.yaml")}, stdout, io.Discard)
		if strings.Contains(stdout.String(), "issuer") != (want != "") || !strings.Contains(stdout.String(), want) {
			t.Errorf("the doctor says\n%s\nwant %q", stdout, want)
		}
	}
	doctorSays(`warning  tokens name the issuer "latchkey", which is not a URL`)
	head := "listen: 127.0.0.1:" + port(t, s.origins[0]) + "\n"
	s.writeNamed(listen+", issuer: 'https://auth.example.com'", head, "")
	s.hangUpRefused("provider.issuer")
	doctorSays(`warning  the embedded provider's tokens name the issuer "latchkey", not "https://auth.example.com"`)
	s.interrupt()
	s.start()
	if got := issuerOf(t, url); got != "https://auth.example.com" {
		t.Errorf("issuer %v, not that of the file", got)
	}
	s.want("/api/x", ada, 200, "bearer true")
	doctorSays("")
	s.interrupt()
	for bad, why := range notIssuers {
		s.writeNamed(listen+", issuer: '"+bad+"'", head, "")
		stderr := &buffer{}
		if bad == "" {
			why = "empty"
		}
		if status := run(t.Context(), []string{"config", "check", "-c", filepath.Join(s.dir, "latchkey.yaml")}, io.Discard, stderr); status != 1 || !strings.Contains(stderr.String(), "provider.issuer: ") || !strings.Contains(stderr.String(), why) {
			t.Errorf("issuer: %q: %d; %s", bad, status, stderr)
		}
	}
}

// Whichever command makes the provider of a file, it gets the issuer that serve would give it.
func TestIssuerOfAFirstUser(t *testing.T) {
	for provider, want := range map[string]string{
		"{listen: 127.0.0.1:9377}": "http://127.0.0.1:9377", "{listen: 'localhost:9377'}": "http://localhost:9377", "{issuer: 'https://auth.example.com'}": "https://auth.example.com",
	} {
		dir := t.TempDir()
		config := filepath.Join(dir, "latchkey.yaml")
		text := "data: data\nprovider: " + provider + "\napps:\n  - host: app.localhost\n    application_id: " + servedApplication + "\n    upstream: http://127.0.0.1:1\n"
		if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		stderr := &buffer{}
		if status := run(t.Context(), []string{"user", "add", "-c", config, "--password-file", passwordFile(t), "ada@example.com"}, io.Discard, stderr); status != 0 {
			t.Fatalf("%d; %s", status, stderr)
		}
		server, _, err := openProviderIn(t.Context(), filepath.Join(dir, "data"), idp.Config{LeaveEvents: true})
		if err != nil {
			t.Fatal(err)
		}
		if tenant, err := server.DefaultTenant(t.Context()); err != nil || tenant.Issuer != want {
			t.Errorf("%s: issuer %q, %v; want %q", provider, tenant.Issuer, err, want)
		}
		server.Close()
	}
}

func TestOwnURL(t *testing.T) {
	for addr, want := range map[string]string{
		"127.0.0.1:9011": "http://127.0.0.1:9011", "localhost:9011": "http://localhost:9011", "[::1]:9011": "http://[::1]:9011", "Provider.Example.com:9011": "http://provider.example.com:9011",
		":9011": "http://localhost:9011", "0.0.0.0:9011": "http://localhost:9011", "[::]:9011": "http://localhost:9011",
		"127.0.0.1:0": "", "127.0.0.1": "", "[fe80::1%eth0]:9011": "", "127.0.0.1:http": "",
	} {
		if got := ownURL(addr); got != want {
			t.Errorf("%s: %q, want %q", addr, got, want)
		}
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	if got := samePort("localhost:0", listener); got != "localhost:"+port {
		t.Error(got)
	}
}
