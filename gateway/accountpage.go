package gateway

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"

	"github.com/latchkey-dev/latchkey/account"
	"github.com/latchkey-dev/latchkey/internal/wire"
)

// accountPage serves the gateway's own page for the links in mails.
type accountPage struct{ page *page }

func newAccountPage(base string, log *slog.Logger) (*accountPage, error) {
	p, err := newPage(account.Page(base), map[string]string{"Content-Security-Policy": account.PagePolicy}, log)
	return &accountPage{p}, err
}

// checkAccountPage refuses an account page of the app's own that a link in a mail could not open.
func (a *app) checkAccountPage(c App) error {
	if c.AccountPage == "" {
		return nil
	}
	const host = "app.example"
	u, err := url.Parse("https://" + host + c.AccountPage) // as it appears in a mail
	var path string
	if err == nil {
		path, err = cleanPath(u)
	}
	page := (c.Page != nil || c.DevServer != "") && !a.rules.names(path)
	switch {
	case err != nil || u.Host != host || u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return fmt.Errorf("account_page: %q: want a plain path of the app's own page, such as /account", c.AccountPage)
	case path == account.PagePath:
		return nil
	case reserved(path):
		return fmt.Errorf("account_page: %s is not served: the gateway's own page is %s", c.AccountPage, account.PagePath)
	case a.ofGuard(path) || a.account != nil && a.account.Serves(path):
		return fmt.Errorf("account_page: %s is a route of Latchkey's API: want the path of a page", c.AccountPage)
	case !page && c.Upstream == "":
		return fmt.Errorf("account_page: %s is not served: spa has no pages under /api/, protect or public: choose another path", c.AccountPage)
	case !page && a.rules.protects(path):
		return fmt.Errorf("account_page: %s needs a login, which the reader of a mail does not have: choose a path outside of protect, or add it to public", c.AccountPage)
	}
	return nil
}

// has reports whether a path is the page's, or one of its files'. The path without its final slash
// is a redirect.
func (a *accountPage) has(path string) bool {
	return under(path, strings.TrimSuffix(account.PagePath, "/"))
}

func (a *accountPage) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	wire.Methods{http.MethodGet: a.get}.ServeHTTP(w, r)
}

func (a *accountPage) get(w http.ResponseWriter, r *http.Request) {
	name, below := strings.CutPrefix(r.URL.Path, account.PagePath)
	switch {
	case !below: // browsers keep the fragment
		http.Redirect(w, r, account.PagePath, http.StatusPermanentRedirect)
	case name == "" || a.page.files.stat(name):
		http.StripPrefix(strings.TrimSuffix(account.PagePath, "/"), a.page).ServeHTTP(w, r)
	default:
		wire.Of(wire.CodeNotFound).Write(w)
	}
}
