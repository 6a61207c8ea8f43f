package gateway_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/latchkey-dev/latchkey/gateway"
)

// The app's own address, as the gateway uses it, becomes the origin that browsers know. Every other
// address stays.
func TestLocationOfTheApp(t *testing.T) {
	w := newWorld(t)
	w.login.Origin = "https://app.localhost:8443"
	inner := strings.TrimPrefix(w.app.URL, "http://")
	for _, c := range []struct{ base, said, want string }{
		{"", "http://" + inner + "/x?a=b#c", "https://app.localhost:8443/x?a=b#c"},
		{"", "https://" + inner + "/x", "https://app.localhost:8443/x"},
		{"", "HTTP://" + strings.ToUpper(inner) + "/x", "https://app.localhost:8443/x"},
		{"", "//" + inner + "/x%2Fy", "https://app.localhost:8443/x%2Fy"},
		{"", "http://" + inner, "https://app.localhost:8443"},
		{"/base", "http://" + inner + "/base/x", "https://app.localhost:8443/x"},
		{"/base/", "http://" + inner + "/base", "https://app.localhost:8443/"},
		{"/base", "http://" + inner + "/based", "https://app.localhost:8443/based"},
		{"/base", "/base/x", "/base/x"},
		{"", "/x", "/x"},
		{"", "x?next=http://" + inner + "/", "x?next=http://" + inner + "/"},
		{"", "https://accounts.example.com/?back=http://" + inner + "/", "https://accounts.example.com/?back=http://" + inner + "/"},
		{"", "http://evil." + inner + "/x", "http://evil." + inner + "/x"},
		{"", "http://" + inner + "@evil.example/x", "http://" + inner + "@evil.example/x"},
		{"", "http://u:p@" + inner + "/x", "http://u:p@" + inner + "/x"},
		{"", "http://127.0.0.1:1/x", "http://127.0.0.1:1/x"},
		{"", "ftp://" + inner + "/x", "ftp://" + inner + "/x"},
		{"", "http:" + inner, "http:" + inner},
		{"", "", ""},
	} {
		w.app.answer(func(rw http.ResponseWriter, r *http.Request) {
			rw.Header().Set("Location", c.said)
			rw.Header().Set("Content-Location", c.said)
			rw.Header().Set("Refresh", "5; url="+c.said)
			rw.WriteHeader(http.StatusFound)
		})
		n := w.serve(func(g *gateway.Config) { g.Apps[0].Upstream += c.base })
		h := n.stranger().do("GET", "/x", "").header
		if h.Get("Location") != c.want || h.Get("Content-Location") != c.want || h.Get("Refresh") != "5; url="+c.want {
			t.Errorf("base %q, %q: %v, want %q", c.base, c.said, h, c.want)
		}
	}
	w.app.answer(func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("Refresh", "0;URL='http://"+inner+"/x'")
		rw.Header()["Link"] = []string{"<http://" + inner + "/x>; rel=preload"}
	})
	if h := w.serve().stranger().do("GET", "/x", "").header; h.Get("Refresh") != "0;URL='https://app.localhost:8443/x'" {
		t.Errorf("%v", h)
	}
}

// The default port of a scheme may be omitted.
func TestLocationWithTheStandardPort(t *testing.T) {
	for upstream, said := range map[string][]string{
		"http://app.internal": {"http://app.internal/x", "http://app.internal:80/x"}, "http://app.internal:80": {"http://app.internal/x"}, "https://app.internal": {"https://app.internal:443/x"},
		"http://[::1]:3000": {"http://[::1]:3000/x"},
	} {
		for _, location := range said {
			if got := gateway.PublicLocation(upstream, "https://app.example.com", location); got != "https://app.example.com/x" {
				t.Errorf("%s says %s: %s", upstream, location, got)
			}
		}
	}
	for location, want := range map[string]string{
		"https://app.internal/x":     "https://app.example.com/x", // by X-Forwarded-Proto and its own Host
		"https://app.internal:443/x": "https://app.example.com/x", "https://app.internal:8443/x": "https://app.internal:8443/x", "http://app.internal:443/x": "http://app.internal:443/x",
		"http://[": "http://[", "http://app.internal:80.evil.example/": "http://app.internal:80.evil.example/",
	} {
		if got := gateway.PublicLocation("http://app.internal", "https://app.example.com", location); got != want {
			t.Errorf("%s: %s, want %s", location, got, want)
		}
	}
}

// Apps know themselves by other names than the gateway does: the address they listen on, localhost,
// or their host without the port.
func TestLocationByOtherNames(t *testing.T) {
	const public = "https://app.example.com/x"
	for _, c := range []struct{ upstream, said, want string }{
		{"http://127.0.0.1:3000", "http://localhost:3000/x", public}, {"http://localhost:3000", "http://127.0.0.1:3000/x", public}, {"http://127.0.0.1:3000", "http://[::1]:3000/x", public},
		{"http://127.0.0.1:3000", "https://0.0.0.0:3000/x", public}, {"http://app:3000", "https://0.0.0.0:3000/x", public}, {"http://app:3000", "http://[::]:3000/x", public},
		{"http://127.0.0.1:3000", "http://127.0.0.1/x", public}, {"http://app:3000", "https://app/x", public}, {"http://10.1.2.3:3000", "http://10.1.2.3/x", public}, {"http://[fd00::1]:3000", "http://[fd00::1]/x", public}, {"http://app:3000", "http://app:80/x", public},
		{"http://app:3000", "http://localhost:3000/x", ""}, {"http://127.0.0.1:3000", "http://localhost/x", ""}, {"http://127.0.0.1:3000", "http://localhost:3001/x", ""}, {"http://127.0.0.1:3000", "http://0.0.0.0/x", ""},
		{"http://intranet.example.com:3000", "https://intranet.example.com/x", ""}, {"http://203.0.113.7:3000", "http://203.0.113.7/x", ""}, {"http://app:3000", "http://app:3001/x", ""}, {"http://app:3000", "http://app.evil.example/x", ""},
		{"http://127.0.0.1:3000", "http://127.0.0.1:443/x", ""}, {"http://app:3000", "http://u@app/x", ""}, {"http://127.0.0.1:3000", "http://localhost.evil.example:3000/x", ""}, {"http://app", "http://app:3000/x", ""},
	} {
		if c.want == "" {
			c.want = c.said
		}
		if got := gateway.PublicLocation(c.upstream, "https://app.example.com", c.said); got != c.want {
			t.Errorf("%s says %s: %s, want %s", c.upstream, c.said, got, c.want)
		}
	}
}

// FuzzLocation: an address from the app stays unchanged, or becomes one of the app's origin.
func FuzzLocation(f *testing.F) {
	for _, seed := range []string{"http://app.internal:3000/x", "//app.internal:3000//evil.example", "http://app.internal:3000@evil.example/", `http://app.internal:3000\@evil.example`, "http://APP.internal:3000?x", "/x", "http:app.internal:3000"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, said string) {
		for _, base := range []string{"", "/base"} {
			got := gateway.PublicLocation("http://app.internal:3000"+base, "https://app.example.com", said)
			rest, ours := strings.CutPrefix(got, "https://app.example.com")
			if got != said && (!ours || rest != "" && !strings.ContainsAny(rest[:1], "/?#")) {
				t.Errorf("%q: %q", said, got)
			}
			gateway.PublicRefresh("http://app.internal:3000"+base, "https://app.example.com", said)
		}
	})
}

// A logged-in user's browser may keep files of the app that have an ETag, if it revalidates each
// time. Files without one are not kept.
func TestAnswersWithETag(t *testing.T) {
	w := newWorld(t)
	w.app.answer(func(rw http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		if etag := q.Get("etag"); etag != "" {
			rw.Header().Set("ETag", etag)
		}
		if cache := q.Get("cache"); cache != "" {
			rw.Header().Set("Cache-Control", cache)
		}
		if r.Header.Get("If-None-Match") != "" {
			rw.WriteHeader(http.StatusNotModified)
		}
	})
	n := w.serve()
	ada, stranger := n.loggedIn(), n.stranger()
	w.clock.Advance(2 * 60e9)
	ada.do("GET", "/api/x", "").want(t, 200, "")
	for _, c := range []struct {
		method, path string
		b            *browser
		cache        string
	}{
		{"GET", "/api/x?etag=a", ada, "private, no-cache"}, {"HEAD", "/api/x?etag=a", ada, "private, no-cache"}, {"GET", "/x?etag=a", ada, "private, no-cache"}, {"GET", "/x?etag=a", stranger, ""},
		{"GET", "/x", ada, "no-store"}, {"GET", "/api/x", ada, "no-store"}, {"POST", "/api/x?etag=a", ada, "no-store"}, {"GET", "/x?etag=a&cache=public", ada, "public"}, {"GET", "/x?etag=a&cache=no-store", ada, "no-store"},
	} {
		if got := c.b.do(c.method, c.path, ""); got.status != 200 || got.header.Get("Cache-Control") != c.cache {
			t.Errorf("%s %s: %d %v, want Cache-Control %q", c.method, c.path, got.status, got.header, c.cache)
		}
	}
	if got := ada.do("GET", "/x?etag=a", "", "If-None-Match", "a"); got.status != 304 || got.header.Get("Cache-Control") != "private, no-cache" {
		t.Errorf("%d %v", got.status, got.header)
	}
	w.clock.Advance(2 * 3600e9)
	got := ada.do("GET", "/x?etag=a", "")
	if len(got.header["Set-Cookie"]) == 0 || got.header.Get("Cache-Control") != "no-store" {
		t.Errorf("an answer with new cookies: %v", got.header)
	}
}
