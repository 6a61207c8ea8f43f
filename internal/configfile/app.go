package configfile

import (
	"fmt"
	"net/url"
	"os"
	"path"
	"strings"

	"go.yaml.in/yaml/v4"
)

func (r *reader) app(key string, n *yaml.Node, a *App) {
	csp := ""
	r.mapping(key, n, fields{
		"host": r.host(&a.Host), "name": r.text(&a.Name), "application_id": r.uuid(&a.ApplicationID), "client_secret": r.secret(&a.ClientSecret), "client_secret_file": r.secretFile(&a.ClientSecret),
		"accounts": r.text(&a.Accounts), "account_page": r.ownPath(&a.AccountPage), "base_path": r.basePath(&a.BasePath), "spa": func(key string, n *yaml.Node) { r.page(key, n, a) }, "upstream": r.httpURL(&a.Upstream), "protect": r.texts(&a.Protect), "public": r.texts(&a.Public),
		"timeout": r.duration(&a.Timeout), "max_body": r.size(&a.MaxBody),
		"bearer": r.boolean(&a.Bearer), "user_key": r.secret(&a.UserKey), "user_key_file": r.secretFile(&a.UserKey), "allow_headers": r.texts(&a.AllowHeaders), "drop_headers": r.texts(&a.DropHeaders),
		"csp": r.headerValue(&csp), "headers": r.headers(&a.Headers),
		"same_site": r.sameSite(&a.SameSiteLax), "clear_site_data": r.boolean(&a.ClearSiteData), "device_binding": r.text(&a.DeviceBinding),
	})
	if r.missing(key + ".host") {
		r.wrong(key+".host", "missing: write the host that browsers use, such as store.example.com")
	}
	if r.missing(key + ".application_id") {
		r.wrong(key+".application_id", "missing: write the UUID of the application at the provider (for the embedded provider, any UUID: "+newUUID()+" is a new one)")
	}
	if r.missing(key+".spa") && r.missing(key+".upstream") {
		r.wrong(key, "nothing to serve: write upstream: with the URL of your app, or spa: with the folder of the built page, or both")
	}
	switch a.Accounts {
	case "", "existing", "verified", "unverified":
	default:
		r.wrong(key+".accounts", fmt.Sprintf("%q: write existing (only existing users, who manage their accounts), verified (registration, with a verified address) "+
			"or unverified (registration, without verification)", a.Accounts))
	}
	switch a.DeviceBinding {
	case "", "off", "watch", "on", "require":
	default:
		r.wrong(key+".device_binding", fmt.Sprintf("%q: write on (where the browser can), require (else users are signed out), watch (nothing is refused, only counted) or off", a.DeviceBinding))
	}
	if r.there(key+".account_page") && r.missing(key+".accounts") {
		r.wrong(key+".account_page", "only useful together with accounts: add accounts:, or leave this out")
	}
	for _, name := range []string{".user_key", ".user_key_file"} {
		if r.read(key+name) && len(a.UserKey) < 32 {
			r.wrong(key+name, "shorter than 32 characters: generate one with openssl rand -base64 32")
		}
	}
	if r.there(key + ".csp") {
		for name := range a.Headers {
			if strings.EqualFold(name, "Content-Security-Policy") {
				r.wrong(key+".headers."+name, "csp sets the same header: leave one of the two out")
			}
		}
		if a.Headers == nil {
			a.Headers = make(map[string]string)
		}
		a.Headers["Content-Security-Policy"] = csp
	}
}

// ownPath reads a path of the app's own origin: a page elsewhere could not use the account routes.
func (r *reader) ownPath(into *string) func(string, *yaml.Node) {
	return func(key string, n *yaml.Node) {
		if r.text(into)(key, n); r.unread[key] {
			return
		}
		u, err := url.Parse(*into)
		if err != nil || !strings.HasPrefix(*into, "/") || u.Host != "" || strings.ContainsAny(*into, `?#\\`) {
			r.mistake(key, n, fmt.Sprintf("%q: write a path of the app's own page, such as /account; mails append # and an id", *into))
		}
	}
}

// basePath reads where the routes are. The gateway's own pages and the whole host are not free.
func (r *reader) basePath(into *string) func(string, *yaml.Node) {
	return func(key string, n *yaml.Node) {
		if r.text(into)(key, n); r.unread[key] {
			return
		}
		base := strings.TrimSuffix(*into, "/")
		if len(base) < 2 || base[0] != '/' || path.Clean(base) != base || strings.HasPrefix(base, "/.") || strings.ContainsFunc(base, notInBasePath) {
			r.mistake(key, n, fmt.Sprintf("%q: write a plain path, such as /auth, of letters, digits and -._~", *into))
		}
	}
}

func notInBasePath(c rune) bool {
	return !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9') && !strings.ContainsRune("/-._~", c)
}

func (r *reader) host(into *string) func(string, *yaml.Node) {
	return func(key string, n *yaml.Node) {
		if r.text(into)(key, n); r.unread[key] {
			return
		}
		u, err := url.Parse("http://" + *into)
		if err != nil || u.Host != *into || !validPort(u) || hostname(*into) == "" || strings.HasSuffix(hostname(*into), ".") {
			r.mistake(key, n, fmt.Sprintf("%q: write a host, such as store.example.com, with a port if browsers see one", *into))
		}
	}
}

func (r *reader) sameSite(lax *bool) func(string, *yaml.Node) {
	return func(key string, n *yaml.Node) {
		value := ""
		if r.text(&value)(key, n); r.unread[key] {
			return
		}
		if *lax = strings.EqualFold(value, "lax"); !*lax && !strings.EqualFold(value, "strict") {
			r.mistake(key, n, fmt.Sprintf("%q: write strict or lax", value))
		}
	}
}

// page makes the folder absolute, or reads the URL of a development server.
func (r *reader) page(key string, n *yaml.Node, a *App) {
	if r.text(&a.SPA)(key, n); r.unread[key] || !r.needs(key) {
		return
	}
	if strings.HasPrefix(a.SPA, "http://") || strings.HasPrefix(a.SPA, "https://") {
		r.httpURL(&a.SPA)(key, n)
		return
	}
	a.SPA = r.beside(a.SPA)
	if info, err := os.Stat(a.SPA); err != nil || !info.IsDir() {
		r.mistake(key, n, a.SPA+" is not a directory: build the page first, or name the directory that has index.html")
	}
}
