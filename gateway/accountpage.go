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

func newAccountPage(log *slog.Logger) (*accountPage, error) {
	p, err := newPage(account.Page(), map[string]string{"Content-Security-Policy": account.PagePolicy}, log)
	return &accountPage{p}, err
}

// checkAccountPage refuses an app's own page for the links in mails that whoever opens a mail would not see.
func (a *app) checkAccountPage(c App) error {
	const host = "app.example"
	u, err := url.Parse("https://" + host + c.AccountPage) // as a mail has it
	var path string
	if err == nil {
		path, err = cleanPath(u)
	}
	noPage := c.Page == nil && c.DevServer == ""
	switch {
	case err != nil || u.Host != host || u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return fmt.Errorf("account_page: %q: write a plain path of the app's own page, such as /account", c.AccountPage)
	case path == account.PagePath:
		return nil
	case reserved(path):
		return fmt.Errorf("account_page: %s is not served: the gateway's own page is %s", c.AccountPage, account.PagePath)
	case noPage && a.rules.protects(path):
		return fmt.Errorf("account_page: %s needs a login, and who opens a mail has none: add it to public", c.AccountPage)
	}
	return nil
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
