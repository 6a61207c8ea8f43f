package main

import (
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"path/filepath"
	"testing"

	"github.com/latchkey-dev/latchkey/dbsc/dbsctest"
)

// A deviceBrowser has keys for its sessions, in software.
type deviceBrowser struct {
	*served
	*dbsctest.Browser
}

func (s *served) deviceBrowser() deviceBrowser {
	s.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		s.Fatal(err)
	}
	return deviceBrowser{s, &dbsctest.Browser{Jar: jar, Transport: s.client.Transport}}
}

// login logs in, and does what the response asks for. It reports whether the session is bound.
func (b deviceBrowser) login() (bound bool) {
	b.Helper()
	tab := *b.served
	tab.client = &http.Client{Transport: b.Browser}
	tab.login()
	b.RunDue(b.Context()) // registers
	tab.want("/api/x", nil, 200, "bearer true")
	b.RunDue(b.Context()) // proves the key for the first time
	return len(b.Sessions()) > 0 && len(b.proof()) > 0
}

// visit makes a request of a page, for which the browser must prove its key.
func (b deviceBrowser) visit() {
	b.Helper()
	b.Jar.SetCookies(b.home(), []*http.Cookie{{Name: "__Host-bound", Path: "/", Secure: true, MaxAge: -1}})
	tab := *b.served
	tab.client = &http.Client{Transport: b.Browser}
	tab.want("/api/x", nil, 200, "bearer true")
	if len(b.Sessions()) == 0 || len(b.proof()) == 0 {
		b.Error("the browser has lost its key")
	}
}

// proof returns the bound cookie.
func (b deviceBrowser) proof() (found []*http.Cookie) {
	for _, c := range b.Jar.Cookies(b.home()) {
		if c.Name == "__Host-bound" {
			found = append(found, c)
		}
	}
	return found
}

// stolen returns the other cookies.
func (b deviceBrowser) stolen() (cookies []*http.Cookie) {
	for _, c := range b.Jar.Cookies(b.home()) {
		if c.Name != "__Host-bound" {
			cookies = append(cookies, c)
		}
	}
	return cookies
}

func (b deviceBrowser) home() *url.URL {
	home, err := url.Parse(b.origins[0])
	if err != nil {
		b.Fatal(err)
	}
	return home.JoinPath("/")
}

// A reload switches device binding on step by step, and back at any time: no session and no key is
// lost.
func TestReloadSwitchesDeviceBinding(t *testing.T) {
	s := newServed(t)
	mode := func(mode string) {
		s.writeWith("listen: 127.0.0.1:0\ntls: local\n", "    device_binding: "+mode+"\n")
	}
	mode("off")
	s.start()
	s.trust(filepath.Join(s.dir, "local-ca.pem"))
	if s.deviceBrowser().login() {
		t.Error("off: bound")
	}
	mode("watch")
	s.hangUp()
	ada := s.deviceBrowser()
	if !ada.login() {
		t.Fatalf("watch: not bound; %s", s.stderr)
	}
	stolen := ada.stolen()
	s.want("/api/x", stolen, 200, "bearer true")
	s.logged("proof_missing")
	for range 2 {
		mode("on")
		s.hangUp()
		s.want("/api/x", stolen, 401, "device_proof_required")
		ada.visit()
		mode("off")
		s.hangUp()
		s.want("/api/x", stolen, 200, "bearer true")
		ada.visit()
	}
	unbound := s.login()
	mode("require")
	s.hangUp()
	s.want("/api/x", stolen, 401, "device_proof_required")
	s.want("/api/x", unbound, 200, "bearer true") // it has two minutes
	ada.visit()
	s.interrupt()
}
