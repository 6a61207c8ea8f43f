package spa_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/latchkey-dev/latchkey/examples/internal/spa"
)

func files(t *testing.T) http.Handler {
	t.Helper()
	f, err := spa.New(fstest.MapFS{
		"index.html":   {Data: []byte("<!doctype html><title>page</title>")},
		"app.js":       {Data: []byte("let a")},
		"art/cup.svg":  {Data: []byte("<svg/>")},
		"licenses.txt": {Data: []byte("MIT")},
	})
	if err != nil {
		t.Fatal(err)
	}
	return spa.Secure(f)
}

func get(h http.Handler, method, target string, header ...string) *http.Response {
	r := httptest.NewRequest(method, target, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func TestServe(t *testing.T) {
	h := files(t)
	for _, c := range []struct {
		name, method, target, mode string
		status                     int
		contentType                string
	}{
		{"root", "GET", "/", "navigate", 200, "text/html; charset=utf-8"},
		{"root, by a program", "GET", "/", "", 200, "text/html; charset=utf-8"},
		{"script", "GET", "/app.js", "no-cors", 200, "text/javascript; charset=utf-8"},
		{"picture", "GET", "/art/cup.svg", "no-cors", 200, "image/svg+xml"},
		{"licenses", "GET", "/licenses.txt", "navigate", 200, "text/plain; charset=utf-8"},
		{"head", "HEAD", "/app.js", "no-cors", 200, "text/javascript; charset=utf-8"},
		{"a page of the app's own routing", "GET", "/some/page", "navigate", 200, "text/html; charset=utf-8"},
		{"unknown script", "GET", "/old.js", "no-cors", 404, "application/problem+json"},
		{"unknown script, opened", "GET", "/old.js", "navigate", 404, "application/problem+json"},
		{"unknown, fetched", "GET", "/some/page", "cors", 404, "application/problem+json"},
		{"folder", "GET", "/art/", "cors", 404, "application/problem+json"},
		{"dots", "GET", "/art/%2e%2e/%2e%2e/spa.go", "navigate", 404, "application/problem+json"},
		{"post", "POST", "/", "navigate", 405, "application/problem+json"},
	} {
		t.Run(c.name, func(t *testing.T) {
			res := get(h, c.method, c.target, "Sec-Fetch-Mode", c.mode)
			if res.StatusCode != c.status || res.Header.Get("Content-Type") != c.contentType {
				t.Errorf("got %d %s, want %d %s", res.StatusCode, res.Header.Get("Content-Type"), c.status, c.contentType)
			}
		})
	}
	if res := get(h, "GET", "/some/page", "Accept", "text/html,*/*;q=0.8"); res.StatusCode != 200 {
		t.Errorf("navigation of a browser without Fetch Metadata: got %d", res.StatusCode)
	}
}

func TestRevalidation(t *testing.T) {
	h := files(t)
	first := get(h, "GET", "/app.js")
	if got := first.Header.Get("Cache-Control"); got != "no-cache" {
		t.Errorf("Cache-Control is %q", got)
	}
	etag := first.Header.Get("ETag")
	if etag == "" || etag == get(h, "GET", "/").Header.Get("ETag") {
		t.Errorf("ETag is %q", etag)
	}
	if again := get(h, "GET", "/app.js", "If-None-Match", etag); again.StatusCode != 304 {
		t.Errorf("got %d, want 304", again.StatusCode)
	}
}

// HDR-01 to HDR-06: the headers of every response, and the policies of pages and of everything
// else.
func TestHeaders(t *testing.T) {
	h := files(t)
	for _, target := range []string{"/", "/app.js", "/old.js"} {
		header := get(h, "GET", target).Header
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "same-origin",
			"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin",
		} {
			if got := header.Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", target, name, got, want)
			}
		}
		policy := header.Get("Content-Security-Policy")
		if !strings.Contains(policy, "default-src 'none'") || !strings.Contains(policy, "frame-ancestors 'none'") {
			t.Errorf("%s: policy is %q", target, policy)
		}
		if strings.Contains(policy, "unsafe") {
			t.Errorf("%s: policy allows something unsafe: %q", target, policy)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	if _, err := spa.New(fstest.MapFS{"app.js": {}}); err == nil {
		t.Error("no index.html, no error")
	}
	if _, err := spa.New(fstest.MapFS{"index.html": {}, "notes.exe": {}}); err == nil {
		t.Error("unknown type, no error")
	}
}
