package gateway

import (
	"log/slog"
	"net/http"
	"strings"

	"github.com/latchkey-dev/latchkey/account"
	"github.com/latchkey-dev/latchkey/internal/wire"
)

// accountPage serves the gateway's own page for the links in mails.
type accountPage struct{ page *page }

func newAccountPage(log *slog.Logger) (*accountPage, error) {
	p, err := newPage(account.Page(), map[string]string{"Content-Security-Policy": account.PagePolicy}, log)
	return &accountPage{p}, err
}

// has tells whether a path is the page's, or one of its files'. Without its last slash it is a redirect.
func (a *accountPage) has(path string) bool {
	return strings.HasPrefix(path+"/", account.PagePath)
}

func (a *accountPage) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	wire.Methods{http.MethodGet: a.get}.ServeHTTP(w, r)
}

func (a *accountPage) get(w http.ResponseWriter, r *http.Request) {
	name, below := strings.CutPrefix(r.URL.Path, account.PagePath)
	switch {
	case !below: // browsers keep what follows the #
		http.Redirect(w, r, account.PagePath, http.StatusPermanentRedirect)
	case name == "" || a.page.files.stat(name):
		http.StripPrefix(strings.TrimSuffix(account.PagePath, "/"), a.page).ServeHTTP(w, r)
	default:
		wire.Of(wire.CodeNotFound).Write(w)
	}
}
