package configfile

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/latchkey-dev/latchkey/internal/filemode"
	"github.com/latchkey-dev/latchkey/internal/postgres"
	"github.com/latchkey-dev/latchkey/redisstore"
)

// file reads the top of the file. The keys are in the order of docs/gateway.md.
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
		r.wrong("apps", "missing: write apps: with one entry for each app, such as\n  apps:\n    - host: app.localhost\n      application_id: <a UUID>\n      upstream: http://127.0.0.1:3000")
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
		r.mistake(key, n, "empty: write one entry for each app")
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
			r.wrong(key+"."+name, "only for auto: true: leave it out")
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
	default: // never print the value: it may have a password
		err = errors.New("write sqlite, memory (a restart logs everyone out), postgres://user:password@host/database or rediss://user:password@host")
	}
	if err != nil {
		r.mistake(key, n, err.Error())
	}
}

func (r *reader) session(key string, n *yaml.Node, s *Session) {
	r.mapping(key, n, fields{
		"idle": r.duration(&s.Idle), "cap": r.duration(&s.Cap), "refresh_ttl": r.duration(&s.RefreshTTL), "absolute": r.duration(&s.Absolute),
		"in_flight_window": r.duration(&s.InFlightWindow), "refresh_ahead": r.duration(&s.RefreshAhead), "device_proof_lifetime": r.duration(&s.DeviceProofLifetime),
		"cache": r.count(&s.Cache),
	})
}

func (r *reader) proxies(key string, n *yaml.Node, into *[]netip.Prefix) {
	r.sequence(key, n, func(key string, n *yaml.Node) {
		text := ""
		if r.text(&text)(key, n); r.unread[key] {
			return
		}
		prefix, err := netip.ParsePrefix(text)
		if addr, single := netip.ParseAddr(text); single == nil && addr.Zone() == "" {
			prefix, err = netip.PrefixFrom(addr.Unmap(), addr.Unmap().BitLen()), nil
		}
		if prefix.Addr().Is4In6() && prefix.Bits() >= 96 {
			prefix = netip.PrefixFrom(prefix.Addr().Unmap(), prefix.Bits()-96)
		}
		switch {
		case err != nil:
			r.mistake(key, n, fmt.Sprintf("%q: write an address or a network, such as 10.0.0.7 or 10.0.0.0/8", text))
		case prefix.Bits() == 0:
			r.mistake(key, n, text+" includes everyone, so any browser could forge its address: write the network of your proxies")
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
		r.mistake(key, n, fmt.Sprintf("%q: write X-Forwarded-For or Forwarded, whichever your proxy sets", name))
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
