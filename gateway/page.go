package gateway

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"mime"
	"net/http"
	"path"
	"strings"
	"time"
)

// standardPageHeaders let the page load its own files and connect to its own host. It cannot be
// framed.
var standardPageHeaders = map[string]string{
	"Content-Security-Policy": "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
	"X-Content-Type-Options":  "nosniff",
	"X-Frame-Options":         "DENY",        // for browsers without frame-ancestors
	"Referrer-Policy":         "same-origin", // with no-referrer, browsers would send "Origin: null" from the page's own forms

	"Cross-Origin-Opener-Policy":   "same-origin",
	"Cross-Origin-Resource-Policy": "same-origin",
}

const index = "index.html"

// page serves the files of a single-page app.
type page struct {
	files   *fileCache
	headers http.Header
}

func newPage(files fs.FS, headers map[string]string, log *slog.Logger) (*page, error) {
	if _, err := fs.Stat(files, index); errors.Is(err, fs.ErrPermission) {
		return nil, fmt.Errorf("cannot serve the page: %w", err)
	} else if err != nil {
		return nil, fmt.Errorf("the page has no %s: build the app first, or name the folder of the built files", index)
	}
	p := &page{files: newFileCache(files, log), headers: make(http.Header)}
	for name, value := range standardPageHeaders {
		p.headers.Set(name, value)
	}
	for name, value := range headers {
		if !plainName(name) || strings.ContainsAny(value, "\r\n\x00") {
			return nil, fmt.Errorf("%q cannot be a header of the page", name)
		}
		if p.headers.Set(name, value); value == "" {
			p.headers.Del(name)
		}
	}
	return p, nil
}

// has reports whether the page answers a GET or HEAD request: with a file, or with index.html if a
// browser navigates to one of the page's own routes. A missing script or picture is never answered
// with HTML.
func (p *page) has(r *http.Request) bool {
	name := fileName(r.URL.Path)
	return p.files.stat(name) || name != "" && path.Ext(name) == "" && navigates(r) && r.Header.Get("Upgrade") == "" || name == index
}

func (p *page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := fileName(r.URL.Path)
	if !p.files.stat(name) {
		name = index
	}
	f, err := p.files.open(name)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		notFound.ServeHTTP(w, r)
		return
	}
	if err != nil {
		upstreamUnavailable.ServeHTTP(w, r)
		return
	}
	defer f.Close()
	h := w.Header()
	for name, values := range p.headers {
		h[name] = values
	}
	h.Set("Content-Type", f.contentType)
	h.Set("Cache-Control", "no-cache") // revalidate each time; the ETag makes that cheap
	if hashed(name) {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	content, etag := io.ReadSeeker(f), f.etag
	if f.zipped != nil {
		h.Set("Vary", "Accept-Encoding")
		if takesGzip(r.Header) {
			h.Set("Content-Encoding", "gzip")
			content, etag = bytes.NewReader(f.zipped), strings.TrimSuffix(f.etag, `"`)+`-gzip"`
		}
	}
	h.Set("ETag", etag)
	http.ServeContent(w, r, "", time.Time{}, content)
}

// fileName is the name in the folder of a clean path. Names that begin with a dot are never served,
// except .well-known.
func fileName(urlPath string) string {
	name := strings.TrimPrefix(urlPath, "/")
	if name == "" {
		return index
	}
	for segment := range strings.SplitSeq(name, "/") {
		if strings.HasPrefix(segment, ".") && segment != ".well-known" {
			return ""
		}
	}
	return name
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

// takesGzip reports whether Accept-Encoding allows gzip.
func takesGzip(h http.Header) bool {
	for _, line := range h["Accept-Encoding"] {
		for part := range strings.SplitSeq(line, ",") {
			coding, params, _ := strings.Cut(strings.TrimSpace(part), ";")
			if strings.EqualFold(strings.TrimSpace(coding), "gzip") {
				weight := strings.ReplaceAll(params, " ", "")
				return !strings.HasPrefix(weight, "q=0") || strings.Trim(strings.TrimPrefix(weight, "q="), "0.") != ""
			}
		}
	}
	return false
}
