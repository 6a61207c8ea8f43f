package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// everythingKey makes an API key that may do everything, on the command line.
func everythingKey(t *testing.T, data string) string {
	t.Helper()
	stdout, stderr := &buffer{}, &buffer{}
	if status := run(t.Context(), []string{"api-key", "add", "--data", data, "--everything", "--json", "test"}, stdout, stderr); status != 0 {
		t.Fatalf("api-key add: %d; %s", status, stderr)
	}
	var made struct {
		Key string `json:"key"`
	}
	if err := json.Unmarshal([]byte(stdout.String()), &made); err != nil {
		t.Fatal(err)
	}
	return made.Key
}

// providerURL is where the embedded provider of a gateway listens.
func (s *served) providerURL() string {
	s.Helper()
	text, err := os.ReadFile(filepath.Join(s.dir, "latchkey.yaml"))
	if err != nil {
		s.Fatal(err)
	}
	return "http://" + regexp.MustCompile(`provider: \{listen: ([^}]*)\}`).FindStringSubmatch(string(text))[1]
}

// hangUpRefused triggers a reload, and waits until the file is refused for a key.
func (s *served) hangUpRefused(key string) {
	s.Helper()
	if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
		s.Fatal(err)
	}
	s.logged(key + ": ")
}

// writeNamed is writeWith with provider.listen on a port that the test knows.
func (s *served) writeNamed(provider, head, extra string) {
	s.Helper()
	s.writeWith(head, extra)
	path := filepath.Join(s.dir, "latchkey.yaml")
	text, err := os.ReadFile(path)
	if err == nil {
		err = os.WriteFile(path, []byte(strings.Replace(string(text), "provider: {listen: 127.0.0.1:0}", "provider: {listen: "+provider+"}", 1)), 0o600)
	}
	if err != nil {
		s.Fatal(err)
	}
}

// settingsOf returns an application or a tenant without the time of its last change.
func settingsOf(t *testing.T, url, key, what, id string) map[string]any {
	t.Helper()
	status, answer := call(t, "GET", url+"/api/"+what+"/"+id, key, "")
	if status != 200 {
		t.Fatalf("%s %s: %d %v", what, id, status, answer)
	}
	settings := answer[what].(map[string]any)
	delete(settings, "lastUpdateInstant")
	return settings
}

// A refused file changes nothing, not at the provider either: the gateway in force keeps its
// settings.
func TestRefusedReloadChangesNothing(t *testing.T) {
	s := newServed(t)
	provider := fmt.Sprintf("127.0.0.1:%d", freePort(t))
	s.writeNamed(provider, "listen: 127.0.0.1:0\n", "    client_secret: a secret of the file\n")
	s.start()
	key := everythingKey(t, s.dir)
	url := s.providerURL()
	before := settingsOf(t, url, key, "application", servedApplication)
	if err := os.Mkdir(filepath.Join(s.dir, "dist"), 0o777); err != nil {
		t.Fatal(err)
	}
	for mistake, refused := range map[string]string{"    spa: dist\n": "apps[0]", "    protect: [/x/*]\n": "apps[0].protect"} {
		s.writeNamed(provider, "listen: 127.0.0.1:0\n", "    name: Another\n    client_secret: another secret\n"+mistake)
		s.hangUpRefused(refused)
		if after := settingsOf(t, url, key, "application", servedApplication); !reflect.DeepEqual(after, before) {
			t.Errorf("%s\n%v\nis now\n%v", mistake, before, after)
		}
	}
	s.interrupt()
}

// Settings that the file does not mention are the administrator's: set by API, they survive reloads
// and restarts.
func TestFileControlsOnlyWhatItNames(t *testing.T) {
	s := newServed(t)
	provider := fmt.Sprintf("127.0.0.1:%d", freePort(t))
	s.writeNamed(provider, "listen: 127.0.0.1:0\n", "")
	s.start()
	key := everythingKey(t, s.dir)
	url := s.providerURL()
	status, answer := call(t, "POST", url+"/api/key/generate", key, `{"key":{"algorithm":"ES256","name":"shop"}}`)
	if status != 200 {
		t.Fatalf("%d %v", status, answer)
	}
	signing := answer["key"].(map[string]any)["id"].(string)
	change := `{"application":{"name":"Shop","jwtConfiguration":{"enabled":true,"timeToLiveInSeconds":120,"accessTokenKeyId":"` + signing + `","refreshTokenTimeToLiveInMinutes":77,"refreshTokenUsagePolicy":"Reusable",
		"refreshTokenExpirationPolicy":"Fixed"},"oauthConfiguration":{"authorizedOriginURLs":["https://elsewhere.example.com/account"]}}}`
	if status, answer = call(t, "PATCH", url+"/api/application/"+servedApplication, key, change); status != 200 {
		t.Fatalf("%d %v", status, answer)
	}
	if status, answer = call(t, "POST", url+"/api/application/"+servedApplication+"/role", key, `{"role":{"name":"editor"}}`); status != 200 {
		t.Fatalf("%d %v", status, answer)
	}
	before := settingsOf(t, url, key, "application", servedApplication)
	if jwt := before["jwtConfiguration"].(map[string]any); jwt["timeToLiveInSeconds"] != 120.0 || jwt["accessTokenKeyId"] != signing {
		t.Fatalf("%v", before)
	}
	tenant := settingsOf(t, url, key, "tenant", before["tenantId"].(string))
	unchanged := func(when string) {
		t.Helper()
		if after := settingsOf(t, url, key, "application", servedApplication); !reflect.DeepEqual(after, before) {
			t.Errorf("%s:\n%v\nwas\n%v", when, after, before)
		}
		if after := settingsOf(t, url, key, "tenant", before["tenantId"].(string)); !reflect.DeepEqual(after, tenant) {
			t.Errorf("%s:\n%v\nwas\n%v", when, after, tenant)
		}
	}
	s.hangUp()
	unchanged("after a reload")
	s.interrupt()
	s.start()
	unchanged("after a restart")
	if status := run(t.Context(), []string{"user", "add", "-c", filepath.Join(s.dir, "latchkey.yaml"), "--password-file", passwordFile(t), "bob@example.com"}, io.Discard, s.stderr); status != 0 {
		t.Errorf("user add: %s", s.stderr)
	}
	unchanged("after a user was added")

	s.writeNamed(provider, "listen: 127.0.0.1:"+port(t, s.origins[0])+"\nsession: {refresh_ttl: 10m}\n", "    name: The shop\n    client_secret: a secret of the file\n")
	s.interrupt()
	s.start()
	want := maps.Clone(before)
	want["name"] = "The shop"
	jwt := maps.Clone(before["jwtConfiguration"].(map[string]any))
	jwt["refreshTokenTimeToLiveInMinutes"] = 10.0
	want["jwtConfiguration"] = jwt
	if after := settingsOf(t, url, key, "application", servedApplication); !reflect.DeepEqual(after, want) {
		t.Errorf("what the file names now:\n%v\nwant\n%v", after, want)
	}
	s.interrupt()
}

func passwordFile(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(path, []byte("correct horse battery\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
