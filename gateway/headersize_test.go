package gateway_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"

	"github.com/latchkey-dev/latchkey/gateway"
)

// flood is a jar that a sibling host has filled: cookies of 4 KB.
func flood(kilobytes int) string {
	var jar []string
	for i := range kilobytes / 4 {
		jar = append(jar, fmt.Sprintf("c%d=%s", i, strings.Repeat("x", 4<<10-10)))
	}
	return strings.Join(jar, "; ")
}

// GWY-12: headers are bounded in both directions, with the same response over HTTP/1.1 and HTTP/2.
func TestGWY12HeaderSizes(t *testing.T) {
	w := newWorld(t)
	for _, h2 := range []bool{false, true} {
		n := w.start(h2)
		b := n.stranger()
		b.do("GET", "/x", "", "X-Large", strings.Repeat("x", 40<<10)).want(t, 431, "headers_too_large")
		b.do("GET", "/x?"+strings.Repeat("x", 40<<10), "").want(t, 431, "headers_too_large")
		b.do("GET", "/x", "", "Cookie", flood(264)).want(t, 431, "headers_too_large")
		b.do("GET", "/x", "", "Cookie", flood(740)).want(t, 431, "headers_too_large") // 180 cookies, as many as Chromium keeps of a domain
		b.do("GET", "/x", "", "Cookie", strings.Repeat("__Host-session=x; ", 4<<10)).want(t, 431, "headers_too_large")
		b.do("POST", "/api/login", "{}", "X-Large", strings.Repeat("x", 40<<10)).want(t, 431, "headers_too_large")
		if seen := w.app.take(); len(seen) != 0 {
			t.Errorf("%d requests that are too large reached the app", len(seen))
		}
		b.do("GET", "/x", "", "X-Large", strings.Repeat("x", 20<<10)).want(t, 200, "")
		w.app.take()
	}
}

// A sibling host that fills the jar locks nobody out: the login and its session work, and so does
// the app, although it does not get its cookies.
func TestFloodedJar(t *testing.T) {
	w := newWorld(t)
	for _, h2 := range []bool{false, true} {
		w.login.Origin = origin
		n := w.start(h2, withUserKey, withPage(dist(t)))
		for _, kilobytes := range []int{8, 12, 16, 20, 60, 248} {
			jar := []string{"Cookie", flood(kilobytes)}
			ada := n.stranger()
			ada.do("POST", "/api/login", `{"email":"ada@example.com","password":"`+password+`"}`, jar...).want(t, 200, "")
			ada.do("GET", "/api/user", "", jar...).want(t, 200, "")
			ada.do("GET", "/", "", append(jar, "Sec-Fetch-Mode", "navigate")...).want(t, 200, "")
			ada.do("GET", "/api/x", "", jar...).want(t, 200, "")
			r := w.app.last(t)
			if r.Header.Get("Latchkey-User") == "" {
				t.Errorf("%d KB: the app saw %d headers and no user", kilobytes, len(r.Header))
			}
			size := len(r.RequestURI) + len(r.Host)
			for name, values := range r.Header {
				size += len(name) + len(strings.Join(values, ""))
			}
			if size > 16<<10 { // what Node.js reads
				t.Errorf("%d KB: the app saw %d bytes of headers", kilobytes, size)
			}
			if cookies := r.Header.Get("Cookie"); (cookies != "") != (kilobytes < 16) {
				t.Errorf("%d KB: the app saw %d bytes of cookies", kilobytes, len(cookies))
			}
			ada.do("POST", "/api/logout", "{}", jar...).want(t, 204, "")
		}
	}
	if got := strings.Count(w.log.String(), "cookies"); got != 2 { // once for each gateway
		t.Errorf("the log tells it %d times", got)
	}
}

// The log says when an app gets no cookies, wherever that is decided, and only then.
func TestFloodedJarIsLogged(t *testing.T) {
	w := newWorld(t)
	logged := func() int { return strings.Count(w.log.String(), "too many cookies") }
	b := w.serve().loggedIn()
	b.do("GET", "/api/x", "", "X-Large", strings.Repeat("x", 20<<10)).want(t, 200, "") // only our cookies
	if logged() != 0 {
		t.Errorf("no cookie was left out: %s", w.log)
	}
	for room := range 100 { // with what the gateway adds, it is too much
		w.app.take()
		w.serve(withUserKey).loggedIn().do("GET", "/api/x", "", "Cookie", "c="+strings.Repeat("x", 16<<10-100*room)).want(t, 200, "")
		if w.app.last(t).Header["Cookie"] != nil {
			break
		}
		if logged() != room+1 {
			t.Fatalf("the cookie of %d bytes was left out, and the log does not say it", 16<<10-100*room)
		}
	}
}

// Dropped cookies are not kept in memory while the request waits for the app.
func TestFloodedJarIsForgotten(t *testing.T) {
	const waiting, jar = 100, 240 << 10
	var requests []*http.Request
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for range waiting {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Cookie", strings.Repeat("x", jar)+"; __Host-session=abc")
		if !gateway.Fits(r) {
			t.Fatal("too large")
		}
		requests = append(requests, r)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > waiting*jar/4 {
		t.Errorf("%d requests hold %d bytes", waiting, grown)
	}
	runtime.KeepAlive(requests)
}

// The limit of the server is far above the gateway's own, which answers in JSON.
func TestLimitsAreTheGatewaysOwn(t *testing.T) {
	if gateway.MaxHeaders*3 > http.DefaultMaxHeaderBytes {
		t.Error("net/http answers first, in plain text")
	}
}
