package configfile

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/latchkey-dev/latchkey/internal/filemode"
	"github.com/latchkey-dev/latchkey/internal/postgres"
	"github.com/latchkey-dev/latchkey/redisstore"
)

// file reads the top of the file. Each key stands once here, in the order of docs/gateway.md.
func (r *reader) file(f *File, n *yaml.Node) {
	r.lines[""] = n.Line
	r.mapping("", n, fields{
		"listen":                  r.address(&f.Listen),
		"plain_http_behind_proxy": r.boolean(&f.PlainBehindProxy),
		"redirect":                r.address(&f.Redirect),
		"admin":                   r.address(&f.Admin),
		"tls":                     func(key string, n *yaml.Node) { r.tls(key, n, &f.TLS) },
		"data":                    r.fileName(&f.Data),
		"store":                   func(key string, n *yaml.Node) { r.store(key, n, &f.Store) },
		"provider":                func(key string, n *yaml.Node) { r.provider(key, n, &f.Provider) },
		"mail":                    func(key string, n *yaml.Node) { r.mail(key, n, &f.Mail) },
		"session":                 func(key string, n *yaml.Node) { r.session(key, n, &f.Session) },
		"trusted_proxies":         func(key string, n *yaml.Node) { r.proxies(key, n, &f.TrustedProxies) },
		"forwarded_header":        func(key string, n *yaml.Node) { r.forwarded(key, n, &f.Forwarded) },
		"apps":                    func(key string, n *yaml.Node) { r.apps(key, n, &f.Apps) },
	})
	if r.missing("apps") {
		r.wrong("apps", "required: write apps: with one entry for each app, such as\n  apps:\n    - host: app.localhost\n      application_id: <a UUID>\n      upstream: http://127.0.0.1:3000")
	}
	r.together(f)
}

func (r *reader) apps(key string, n *yaml.Node, apps *[]App) {
	r.sequence(key, n, func(key string, n *yaml.Node) {
		app := App{Line: n.Line, Bearer: true}
		r.app(key, n, &app)
		*apps = append(*apps, app)
	})
	if len(*apps) == 0 && !r.unread[key] {
		r.mistake(key, n, "there is no app: write one entry for each")
	}
}

func (r *reader) tls(key string, n *yaml.Node, t *TLS) {
	if word := ""; n.Kind == yaml.ScalarNode {
		if r.text(&word)(key, n); r.unread[key] {
			return
		}
		switch word {
		case "auto":
			t.Auto = true
		case "local":
			t.Local = true
		default:
			r.mistake(key, n, fmt.Sprintf("%q: write auto (certificates from Let's Encrypt), local (a certificate authority of this machine, for development), "+
				"or cert_file and key_file below tls:", word))
		}
		return
	}
	r.mapping(key, n, fields{
		"auto": r.boolean(&t.Auto), "email": r.text(&t.Email), "directory": r.httpURL(&t.Directory), "root_file": r.existingFile(&t.RootFile),
		"cert_file": r.existingFile(&t.CertFile), "key_file": r.existingFile(&t.KeyFile),
	})
	switch {
	case r.there(key+".cert_file") != r.there(key+".key_file"):
		r.wrong(key, "cert_file and key_file belong together")
	case t.Auto == r.there(key+".cert_file"):
		r.wrong(key, "write either auto: true, or cert_file and key_file")
	case r.read(key + ".key_file"):
		if err := filemode.Secret(t.KeyFile); err != nil {
			r.wrong(key+".key_file", err.Error())
		}
	}
	for _, name := range []string{"email", "directory", "root_file"} {
		if !t.Auto && r.there(key+"."+name) {
			r.wrong(key+"."+name, "this is for auto: true: leave it out")
		}
	}
}

func (r *reader) store(key string, n *yaml.Node, store *string) {
	if r.secretURL(store)(key, n); r.unread[key] {
		return
	}
	scheme, rest, _ := strings.Cut(*store, ":")
	var err error
	switch {
	case (scheme == "sqlite" || scheme == "memory") && *store == scheme:
	case (scheme == "postgres" || scheme == "postgresql") && rest != "":
		_, err = postgres.ParseConfig(*store, postgres.Sessions)
	case (scheme == "redis" || scheme == "rediss") && rest != "":
		err = redisstore.CheckURL(*store)
	default: // never the value: it may have a password
		err = errors.New("write sqlite, memory (forgets everybody at a restart), postgres://user:password@host/database or rediss://user:password@host")
	}
	if err != nil {
		r.mistake(key, n, err.Error())
	}
}

func (r *reader) session(key string, n *yaml.Node, s *Session) {
	r.mapping(key, n, fields{
		"idle": r.duration(&s.Idle), "cap": r.duration(&s.Cap), "refresh_ttl": r.duration(&s.RefreshTTL), "absolute": r.duration(&s.Absolute),
		"in_flight_window": r.duration(&s.InFlightWindow), "refresh_ahead": r.duration(&s.RefreshAhead), "cache": r.count(&s.Cache),
	})
}

func (r *reader) proxies(key string, n *yaml.Node, into *[]netip.Prefix) {
	r.sequence(key, n, func(key string, n *yaml.Node) {
		text := ""
		if r.text(&text)(key, n); r.unread[key] {
			return
		}
		prefix, err := netip.ParsePrefix(text)
		if addr, single := netip.ParseAddr(text); single == nil {
			prefix, err = netip.PrefixFrom(addr.Unmap(), addr.Unmap().BitLen()), nil
		}
		if err != nil {
			r.mistake(key, n, fmt.Sprintf("%q: write an address or a network, such as 10.0.0.7 or 10.0.0.0/8", text))
		}
		*into = append(*into, prefix.Masked())
	})
}

func (r *reader) forwarded(key string, n *yaml.Node, rfc7239 *bool) {
	name := ""
	if r.text(&name)(key, n); r.unread[key] {
		return
	}
	if *rfc7239 = strings.EqualFold(name, "Forwarded"); !*rfc7239 && !strings.EqualFold(name, "X-Forwarded-For") {
		r.mistake(key, n, fmt.Sprintf("%q: write X-Forwarded-For, or Forwarded: the one that your proxy sets", name))
	}
}

func (r *reader) app(key string, n *yaml.Node, a *App) {
	csp := ""
	r.mapping(key, n, fields{
		"host": r.host(&a.Host), "name": r.text(&a.Name), "application_id": r.uuid(&a.ApplicationID), "client_secret": r.secret(&a.ClientSecret), "client_secret_file": r.secretFile(&a.ClientSecret),
		"accounts": r.text(&a.Accounts), "account_page": r.ownPath(&a.AccountPage), "spa": func(key string, n *yaml.Node) { r.page(key, n, a) }, "upstream": r.httpURL(&a.Upstream), "protect": r.texts(&a.Protect), "public": r.texts(&a.Public),
		"timeout": r.duration(&a.Timeout), "max_body": r.size(&a.MaxBody),
		"bearer": r.boolean(&a.Bearer), "user_key": r.secret(&a.UserKey), "user_key_file": r.secretFile(&a.UserKey), "allow_headers": r.texts(&a.AllowHeaders), "drop_headers": r.texts(&a.DropHeaders),
		"csp": r.anyText(&csp), "headers": r.pairs(&a.Headers),
		"same_site": r.sameSite(&a.SameSiteLax), "clear_site_data": r.boolean(&a.ClearSiteData),
	})
	if r.missing(key + ".host") {
		r.wrong(key+".host", "required: write the name that browsers use, such as store.example.com")
	}
	if r.missing(key + ".application_id") {
		r.wrong(key+".application_id", "required: write the UUID of the application at the provider (for the embedded one, any: "+newUUID()+" is a fresh one)")
	}
	if r.missing(key+".spa") && r.missing(key+".upstream") {
		r.wrong(key, "there is nothing to serve: write upstream: with the URL of the app behind, or spa: with the folder of the built page, or both")
	}
	switch a.Accounts {
	case "", "existing", "verified", "unverified":
	default:
		r.wrong(key+".accounts", fmt.Sprintf("%q: write existing (passwords, second factors and passkeys of the users there are), verified (everybody may register who proves an address) "+
			"or unverified (everybody may register)", a.Accounts))
	}
	if r.there(key+".account_page") && r.missing(key+".accounts") {
		r.wrong(key+".account_page", "mails lead there where users manage their accounts: write accounts:, or leave this out")
	}
	for _, name := range []string{".user_key", ".user_key_file"} {
		if r.read(key+name) && len(a.UserKey) < 32 {
			r.wrong(key+name, "shorter than 32 characters: write a random one (openssl rand -base64 32)")
		}
	}
	if r.there(key + ".csp") {
		if a.Headers == nil {
			a.Headers = make(map[string]string)
		}
		a.Headers["Content-Security-Policy"] = csp
	}
}

// ownPath reads a path of the app's own origin: only there may a page use the account routes.
func (r *reader) ownPath(into *string) func(string, *yaml.Node) {
	return func(key string, n *yaml.Node) {
		if r.text(into)(key, n); r.unread[key] {
			return
		}
		u, err := url.Parse(*into)
		if err != nil || !strings.HasPrefix(*into, "/") || u.Host != "" || strings.ContainsAny(*into, `?#\\`) {
			r.mistake(key, n, fmt.Sprintf("%q: write a path of the app's own page, such as /account; mails add # and what the link is for", *into))
		}
	}
}

func (r *reader) host(into *string) func(string, *yaml.Node) {
	return func(key string, n *yaml.Node) {
		if r.text(into)(key, n); r.unread[key] {
			return
		}
		_, port, err := net.SplitHostPort(*into)
		number, bad := strconv.ParseUint(port, 10, 16)
		if strings.Contains(*into, "/") || hostname(*into) == "" || err == nil && (bad != nil || number == 0) {
			r.mistake(key, n, fmt.Sprintf("%q: write a name alone, such as store.example.com, with a port where browsers see one", *into))
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

// page makes the folder absolute, or takes a URL for a development server.
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
		r.mistake(key, n, a.SPA+" is not a directory: build the page first, or write the directory that has index.html")
	}
}

func hostname(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return strings.ToLower(strings.Trim(host, "[]"))
}

func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}
