package configfile

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"strings"

	"go.yaml.in/yaml/v4"
)

// file reads the top of the file. Each key stands once here, in the order of docs/gateway.md.
func (r *reader) file(f *File, n *yaml.Node) {
	r.mapping("", n, fields{
		"listen":                  r.address(&f.Listen),
		"plain_http_behind_proxy": r.boolean(&f.PlainBehindProxy),
		"redirect":                r.address(&f.Redirect),
		"admin":                   r.address(&f.Admin),
		"tls":                     func(key string, n *yaml.Node) { r.tls(key, n, &f.TLS) },
		"data":                    r.fileName(&f.Data),
		"store":                   func(key string, n *yaml.Node) { r.store(key, n, &f.Store) },
		"provider":                func(key string, n *yaml.Node) { r.provider(key, n, &f.Provider) },
		"session":                 func(key string, n *yaml.Node) { r.session(key, n, &f.Session) },
		"trusted_proxies":         func(key string, n *yaml.Node) { r.proxies(key, n, &f.TrustedProxies) },
		"forwarded_header":        func(key string, n *yaml.Node) { r.forwarded(key, n, &f.Forwarded) },
		"apps": func(key string, n *yaml.Node) {
			r.sequence(key, n, func(key string, n *yaml.Node) {
				app := App{Line: n.Line, Bearer: true}
				r.app(key, n, &app)
				f.Apps = append(f.Apps, app)
			})
		},
	})
	if len(f.Apps) == 0 && len(r.mistakes) == 0 {
		r.mistake("apps", n, "required: write apps: with one entry for each app, such as\n  apps:\n    - host: app.localhost\n      application_id: <a UUID>\n      upstream: http://127.0.0.1:3000")
	}
	r.whole(f, n)
}

// whole checks what concerns several keys.
func (r *reader) whole(f *File, n *yaml.Node) {
	host, _, err := net.SplitHostPort(f.Listen)
	if err == nil && !f.TLS.On() && !f.PlainBehindProxy && !loopback(host) {
		r.mistake("listen", n, f.Listen+" without tls: passwords and cookies would cross the network for everybody to read. Set tls:, listen on 127.0.0.1, "+
			"or, where a proxy in front does TLS and the network to it is trusted, set plain_http_behind_proxy: true")
	}
	if f.TLS.On() && f.PlainBehindProxy {
		r.mistake("plain_http_behind_proxy", n, "there is tls: leave one of the two out")
	}
	if f.Redirect != "" && !f.TLS.On() {
		r.mistake("redirect", n, "there is no tls to redirect to")
	}
	if _, port, err := net.SplitHostPort(f.Admin); err == nil && port != "0" && (f.Admin == f.Listen || f.Admin == f.Redirect) {
		r.mistake("admin", n, f.Admin+" is where browsers come: write another address, such as 127.0.0.1:9012")
	}
	hosts := make(map[string]bool)
	for i, app := range f.Apps {
		if name := hostname(app.Host); name != "" && hosts[name] {
			r.mistakes = append(r.mistakes, &Mistake{r.path, app.Line, fmt.Sprintf("apps[%d].host", i), "two apps on the host " + name + ": browsers would mix up their cookies, which know no port"})
		} else {
			hosts[name] = true
		}
	}
}

func (r *reader) tls(key string, n *yaml.Node, t *TLS) {
	if word := ""; n.Kind == yaml.ScalarNode {
		r.text(&word)(key, n)
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
		"auto": r.boolean(&t.Auto), "email": r.text(&t.Email), "directory": r.httpURL(&t.Directory), "root_file": r.fileName(&t.RootFile),
		"cert_file": r.fileName(&t.CertFile), "key_file": r.fileName(&t.KeyFile),
	})
	switch {
	case (t.CertFile == "") != (t.KeyFile == ""):
		r.mistake(key, n, "cert_file and key_file belong together")
	case t.Auto == (t.CertFile != ""):
		r.mistake(key, n, "write either auto: true, or cert_file and key_file")
	}
}

func (r *reader) store(key string, n *yaml.Node, store *string) {
	r.text(store)(key, n)
	scheme, _, _ := strings.Cut(*store, ":")
	switch scheme {
	case "sqlite", "memory":
		if *store == scheme {
			return
		}
	case "postgres", "postgresql", "redis", "rediss":
		return
	}
	r.mistake(key, n, "write sqlite, memory (forgets everybody at a restart), postgres://… or redis://…") // never the value: it may have a password
}

func (r *reader) provider(key string, n *yaml.Node, p *Provider) {
	listen := p.Listen
	p.Listen = ""
	r.mapping(key, n, fields{
		"url": r.httpURL(&p.URL), "api_key": r.text(&p.APIKey), "api_key_file": r.secretFile(&p.APIKey), "tenant_id": r.text(&p.TenantID),
		"issuer": r.text(&p.Issuer), "password_checked_first": r.boolean(&p.PasswordCheckedFirst), "listen": r.address(&p.Listen),
		"webhook_secret": r.text(&p.Webhook.Secret), "webhook_secret_file": r.secretFile(&p.Webhook.Secret), "webhook_public_key_file": r.secretFile(&p.Webhook.PublicKey),
		"webhook_key_set": r.boolean(&p.Webhook.KeySet), "breached_passwords": r.fileName(&p.BreachedPasswords),
	})
	switch w := p.Webhook; {
	case w.On() && p.URL == "":
		r.mistake(key, n, "webhook_…: the embedded provider sends no events: leave it out, or write the url of a FusionAuth")
	case w.Secret != "" && w.PublicKey != "" || w.KeySet && w.Secret+w.PublicKey != "":
		r.mistake(key, n, "webhook_…: write one of webhook_secret, webhook_public_key_file and webhook_key_set")
	case w.Secret != "" && len(w.Secret) < 32:
		r.mistake(key+".webhook_secret", n, "shorter than 32 characters: it could be guessed")
	}
	switch {
	case p.URL == "" && (p.APIKey != "" || p.TenantID != "" || p.Issuer != ""):
		r.mistake(key+".url", n, "required: write where the FusionAuth server is, such as https://auth.example.com; or leave provider: out to use the embedded one")
	case p.URL != "" && p.APIKey == "":
		r.mistake(key+".api_key", n, "required: write api_key: ${FUSIONAUTH_API_KEY}, or api_key_file with the name of a file")
	case p.URL != "" && p.BreachedPasswords != "":
		r.mistake(key+".breached_passwords", n, "is for the embedded provider, and there is a url: leave one of the two out")
	case p.URL != "" && p.Listen != "":
		r.mistake(key+".listen", n, "is for the embedded provider, and there is a url: leave one of the two out")
	}
	if host, _, err := net.SplitHostPort(p.Listen); err == nil && !loopback(host) {
		r.mistake(key+".listen", n, "the embedded provider speaks plain HTTP: write a loopback address, such as 127.0.0.1:9011")
	}
	if p.Listen == "" {
		p.Listen = listen
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
		r.text(&text)(key, n)
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
	r.text(&name)(key, n)
	if *rfc7239 = strings.EqualFold(name, "Forwarded"); !*rfc7239 && !strings.EqualFold(name, "X-Forwarded-For") {
		r.mistake(key, n, fmt.Sprintf("%q: write X-Forwarded-For, or Forwarded: the one that your proxy sets", name))
	}
}

func (r *reader) app(key string, n *yaml.Node, a *App) {
	csp, sameSite := "", ""
	hasCSP := false
	r.mapping(key, n, fields{
		"host": r.text(&a.Host), "application_id": r.text(&a.ApplicationID), "client_secret": r.text(&a.ClientSecret), "client_secret_file": r.secretFile(&a.ClientSecret),
		"accounts": r.text(&a.Accounts), "spa": r.text(&a.SPA), "upstream": r.httpURL(&a.Upstream), "protect": r.texts(&a.Protect), "public": r.texts(&a.Public), "timeout": r.duration(&a.Timeout), "max_body": r.size(&a.MaxBody),
		"bearer": r.boolean(&a.Bearer), "user_key": r.text(&a.UserKey), "user_key_file": r.secretFile(&a.UserKey), "allow_headers": r.texts(&a.AllowHeaders),
		"drop_headers": r.texts(&a.DropHeaders),
		"csp":          func(key string, n *yaml.Node) { hasCSP = true; r.text(&csp)(key, n) }, "headers": r.pairs(&a.Headers),
		"same_site": r.text(&sameSite), "clear_site_data": r.boolean(&a.ClearSiteData),
	})
	if a.Host == "" {
		r.mistake(key+".host", n, "required: write the name that browsers use, such as store.example.com")
	} else if strings.Contains(a.Host, "/") || hostname(a.Host) == "" {
		r.mistake(key+".host", n, fmt.Sprintf("%q: write a name alone, such as store.example.com, with a port where browsers see one", a.Host))
	}
	if a.ApplicationID == "" {
		r.mistake(key+".application_id", n, "required: write the UUID of the application at the provider (for the embedded one, any: "+newUUID()+" is a fresh one)")
	}
	if a.SPA == "" && a.Upstream == "" {
		r.mistake(key, n, "there is nothing to serve: write upstream: with the URL of the app behind, or spa: with the folder of the built page, or both")
	}
	switch a.Accounts {
	case "", "existing", "verified", "unverified":
	default:
		r.mistake(key+".accounts", n, fmt.Sprintf("%q: write existing (passwords, second factors and passkeys of the users there are), verified (everybody may register who proves an address) "+
			"or unverified (everybody may register)", a.Accounts))
	}
	if a.UserKey != "" && len(a.UserKey) < 32 {
		r.mistake(key+".user_key", n, "shorter than 32 characters: write a random one (openssl rand -base64 32)")
	}
	switch strings.ToLower(sameSite) {
	case "", "strict":
	case "lax":
		a.SameSiteLax = true
	default:
		r.mistake(key+".same_site", n, fmt.Sprintf("%q: write strict or lax", sameSite))
	}
	if hasCSP {
		if a.Headers == nil {
			a.Headers = make(map[string]string)
		}
		a.Headers["Content-Security-Policy"] = csp
	}
	r.page(key+".spa", n, a)
}

// page makes the folder absolute, or takes a URL for a development server.
func (r *reader) page(key string, n *yaml.Node, a *App) {
	switch {
	case a.SPA == "":
	case strings.HasPrefix(a.SPA, "http://") || strings.HasPrefix(a.SPA, "https://"):
		if u, err := url.Parse(a.SPA); err != nil || u.Host == "" {
			r.mistake(key, n, fmt.Sprintf("%q: write the URL of a development server, such as http://localhost:5173", a.SPA))
		}
	default:
		a.SPA = r.beside(a.SPA)
		if info, err := os.Stat(a.SPA); err != nil || !info.IsDir() {
			r.mistake(key, n, a.SPA+" is not a directory: build the page first, or write the directory that has index.html")
		}
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
