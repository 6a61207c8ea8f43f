package gateway_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/latchkey-dev/latchkey/gateway"
)

const html = "<!doctype html><title>page</title>"

// dist makes a folder of built files.
func dist(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range map[string]string{
		"index.html": html, "favicon.ico": "icon", "about.html": "<!doctype html><title>about</title>", "app.js": strings.Repeat("let a;", 1000), "photo-1024x1024.png": "png", "thing-Facebook.svg": "<svg/>",
		"assets/app-5JQ2XKZA.js": strings.Repeat("let b;", 1000), "assets/main.3f2a9c1b.css": "a{}", ".env": "SECRET=1", ".git/config": "x", ".well-known/security.txt": "Contact: x",
		"api/data.json": "{}", "large.bin": strings.Repeat("x", 5<<20), "data.unknown": "?",
	} {
		write(t, filepath.Join(dir, name), content)
	}
	write(t, filepath.Join(filepath.Dir(dir), "outside.txt"), "outside")
	return dir
}

func write(t *testing.T, name, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(content), 0o666); err != nil {
		t.Fatal(err)
	}
}

func stat(t *testing.T, name string) fs.FileInfo {
	t.Helper()
	info, err := os.Stat(name)
	if err != nil {
		t.Fatal(err)
	}
	return info
}

func withPage(dir string) func(*gateway.Config) {
	return func(c *gateway.Config) { c.Apps[0].Page = os.DirFS(dir) }
}

// Files have their types and lifetimes; navigations get the page; what is missing does not.
func TestPage(t *testing.T) {
	w := newWorld(t)
	w.app.answer(func(rw http.ResponseWriter, r *http.Request) { io.WriteString(rw, "app") })
	both := w.serve(withPage(dist(t)))
	alone := w.serve(withPage(dist(t)), func(c *gateway.Config) { c.Apps[0].Upstream = "" })
	const no, forever = "no-cache", "public, max-age=31536000, immutable"
	for _, c := range []struct {
		name, path, mode string
		contentType      string // of both; "app": goes to the app, and is a JSON 404 if there is none
		cache            string
	}{
		{"root", "/", "navigate", "text/html; charset=utf-8", no},
		{"root, by a program", "/", "", "text/html; charset=utf-8", no},
		{"index", "/index.html", "navigate", "text/html; charset=utf-8", no},
		{"another page", "/about.html", "navigate", "text/html; charset=utf-8", no},
		{"script", "/app.js", "no-cors", "text/javascript; charset=utf-8", no},
		{"hashed script", "/assets/app-5JQ2XKZA.js", "no-cors", "text/javascript; charset=utf-8", forever},
		{"hashed style", "/assets/main.3f2a9c1b.css", "no-cors", "text/css; charset=utf-8", forever},
		{"size in the name", "/photo-1024x1024.png", "no-cors", "image/png", no},
		{"word in the name", "/thing-Facebook.svg", "no-cors", "image/svg+xml", no},
		{"unknown type", "/data.unknown", "cors", "application/octet-stream", no},
		{"large", "/large.bin", "cors", "application/octet-stream", no},
		{"well-known", "/.well-known/security.txt", "", "text/plain; charset=utf-8", no},
		{"the page's own routing", "/cart/7", "navigate", "text/html; charset=utf-8", no},
		{"unknown, fetched", "/cart/7", "cors", "app", ""},
		{"unknown script", "/old-5JQ2XKZB.js", "no-cors", "app", ""},
		{"unknown script, opened", "/old.js", "navigate", "app", ""},
		{"hidden", "/.env", "navigate", "app", ""},
		{"hidden folder", "/.git/config", "navigate", "app", ""},
		{"folder", "/assets/", "cors", "app", ""},
		{"outside", "/outside.txt", "navigate", "app", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, lonely := both.stranger().do("GET", c.path, "", "Sec-Fetch-Mode", c.mode), alone.stranger().do("GET", c.path, "", "Sec-Fetch-Mode", c.mode)
			if c.contentType == "app" {
				lonely.want(t, 404, "not_found")
				if got.body != "app" {
					t.Errorf("%d %.50s", got.status, got.body)
				}
				return
			}
			for _, a := range []answer{got, lonely} {
				if a.status != 200 || a.header.Get("Content-Type") != c.contentType || a.header.Get("Cache-Control") != c.cache || a.header.Get("ETag") == "" {
					t.Errorf("%d %v", a.status, a.header)
				}
				if !strings.Contains(a.header.Get("Content-Security-Policy"), "default-src 'self'") || a.header.Get("X-Content-Type-Options") != "nosniff" {
					t.Errorf("security headers: %v", a.header)
				}
			}
		})
	}
	// The API's names never belong to a file or the page.
	for _, path := range []string{"/api/data.json", "/api/unknown", "/API/data.json"} {
		if got := both.loggedIn().do("GET", path, "", "Sec-Fetch-Mode", "navigate"); got.body != "app" {
			t.Errorf("%s: %d %.50s", path, got.status, got.body)
		}
		alone.stranger().do("GET", path, "", "Sec-Fetch-Mode", "navigate").want(t, 404, "not_found")
	}
	alone.stranger().do("POST", "/app.js", "").want(t, 404, "not_found")
}

// An unchanged file is not sent again; a changed one is, without a restart; text is compressed for
// clients that accept it.
func TestPageIsSentOnce(t *testing.T) {
	w := newWorld(t)
	dir := dist(t)
	n := w.serve(withPage(dir))
	b := n.stranger()
	plain, zipped := b.do("GET", "/app.js", ""), b.do("GET", "/app.js", "", "Accept-Encoding", "br, gzip")
	if plain.header.Get("Content-Encoding") != "" || zipped.header.Get("Content-Encoding") != "gzip" || zipped.header.Get("Vary") != "Accept-Encoding" || plain.header.Get("Vary") != "Accept-Encoding" {
		t.Errorf("%v %v", plain.header, zipped.header)
	}
	unzip, err := gzip.NewReader(strings.NewReader(zipped.body))
	if err != nil {
		t.Fatal(err)
	}
	if content, err := io.ReadAll(unzip); err != nil || string(content) != plain.body || len(zipped.body) >= len(plain.body) {
		t.Errorf("%d bytes, %v", len(content), err)
	}
	if b.do("GET", "/app.js", "", "Accept-Encoding", "gzip;q=0").header.Get("Content-Encoding") != "" {
		t.Error("gzip although refused")
	}
	if plain.header.Get("ETag") == zipped.header.Get("ETag") {
		t.Error("two representations with one ETag")
	}
	for _, a := range []answer{plain, zipped} {
		again := b.do("GET", "/app.js", "", "If-None-Match", a.header.Get("ETag"), "Accept-Encoding", map[bool]string{true: "gzip", false: "identity"}[a.header.Get("Content-Encoding") == "gzip"])
		if again.status != 304 || again.body != "" {
			t.Errorf("an unchanged file: %d %d bytes", again.status, len(again.body))
		}
	}
	if part := b.do("GET", "/large.bin", "", "Range", "bytes=10-19"); part.status != 206 || part.body != "xxxxxxxxxx" {
		t.Errorf("a part: %d %d bytes", part.status, len(part.body))
	}
	write(t, filepath.Join(dir, "app.js"), "let c")
	if changed := b.do("GET", "/app.js", "", "If-None-Match", plain.header.Get("ETag")); changed.status != 200 || changed.body != "let c" {
		t.Errorf("a changed file: %d %.20s", changed.status, changed.body)
	}
	if err := os.Remove(filepath.Join(dir, "app.js")); err != nil {
		t.Fatal(err)
	}
	if gone := b.do("GET", "/app.js", ""); gone.body != "ok" {
		t.Errorf("a removed file: %d %.20s", gone.status, gone.body)
	}
}

// A file with the size and the time of its predecessor can be another file: reproducible builds set
// all times to the same value.
func TestPageWithoutTimes(t *testing.T) {
	w := newWorld(t)
	dir := t.TempDir()
	index := filepath.Join(dir, "index.html")
	long := strings.Repeat("x", 2000)
	put := func(name, hash string) {
		write(t, name, "<title>"+hash+"</title>"+long)
		if err := os.Chtimes(name, time.Unix(1, 0), time.Unix(1, 0)); err != nil {
			t.Fatal(err)
		}
	}
	put(index, "one")
	b := w.serve(func(c *gateway.Config) { c.Apps[0].Page = gateway.Dir(dir) }).stranger()
	etag := b.do("GET", "/", "").header.Get("ETag")
	for _, deploy := range []struct {
		hash string
		do   func()
	}{
		{"two", func() { put(index+".new", "two") }},
		{"six", func() { os.Remove(index); put(index+".new", "six") }},
		{"ten", func() {
			for before := stat(t, index); gateway.ChangedAt(stat(t, index)) == gateway.ChangedAt(before); { // file systems have coarse clocks
				put(index, "ten")
			}
		}},
	} {
		if deploy.hash == "ten" && runtime.GOOS != "linux" {
			continue // nothing shows the change
		}
		deploy.do()
		if _, err := os.Stat(index + ".new"); err == nil {
			if err := os.Rename(index+".new", index); err != nil {
				t.Fatal(err)
			}
		}
		got := b.do("GET", "/", "", "If-None-Match", etag)
		if got.status != 200 || !strings.Contains(got.body, deploy.hash) || got.header.Get("ETag") == etag {
			t.Errorf("%s: %d %.30s %v", deploy.hash, got.status, got.body, got.header)
		}
		etag = got.header.Get("ETag")
	}
}

// Files of old deployments take no room from those of the current one.
func TestOldDeploymentsAreForgotten(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "index.html"), "<title>page</title>")
	page, err := gateway.NewPageOf(os.DirFS(dir), 1000)
	if err != nil {
		t.Fatal(err)
	}
	zipped := func(name string) bool {
		r := httptest.NewRequest("GET", name, nil)
		r.Header.Set("Accept-Encoding", "gzip")
		rec := httptest.NewRecorder()
		page.ServeHTTP(rec, r)
		return rec.Header().Get("Content-Encoding") == "gzip"
	}
	for i := range 50 {
		name := fmt.Sprintf("/app-%d.js", i)
		write(t, filepath.Join(dir, name), strings.Repeat("let a;", 5000))
		for range 2 { // from the disk, and from memory
			if !zipped(name) {
				t.Fatalf("deployment %d is not compressed", i)
			}
		}
		os.Remove(filepath.Join(dir, name))
	}
	for i := range 50 {
		name := fmt.Sprintf("/big-%d.js", i)
		write(t, filepath.Join(dir, name), strings.Repeat("let a;", 5000))
		if i == 49 && zipped(name) {
			t.Error("there is room for more than the limit")
		}
		zipped(name)
	}
}

// lockedFS has a directory that nobody may read.
type lockedFS struct{ fstest.MapFS }

func (f lockedFS) Open(name string) (fs.File, error) {
	if strings.HasPrefix(name, "locked/") {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrPermission}
	}
	return f.MapFS.Open(name)
}

func (f lockedFS) Stat(name string) (fs.FileInfo, error) {
	file, err := f.Open(name)
	if err != nil {
		return nil, err
	}
	return file.Stat()
}

// Requests for names below such a directory fill neither the log nor the memory.
func TestFilesAreToldOfWithAnEnd(t *testing.T) {
	w := newWorld(t)
	b := w.serve(func(c *gateway.Config) {
		c.Apps[0].Page = lockedFS{fstest.MapFS{"index.html": {Data: []byte("page"), Mode: 0o644}}}
	}).stranger()
	for i := range 300 {
		b.do("GET", fmt.Sprintf("/locked/%d", i), "")
	}
	if n := strings.Count(w.log.String(), "cannot serve a file"); n == 0 || n > 150 {
		t.Errorf("logged %d times", n)
	}
}

// Names that bundlers derive from a file's content never change; every other name may.
func TestHashedNames(t *testing.T) {
	for name, want := range map[string]bool{
		// Vite and Rollup: eight characters of base64url, with "-" and "_" anywhere.
		"index-BJMrlQAS.js": true, "index-DGNrK5qb.css": true, "assets/index-C-x_Y3Zk.js": true, "index--aB_cDeF.js": true, "index-_-aBcDeF.js": true, "index-aBcDeF--.js": true, "a-b-Kx9_-2aZ.woff2": true, "index-BJMrlQAS.js.map": true,
		"vendor-12345678.js": false, "index-abcDefgh.js": false, "logo-Dq2A-_3x.svg": true, "photo-1024x1024-BJMrlQAS.png": true,
		// esbuild: eight characters of base32. webpack, Angular, Parcel: hex, and longer.
		"app-5JQ2XKZA.js": true, "chunk-ABCDEFGH.js": false, "main.3f2a9c1b.css": true, "main.3f2a9c1b7d8e9f0a1b2c.js": true, "main.3f2a9c1b.chunk.js": true, "styles-O2XGKV3A.css": true, "polyfills.abcdefab.js": false, "main-es2015.3f2a9c1b7d8e9f0a1b2c.js": true,
		// Names that people choose.
		"index.html": false, "app.js": false, "jquery.min.js": false, "photo-1024x1024.png": false, "photo-10241024.png": false, "thing-Facebook.svg": false, "my-component.js": false, "report-final-2.pdf": false, "site-settings.json": false, "about-us-english.html": false,
		"user-javascript.js": false, "icon-facebook.svg": false, "logo-GitHub.svg": false, "android-chrome-192x192.png": false, "apple-touch-icon.png": false, "manifest.webmanifest": false, "fonts/Inter-SemiBold.woff2": false, "Inter-ExtraBold.woff2": false, "Roboto-MediumItalic.ttf": false,
		"service-worker.js": false, "sw.js": false, "workbox-window.js": false, "icon-YouTubes.svg": false, "logo-JavaScript.svg": false, "jquery-3.7.1.min.js": false, "data-2026-11-29.json": false, "README-DEVELOPERS.md": false, "LICENSE-APACHE20.txt": false, "v1.20261129.js": false, "-BJMrlQAS.js": false, "BJMrlQAS.js": false,
		"icon-512x512px.png": false, "video-1920x1080p60.mp4": false, "step-chapter01.html": false, "img-slide0001.png": false, "README-VERSION2.md": false, "x-facade42.css": false, "lib-Win32Api.js": false, "font-Big-Bold.woff2": false,
		"doc-Nov-2026.pdf": false, "a-MyBigApp.js": false, "page-HTMLPage.html": false, "x-V2-Final.css": false, "assets/react.svg": false,
	} {
		if got := gateway.Hashed(name); got != want {
			t.Errorf("%s: %t, want %t", name, got, want)
		}
	}
	const base64url = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	random, known := rand.New(rand.NewPCG(1, 2)), 0
	for range 1000 {
		digest := make([]byte, 8)
		for i := range digest {
			digest[i] = base64url[random.IntN(len(base64url))]
		}
		if gateway.Hashed("assets/index-" + string(digest) + ".js") {
			known++
		}
	}
	if known < 850 {
		t.Errorf("%d of 1000 names of Vite are known", known)
	}
}

// The page's headers can be set and removed.
func TestPageHeaders(t *testing.T) {
	w := newWorld(t)
	n := w.serve(withPage(dist(t)), func(c *gateway.Config) {
		c.Apps[0].HSTS = true
		c.Apps[0].PageHeaders = map[string]string{"content-security-policy": "default-src 'none'", "X-Frame-Options": "", "Permissions-Policy": "camera=()"}
	})
	h := n.stranger().do("GET", "/", "").header
	if h.Get("Content-Security-Policy") != "default-src 'none'" || h["X-Frame-Options"] != nil || h.Get("Permissions-Policy") != "camera=()" {
		t.Errorf("%v", h)
	}
	if got := w.serve(withPage(dist(t))).stranger().do("GET", "/", "").header.Get("Referrer-Policy"); got != "same-origin" {
		t.Errorf("Referrer-Policy: %s", got) // or the page's own forms would send Origin: null
	}
	for _, path := range []string{"/", "/api/user", "/x.js"} {
		if got := n.stranger().do("GET", path, "").header.Get("Strict-Transport-Security"); got != "max-age=31536000" {
			t.Errorf("%s: HSTS is %q", path, got)
		}
	}
}

// In development another server has the page, with hot reload over a WebSocket; it learns nothing
// about the login.
func TestDevServer(t *testing.T) {
	w := newWorld(t)
	vite := w.upstream()
	vite.answer(func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/socket" {
			talkative(rw, r)
			return
		}
		fmt.Fprint(rw, "vite ", r.Host)
	})
	n := w.serve(func(c *gateway.Config) { c.Apps[0].DevServer = vite.URL })
	b := n.loggedIn()
	for path, want := range map[string]string{
		"/": "vite", "/src/main.ts?t=1": "vite", "/@vite/client": "vite", "/node_modules/.vite/deps/x.js?v=1": "vite", "/cart": "vite", "/api/x": "ok", "/api/": "ok",
	} {
		if got := b.do("GET", path, ""); !strings.HasPrefix(got.body, want) {
			t.Errorf("%s: %d %s", path, got.status, got.body)
		}
	}
	for _, r := range vite.take() {
		if r.Header["Cookie"] != nil || r.Header["Authorization"] != nil || r.Header["Latchkey-User"] != nil || "http://"+r.Host != vite.URL {
			t.Errorf("the development server saw %v", r.Header)
		}
	}
	b.socket("/socket").echo(t)
	if s := b.socket("/socket", "Origin", "http://evil.example"); s.response.StatusCode != 403 {
		t.Errorf("hot reload from elsewhere: %s", s.response.Status)
	}
	if got := b.do("POST", "/form", "{}"); got.body != "ok" {
		t.Errorf("POST goes to the app: %d %s", got.status, got.body)
	}
}

// Nothing but plain files can be read, by any name.
func FuzzPage(f *testing.F) {
	for _, path := range append(evasions, "/.env", "/../outside.txt", "/assets", "/link", "/assets/../.env", "/\x00", "/CON", "/app.js/") {
		f.Add(path)
	}
	dir := f.TempDir()
	os.WriteFile(filepath.Join(dir, "index.html"), []byte(html), 0o666)
	os.WriteFile(filepath.Join(dir, ".env"), []byte("secret"), 0o666)
	os.Mkdir(filepath.Join(dir, "api"), 0o777)
	os.WriteFile(filepath.Join(dir, "api", "x"), []byte("secret"), 0o666)
	os.WriteFile(filepath.Join(filepath.Dir(dir), "outside.txt"), []byte("secret"), 0o666)
	page, err := gateway.NewPage(os.DirFS(dir))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, path string) {
		r := httptest.NewRequest("GET", "/", nil)
		r.URL.Path = path
		rec := httptest.NewRecorder()
		page.ServeHTTP(rec, r)
		if bytes.Contains(rec.Body.Bytes(), []byte("secret")) && !strings.HasPrefix(path, "/api/") {
			t.Errorf("%q: %s", path, rec.Body)
		}
	})
}
