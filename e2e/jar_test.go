package e2e_test

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"io"
	"maps"
	"net"
	"net/http"
	"strings"
)

// A jar is the cookies of one site as a Cookie header, in the hands of someone who can send
// anything.
type jar map[string]string

// copyCookies returns a copy of the browser's jar, as malware on its machine could make one.
func (b *browser) copyCookies(s *site) jar {
	b.Helper()
	copied := make(jar)
	for name, c := range b.cookies(s) {
		copied[name] = c.Value
	}
	if len(copied) < 2 {
		b.Fatalf("the browser has %d cookies for %s, want at least 2", len(copied), s.name)
	}
	return copied
}

// only returns a jar with one of the cookies.
func (j jar) only(name string) jar { return jar{name: j[name]} }

// without returns a jar that lacks one of the cookies.
func (j jar) without(name string) jar {
	changed := maps.Clone(j)
	delete(changed, name)
	return changed
}

// with returns a jar in which the cookie has another value.
func (j jar) with(name, value string) jar {
	changed := jar{name: value}
	for n, v := range j {
		if n != name {
			changed[n] = v
		}
	}
	return changed
}

func (j jar) header() string {
	var pairs []string
	for name, value := range j {
		pairs = append(pairs, name+"="+value)
	}
	return strings.Join(pairs, "; ")
}

// use sends a GET with the jar, without a browser, and keeps the cookies that come back. It follows
// a redirect.
func (s *site) use(path string, j jar) exchange {
	s.Helper()
	e := s.send(path, http.Header{"Cookie": {j.header()}})
	for name, c := range e.setCookies() {
		j[name] = c.Value
	}
	if e.status == http.StatusTemporaryRedirect {
		return s.use(path, j)
	}
	return e
}

// send sends a GET with any headers to the site, without a browser.
func (s *site) send(path string, header http.Header) exchange {
	s.Helper()
	r, err := http.NewRequestWithContext(s.Context(), http.MethodGet, s.origin+path, nil)
	if err != nil {
		s.Fatal(err)
	}
	r.Header = header.Clone()
	transport := &http.Transport{
		DisableKeepAlives: true, TLSClientConfig: &tls.Config{RootCAs: certificate().roots},
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, s.addr)
		},
	}
	resp, err := transport.RoundTrip(r)
	if err != nil {
		s.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		s.Fatal(err)
	}
	return exchange{host: s.host, method: r.Method, path: path, request: header, status: resp.StatusCode, answer: resp.Header, body: string(body)}
}

// wantRefused fails the test unless the response is 401 login_required, with that end reason, and
// sets no cookie.
func (s *site) wantRefused(what string, e exchange, endReason string) {
	s.Helper()
	p := answer{e.status, e.body}.problem()
	if e.status != http.StatusUnauthorized || p.Code != "login_required" || p.EndReason != endReason || len(e.setCookies()) != 0 {
		s.Errorf("%s: %d %.200s, sets %d cookies; want 401 login_required, %q", what, e.status, e.body, len(e.setCookies()), endReason)
	}
}

// wantServed fails the test unless the answer is 200. It returns whether new cookies came with it.
func (s *site) wantServed(what string, e exchange) (renewed bool) {
	s.Helper()
	if e.status != http.StatusOK {
		s.Errorf("%s: %d %.200s, want 200", what, e.status, e.body)
	}
	return len(e.setCookies()) == 2
}

// flip changes one bit of a cookie's value, in the byte at that fraction of it, from 0 for the
// first to 1 for the last.
func flip(value string, part float64) string {
	raw, err := base64.RawURLEncoding.DecodeString(value)
	if err != nil {
		return "not base64url: " + value
	}
	raw[int(part*float64(len(raw)-1))] ^= 1
	return base64.RawURLEncoding.EncodeToString(raw)
}
