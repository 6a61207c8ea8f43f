// Package spa serves a single-page app from a folder of built files, with the headers that such a
// page should have.
package spa

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"time"

	"github.com/latchkey-dev/latchkey/internal/wire"
)

// Policy lets the page load its own files and connect to its own backend, and nothing else. It
// cannot be framed, and no script can turn text into markup (Trusted Types, without any policy).
const Policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

const index = "index.html"

// Files is an http.Handler with the files of one app. It is safe for concurrent use.
type Files struct {
	byPath map[string]file
}

type file struct {
	content     []byte
	contentType string
	etag        string
}

// New reads the files. It fails without an index.html, or if a file's type is unknown.
func New(dist fs.FS) (*Files, error) {
	files := &Files{byPath: make(map[string]file)}
	err := fs.WalkDir(dist, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		contentType, ok := contentTypes[path.Ext(name)]
		if !ok {
			return errors.New("unknown type of file: " + name)
		}
		content, err := fs.ReadFile(dist, name)
		sum := sha256.Sum256(content)
		files.byPath[name] = file{content, contentType, `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`}
		return err
	})
	if err != nil {
		return nil, err
	}
	if _, ok := files.byPath[index]; !ok {
		return nil, errors.New("no index.html: build the app first (go run -C web .)")
	}
	return files, nil
}

// contentTypes do not depend on the machine's own table, unlike package mime.
var contentTypes = map[string]string{
	".html": "text/html; charset=utf-8",
	".css":  "text/css; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
	".svg":  "image/svg+xml",
	".txt":  "text/plain; charset=utf-8",
}

// ServeHTTP answers GET with a file. Navigations to unknown paths get the page, which does its own
// routing; any other unknown path is 404, so that a missing script is never answered with HTML.
func (f *Files) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	wire.Methods{http.MethodGet: f.get}.ServeHTTP(w, r)
}

func (f *Files) get(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimPrefix(r.URL.Path, "/")
	found, ok := f.byPath[name]
	if name == "" || !ok && path.Ext(name) == "" && navigates(r) {
		found, ok = f.byPath[index], true
	}
	if !ok {
		wire.Of(wire.CodeNotFound).ServeHTTP(w, r)
		return
	}
	h := w.Header()
	h.Set("Content-Type", found.contentType)
	h.Set("Content-Security-Policy", Policy)
	h.Set("Cache-Control", "no-cache") // revalidate each time; the ETag makes that cheap
	h.Set("ETag", found.etag)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(found.content))
}

// navigates reports whether the browser wants a page. Browsers without Fetch Metadata say so in
// Accept.
func navigates(r *http.Request) bool {
	if mode := r.Header.Get("Sec-Fetch-Mode"); mode != "" {
		return mode == "navigate"
	}
	for part := range strings.SplitSeq(r.Header.Get("Accept"), ",") {
		if t, _, err := mime.ParseMediaType(part); err == nil && t == "text/html" {
			return true
		}
	}
	return false
}

// Secure sets the headers that every response of an app should have. The policy is that of JSON:
// nothing may load. Files set their own.
func Secure(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY") // for browsers without frame-ancestors
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		next.ServeHTTP(w, r)
	})
}
