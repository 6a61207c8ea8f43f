package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey/fusionauth/fusionauthtest"
	"github.com/latchkey-dev/latchkey/internal/redistest"
)

// sharing starts nodes with one origin, one store and one provider. The test adds the rest of the
// configuration.
func sharing(t *testing.T, store string, n int, extra string) []*served {
	t.Helper()
	server := fusionauthtest.New(t)
	t.Setenv("FUSIONAUTH_API_KEY", server.APIKey)
	first := newServed(t)
	nodes := make([]*served, n)
	for i := range nodes {
		nodes[i] = &served{T: t, dir: t.TempDir(), stderr: &buffer{}, status: make(chan int, 1), app: first.app, listens: strconv.Itoa(freePort(t))}
		text := "listen: 127.0.0.1:" + nodes[i].listens + "\ndata: .\nstore: \"" + store + "\"\nprovider: {url: \"" + server.URL + "\", api_key: \"${FUSIONAUTH_API_KEY}\"}\n" + extra +
			"apps:\n  - host: app.localhost:" + nodes[0].listens + "\n    application_id: " + fusionauthtest.ApplicationID + "\n    upstream: " + first.app.URL + "\n    protect: [/api/]\n"
		if err := os.WriteFile(filepath.Join(nodes[i].dir, "latchkey.yaml"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return nodes
}

func (s *served) copyKeys(from *served) {
	s.Helper()
	text, err := os.ReadFile(sessionKeys(from.dir))
	if err == nil {
		err = os.WriteFile(sessionKeys(s.dir), text, 0o600)
	}
	if err != nil {
		s.Fatal(err)
	}
}

// keysSession runs a command on the keys of a node, and returns the keys after it.
func (s *served) keysSession(args ...string) (keys []shownSessionKey) {
	s.Helper()
	var stdout, stderr bytes.Buffer
	args = append([]string{"keys", "session"}, append(args, "-c", filepath.Join(s.dir, "latchkey.yaml"), "--json")...)
	if status := run(s.Context(), args, &stdout, &stderr); status != 0 {
		s.Fatalf("%v: status %d: %s", args, status, &stderr)
	}
	var shown struct{ Keys []shownSessionKey }
	if err := json.Unmarshal(stdout.Bytes(), &shown); err != nil {
		s.Fatalf("%v: %s: %v", args, &stdout, err)
	}
	if text := stdout.String() + stderr.String(); strings.Contains(text, "latchkey-key-") {
		s.Errorf("%v prints a key", args)
	}
	return shown.Keys
}

// reloadAll makes all nodes of this process reload.
func reloadAll(t *testing.T, nodes []*served) {
	t.Helper()
	const reloaded = "configuration reloaded"
	var before []int
	for _, s := range nodes {
		before = append(before, strings.Count(s.stderr.String(), reloaded))
	}
	if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	for i, s := range nodes {
		for end := time.Now().Add(20 * time.Second); strings.Count(s.stderr.String(), reloaded) == before[i]; time.Sleep(time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("no reload: %s", s.stderr)
			}
		}
	}
}

// A rotation of the session keys in two steps, on two nodes under load whose sessions are refreshed
// all the time: no request is refused at any moment.
func TestRotateSessionKeys(t *testing.T) {
	nodes := sharing(t, redistest.Start(t).URL(), 2, "session: {idle: 1s, cap: 1s}\n")
	here, there := nodes[0], nodes[1]
	here.start()
	there.copyKeys(here)
	there.start()
	old := here.keysSession("list")

	ctx, stop := context.WithCancel(t.Context())
	var served, minted atomic.Int64
	var load sync.WaitGroup
	for range 4 {
		jar := here.login()
		load.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				resp, err := nodes[n%2].client.Do(with(t, nodes[n%2], jar))
				if err != nil {
					t.Error(err)
					return
				}
				resp.Body.Close()
				if resp.StatusCode != 200 {
					t.Errorf("%s from node %d", resp.Status, n%2)
					return
				}
				served.Add(1)
				for _, c := range resp.Cookies() {
					minted.Add(1)
					jar = append(slices.DeleteFunc(jar, func(o *http.Cookie) bool { return o.Name == c.Name }), c)
				}
			}
		})
	}
	awhile := func() { // until each browser has been refreshed with the keys in force
		for want := minted.Load() + 4*2; minted.Load() < want && !t.Failed(); time.Sleep(10 * time.Millisecond) {
		}
	}
	awhile()
	added := here.keysSession("add")
	reloadAll(t, nodes)
	awhile()
	there.copyKeys(here)
	reloadAll(t, nodes)
	awhile()
	promoted := here.keysSession("promote")
	reloadAll(t, nodes)
	awhile()
	there.copyKeys(here)
	reloadAll(t, nodes)
	awhile()
	stop()
	load.Wait()
	t.Logf("%d requests, %d cookies", served.Load(), minted.Load())
	if len(added) != 2 || added[0] != old[0] || added[1].State != keyStandby {
		t.Errorf("%v after %v", added, old)
	}
	if len(promoted) != 2 || promoted[0] != (shownSessionKey{added[1].ID, keySeals}) || promoted[1] != (shownSessionKey{old[0].ID, keyOpens}) {
		t.Errorf("%v after %v", promoted, added)
	}
	if left := here.keysSession("remove", old[0].ID); len(left) != 1 || left[0] != promoted[0] {
		t.Errorf("%v after the old one was removed", left)
	}
	there.interrupt()
	here.interrupt()
}

func with(t *testing.T, s *served, jar []*http.Cookie) *http.Request {
	r, err := http.NewRequestWithContext(t.Context(), "GET", s.origins[0]+"/api/x", nil)
	if err != nil {
		t.Error(err)
	}
	for _, c := range jar {
		r.AddCookie(&http.Cookie{Name: c.Name, Value: c.Value})
	}
	return r
}

// A reload refuses a file without the key that seals, and creates none.
func TestReloadKeepsTheKeyThatSeals(t *testing.T) {
	s := newServed(t)
	s.write("")
	s.start()
	ada := s.login()
	for name, change := range []func(path string) error{
		func(path string) error {
			return os.WriteFile(path, []byte("latchkey-key-2:"+strings.Repeat("A", 43)+"\n"), 0o600)
		},
		os.Remove,
	} {
		before := strings.Count(s.stderr.String(), "keeping the old one")
		if err := change(sessionKeys(s.dir)); err != nil {
			t.Fatal(err)
		}
		if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
		for end := time.Now().Add(10 * time.Second); strings.Count(s.stderr.String(), "keeping the old one") == before; time.Sleep(time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("change %d: reloaded: %s", name, s.stderr)
			}
		}
		s.want("/api/x", ada, 200, "bearer true")
	}
	if _, err := os.Stat(sessionKeys(s.dir)); !os.IsNotExist(err) {
		t.Errorf("a reload made keys: %v", err)
	}
	s.interrupt()
}

// If keys are missing although they have sealed something, new ones are not created: neither beside
// databases nor for a store that others use.
func TestMissingSessionKeys(t *testing.T) {
	refused := func(s *served, names ...string) {
		t.Helper()
		for _, command := range []string{"serve", "check"} {
			args := []string{"serve", "-c", filepath.Join(s.dir, "latchkey.yaml")}
			if command == "check" {
				args = append([]string{"config"}, append([]string{"check"}, args[1:]...)...)
			}
			if command == "check" && len(names) > 0 {
				continue // config check does not read the store
			}
			var stdout, stderr buffer
			if status := run(t.Context(), args, &stdout, &stderr); status != 1 || !strings.Contains(stderr.String(), sessionKeys(s.dir)) {
				t.Errorf("%s: status %d: %s", command, status, &stderr)
			}
			if _, err := os.Stat(sessionKeys(s.dir)); !os.IsNotExist(err) {
				t.Errorf("%s made keys", command)
			}
		}
	}
	for _, left := range []string{"sessions.db", "idp.db", "provider.json"} {
		s := newServed(t)
		s.write("")
		s.start()
		s.interrupt()
		for _, name := range []string{"session.keys", "sessions.db", "idp.db", "provider.json"} {
			if name != left {
				os.Remove(filepath.Join(s.dir, name))
			}
		}
		refused(s)
	}
	nodes := sharing(t, redistest.Start(t).URL(), 2, "")
	nodes[0].start()
	nodes[0].login()
	refused(nodes[1], "store")
	nodes[1].keysSession("add") // on purpose
	nodes[1].start()
	nodes[1].interrupt()
	nodes[0].interrupt()
}

// A node that shares another node's store, and not its keys, is not ready, and says so in its log.
func TestNodesWithOtherKeysAreNotReady(t *testing.T) {
	admin := "127.0.0.1:" + strconv.Itoa(freePort(t))
	nodes := sharing(t, redistest.Start(t).URL(), 2, "")
	path := filepath.Join(nodes[1].dir, "latchkey.yaml")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, append([]byte("admin: "+admin+"\n"), text...), 0o600); err != nil {
		t.Fatal(err)
	}
	nodes[0].start()
	nodes[1].start()
	wantHealth(t, "http://"+admin, true, "")
	nodes[0].login()
	wantHealth(t, "http://"+admin, false, "keys")
	nodes[1].logged("unknown_key")
	nodes[1].copyKeys(nodes[0]) // it lacks the key that seals here, so it takes a restart
	nodes[1].interrupt()
	nodes[1].start()
	wantHealth(t, "http://"+admin, true, "")
	nodes[0].login()
	wantHealth(t, "http://"+admin, true, "")
	nodes[1].interrupt()
	nodes[0].interrupt()
}

// The commands that change session.keys keep its place, its mode and its owner.
func TestSessionKeysStayWhereTheyAre(t *testing.T) {
	data, elsewhere := t.TempDir(), filepath.Join(t.TempDir(), "keys-of-all-nodes")
	command := func(args ...string) {
		t.Helper()
		var stdout, stderr bytes.Buffer
		if status := run(t.Context(), append([]string{"keys", "session"}, append(args, "--data", data)...), &stdout, &stderr); status != 0 {
			t.Fatalf("%v: status %d: %s", args, status, &stderr)
		}
	}
	command("add")
	if err := errors.Join(os.Rename(sessionKeys(data), elsewhere), os.Symlink(elsewhere, sessionKeys(data)), os.Chmod(elsewhere, 0o400)); err != nil {
		t.Fatal(err)
	}
	if os.Geteuid() == 0 { // as in a Kubernetes Secret
		if err := errors.Join(os.Chown(elsewhere, 0, 54321), os.Chmod(elsewhere, 0o440)); err != nil {
			t.Fatal(err)
		}
	}
	before, err := os.Stat(elsewhere)
	if err != nil {
		t.Fatal(err)
	}
	command("add")
	command("promote")
	after, err := os.Stat(elsewhere)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Readlink(sessionKeys(data)); err != nil {
		t.Error(err)
	}
	if after.Mode() != before.Mode() || after.Size() <= before.Size() || after.Sys().(*syscall.Stat_t).Gid != before.Sys().(*syscall.Stat_t).Gid {
		t.Errorf("%v, %d bytes; before %v, %d bytes", after.Mode(), after.Size(), before.Mode(), before.Size())
	}
}
