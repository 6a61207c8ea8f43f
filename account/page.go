package account

import (
	"embed"
	"io/fs"
	"strings"
)

// PagePath is where a gateway serves Page, below the origin of each app.
const PagePath = "/.latchkey/account/"

// PageURL is the address of that page for an app's origin, "https://shop.example.com". A mail links to it with "#verify-email=" or "#reset-password="
// and the id behind it.
func PageURL(origin string) string { return strings.TrimSuffix(origin, "/") + PagePath }

//go:embed page
var files embed.FS

// Page holds the files of a page for the links in mails, index.html among them: it confirms an address and sets a new password through the routes of this
// package, once its reader says so. Its files name each other relatively, and it needs PagePolicy and no more.
func Page() fs.FS {
	page, err := fs.Sub(files, "page")
	if err != nil { // the name is a constant
		panic(err)
	}
	return page
}

// PagePolicy is the Content-Security-Policy for Page: it loads its own files and talks to its own origin, nobody frames it, and no script of it can turn text into
// markup (Trusted Types).
const PagePolicy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; form-action 'none'; base-uri 'none'; " +
	"frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
