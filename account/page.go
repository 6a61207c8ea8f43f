package account

import (
	"embed"
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
// of this package it confirms an address or sets a new password, once its reader submits the form.
// Its files refer to each other by relative URLs, and work under PagePolicy.
func Page() fs.FS {
	page, err := fs.Sub(files, "page")
	if err != nil { // the name is a constant
		panic(err)
	}
	return page
}

// PagePolicy is the Content-Security-Policy for Page: it loads its own files and talks to its own
// origin, nobody can frame it, and no script can turn text into markup (Trusted Types).
const PagePolicy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; form-action 'none'; base-uri 'none'; " +
	"frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
