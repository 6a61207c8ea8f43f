package account

import (
	"bytes"
	"embed"
	"html"
	"io/fs"
	"strings"
)

// PagePath is where a gateway serves Page, below the origin of each app.
const PagePath = "/.latchkey/account/"

// PageURL is the address of that page for an app's origin, such as "https://shop.example.com". The
// links in mails append "#verify-email=" or "#reset-password=" and the id.
func PageURL(origin string) string { return strings.TrimSuffix(origin, "/") + PagePath }

//go:embed page
var files embed.FS

// Page holds the files of a page for the links in mails, index.html among them. Through the routes
// of this package, below the base path of the guard, it confirms an address or sets a new password,
// once its reader submits the form. Its files refer to each other by relative URLs, and work under
// PagePolicy.
func Page(basePath string) fs.FS {
	page, err := fs.Sub(files, "page")
	if err != nil { // the name is a constant
		panic(err)
	}
	text, err := fs.ReadFile(page, index)
	if err != nil {
		panic(err)
	}
	base := `<meta name="latchkey-base" content="` + html.EscapeString(basePath) + `">`
	return &basedPage{page, bytes.Replace(text, []byte("<title>"), []byte(base+"\n<title>"), 1)}
}

const index = "index.html"

// A basedPage says in its index.html where the routes are.
type basedPage struct {
	fs.FS
	index []byte
}

// Open opens a file of the page.
func (p *basedPage) Open(name string) (fs.File, error) {
	file, err := p.FS.Open(name)
	if err != nil || name != index {
		return file, err
	}
	return &indexFile{File: file, Reader: bytes.NewReader(p.index)}, nil
}

// An indexFile is the embedded file with other content.
type indexFile struct {
	fs.File
	*bytes.Reader
}

func (f *indexFile) Read(b []byte) (int, error) { return f.Reader.Read(b) }
func (f *indexFile) Stat() (fs.FileInfo, error) {
	info, err := f.File.Stat()
	return indexInfo{info, f.Reader.Size()}, err
}

type indexInfo struct {
	fs.FileInfo
	size int64
}

func (i indexInfo) Size() int64 { return i.size }

// PagePolicy is the Content-Security-Policy for Page: it loads its own files and connects to its
// own origin, it cannot be framed, and no script can turn text into markup (Trusted Types).
const PagePolicy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; form-action 'none'; base-uri 'none'; " +
	"frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
