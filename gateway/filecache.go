package gateway

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path"
	"strings"
	"sync"
)

const (
	largest  = 4 << 20  // bytes of a file that is compressed, with an ETag of its content; of larger ones it has size and time
	kept     = 64 << 20 // bytes of compressed files that are kept in memory
	mostTold = 100      // at most this many are logged as not served: in an unreadable directory, every name is one
)

// fileCache knows the files of a page, and keeps them compressed. A file that has changed in the
// folder is read again.
type fileCache struct {
	files fs.FS
	log   *slog.Logger
	limit int // of kept

	mu     sync.RWMutex
	byName map[string]*cached
	kept   int             // bytes
	told   map[string]bool // names of files that cannot be served, each logged once
}

type cached struct {
	info        fs.FileInfo
	contentType string
	etag        string
	zipped      []byte // nil if that gains nothing
}

// An openFile is one file, ready to be sent.
type openFile struct {
	*cached
	io.ReadSeeker
	io.Closer
}

func newFileCache(files fs.FS, log *slog.Logger) *fileCache {
	return &fileCache{files: files, log: log, limit: kept, byName: make(map[string]*cached), told: make(map[string]bool)}
}

// stat reports whether there is a file of that name.
func (c *fileCache) stat(name string) bool {
	if !fs.ValidPath(name) || strings.Contains(name, `\`) {
		return false
	}
	info, err := fs.Stat(c.files, name)
	if errors.Is(err, fs.ErrPermission) {
		c.tell(name, err)
	}
	return err == nil && info.Mode().IsRegular()
}

// tell logs once why a file is not served.
func (c *fileCache) tell(name string, err error) {
	c.mu.Lock()
	known := c.told[name] || len(c.told) >= mostTold
	if !known {
		c.told[name] = true
	}
	c.mu.Unlock()
	if !known {
		c.log.Warn("cannot serve a file of the page", "error", err)
	}
}

func (c *fileCache) open(name string) (*openFile, error) {
	file, err := c.files.Open(name)
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err != nil || !info.Mode().IsRegular() {
		file.Close()
		return nil, fs.ErrNotExist
	}
	c.mu.RLock()
	known := c.byName[name]
	c.mu.RUnlock()
	seeker, ok := file.(io.ReadSeeker)
	if !ok {
		file.Close()
		return nil, fmt.Errorf("%s cannot be read in parts", name)
	}
	if known == nil || changed(known.info, info) {
		if known, err = c.learn(name, seeker, info); err != nil {
			file.Close()
			return nil, err
		}
	}
	return &openFile{known, seeker, file}, nil
}

// changed reports whether the content of a file may have changed. Reproducible builds give all
// files the same time, and two versions of an index.html often have the same size.
func changed(before, now fs.FileInfo) bool {
	return before.Size() != now.Size() || !before.ModTime().Equal(now.ModTime()) || changedAt(before) != changedAt(now) || os.SameFile(before, before) && !os.SameFile(before, now)
}

// learn reads a file that is new or has changed, and rewinds it.
func (c *fileCache) learn(name string, file io.ReadSeeker, info fs.FileInfo) (*cached, error) {
	f := &cached{info: info, contentType: contentType(name)}
	f.etag = fmt.Sprintf(`"%x-%x"`, info.Size(), info.ModTime().UnixNano())
	if info.Size() <= largest {
		content, err := io.ReadAll(io.LimitReader(file, largest))
		if err != nil {
			return nil, err
		}
		if _, err := file.Seek(0, io.SeekStart); err != nil {
			return nil, err
		}
		sum := sha256.Sum256(content)
		f.etag = `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
		if compressible(f.contentType) && len(content) >= 1024 {
			f.zipped = compress(content)
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if old := c.byName[name]; old != nil {
		c.kept -= len(old.zipped)
		delete(c.byName, name)
	}
	if c.kept+len(f.zipped) > c.limit {
		c.forget()
	}
	if c.kept+len(f.zipped) > c.limit {
		f.zipped = nil
	}
	c.kept += len(f.zipped)
	c.byName[name] = f
	return f, nil
}

// forget drops files that are gone: each deployment leaves some behind.
func (c *fileCache) forget() {
	for name, f := range c.byName {
		if _, err := fs.Stat(c.files, name); err != nil {
			c.kept -= len(f.zipped)
			delete(c.byName, name)
		}
	}
}

// compress returns nil if less than a tenth would be gained. Only files of the page are ever
// compressed: the length of a compressed response that mixes a secret with a client's input reveals
// the secret (BREACH).
func compress(content []byte) []byte {
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return nil
	}
	if _, err := w.Write(content); err != nil || w.Close() != nil || out.Len() > len(content)*9/10 {
		return nil
	}
	return out.Bytes()
}

func compressible(contentType string) bool {
	kind, _, _ := strings.Cut(contentType, ";")
	switch kind {
	case "application/javascript", "application/json", "application/manifest+json", "application/wasm", "application/xml", "image/svg+xml", "font/ttf":
		return true
	}
	return strings.HasPrefix(kind, "text/")
}

// contentTypes do not depend on the machine's own table, unlike package mime. Other files are sent
// as application/octet-stream.
var contentTypes = map[string]string{
	".html": "text/html; charset=utf-8", ".htm": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8",
	".js": "text/javascript; charset=utf-8", ".mjs": "text/javascript; charset=utf-8", ".map": "application/json", ".json": "application/json",
	".webmanifest": "application/manifest+json", ".wasm": "application/wasm", ".xml": "application/xml", ".txt": "text/plain; charset=utf-8",
	".md": "text/plain; charset=utf-8", ".pdf": "application/pdf", ".csv": "text/csv; charset=utf-8",
	".svg": "image/svg+xml", ".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".gif": "image/gif", ".webp": "image/webp",
	".avif": "image/avif", ".ico": "image/x-icon", ".bmp": "image/bmp",
	".woff": "font/woff", ".woff2": "font/woff2", ".ttf": "font/ttf", ".otf": "font/otf",
	".mp3": "audio/mpeg", ".ogg": "audio/ogg", ".wav": "audio/wav", ".m4a": "audio/mp4", ".mp4": "video/mp4", ".webm": "video/webm", ".vtt": "text/vtt; charset=utf-8",
}

func contentType(name string) string {
	if t := contentTypes[strings.ToLower(path.Ext(name))]; t != "" {
		return t
	}
	return "application/octet-stream"
}
