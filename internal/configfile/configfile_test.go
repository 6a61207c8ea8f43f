package configfile_test

import (
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey/internal/configfile"
)

func parse(text string) (*configfile.File, error) {
	return configfile.Parse("latchkey.yaml", []byte(text), func(name string) (string, bool) {
		values := map[string]string{"KEY": "from: the environment", "EMPTY": "", "LINE": "a key\r\n", "LINES": "a\nkey", "BLANKS": "  "}
		value, ok := values[name]
		return value, ok
	})
}

const least = `
apps:
  - host: app.localhost
    application_id: 3c219e58-ed0e-4b18-ad48-f4f92793ae32
    upstream: http://127.0.0.1:3000
`

func TestLeastFile(t *testing.T) {
	f, err := parse(least)
	if err != nil {
		t.Fatal(err)
	}
	a := f.Apps[0]
	if f.Listen != "127.0.0.1:8080" || f.Admin != "" || f.Store != "sqlite" || filepath.Base(f.Data) != "latchkey-data" || !filepath.IsAbs(f.Data) || f.Provider.Listen != "127.0.0.1:9011" ||
		!a.Bearer || a.Protect != nil || a.Host != "app.localhost" {
		t.Errorf("%+v", f)
	}
}

func TestEveryKey(t *testing.T) {
	dir := t.TempDir()
	secret := filepath.Join(dir, "secret")
	if err := os.WriteFile(secret, []byte("0123456789abcdef0123456789abcdef\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := parse(`
listen: 0.0.0.0:8443
redirect: 0.0.0.0:8080
admin: 127.0.0.1:9012
tls: {cert_file: ` + secret + `, key_file: ` + secret + `}
data: /var/lib/latchkey
store: rediss://a:6379,b:6379
provider: {url: "https://auth.example.com", api_key: "${KEY}", tenant_id: 30663132-6464-6665-3032-326466613934, issuer: i, password_checked_first: true, webhook_secret_file: "` + secret + `"}
session: {idle: 30m, cap: 1h, refresh_ttl: 30d, absolute: 90d, in_flight_window: 1m, refresh_ahead: 2m, device_proof_lifetime: 15m, cache: 5000}
trusted_proxies: [10.0.0.7, 192.168.0.0/16, "2001:db8::/32"]
forwarded_header: forwarded
apps:
  - host: store.example.com
    name: Store
    application_id: 3C219E58-ED0E-4B18-AD48-F4F92793AE32
    client_secret_file: ` + secret + `
    spa: ` + dir + `
    upstream: http://127.0.0.1:3000/base
    protect: [/api/]
    public: [/api/products]
    timeout: 90s
    max_body: 10 MiB
    bearer: false
    user_key_file: ` + secret + `
    allow_headers: [Access-Control-Allow-Origin]
    csp: default-src 'self'
    headers: {Permissions-Policy: "camera=()"}
    same_site: lax
    clear_site_data: true
    device_binding: require
    base_path: /auth
`)
	if err != nil {
		t.Fatal(err)
	}
	a := f.Apps[0]
	want := configfile.App{
		Line: 13, Host: "store.example.com", Name: "Store", ApplicationID: "3c219e58-ed0e-4b18-ad48-f4f92793ae32", ClientSecret: "0123456789abcdef0123456789abcdef", SPA: dir, Upstream: "http://127.0.0.1:3000/base",
		Protect: []string{"/api/"}, Public: []string{"/api/products"}, Timeout: 90 * time.Second, MaxBody: 10 << 20, UserKey: "0123456789abcdef0123456789abcdef",
		AllowHeaders: []string{"Access-Control-Allow-Origin"}, Headers: map[string]string{"Content-Security-Policy": "default-src 'self'", "Permissions-Policy": "camera=()"},
		SameSiteLax: true, ClearSiteData: true, DeviceBinding: "require", BasePath: "/auth",
	}
	if !reflect.DeepEqual(a, want) {
		t.Errorf("got  %+v\nwant %+v", a, want)
	}
	if f.Admin != "127.0.0.1:9012" || f.Provider != (configfile.Provider{URL: "https://auth.example.com", APIKey: "from: the environment", TenantID: "30663132-6464-6665-3032-326466613934", Issuer: "i", PasswordCheckedFirst: true, Webhook: configfile.Webhook{Secret: "0123456789abcdef0123456789abcdef"}, Listen: "127.0.0.1:9011"}) ||
		f.Session != (configfile.Session{30 * time.Minute, time.Hour, 720 * time.Hour, 2160 * time.Hour, time.Minute, 2 * time.Minute, 15 * time.Minute, 5000}) || !f.Forwarded ||
		!reflect.DeepEqual(f.TrustedProxies, []netip.Prefix{netip.MustParsePrefix("10.0.0.7/32"), netip.MustParsePrefix("192.168.0.0/16"), netip.MustParsePrefix("2001:db8::/32")}) ||
		f.TLS != (configfile.TLS{CertFile: secret, KeyFile: secret}) {
		t.Errorf("%+v", f)
	}
}

// Every mistake is reported with its line and with what to write instead.
func TestMistakes(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       []string
	}{
		{"empty", "", []string{"latchkey.yaml:1: the file is empty: latchkey init"}},
		{"no YAML", "a: [", []string{"latchkey.yaml:2: not YAML:"}},
		{"a list", "- a", []string{"latchkey.yaml:1: write keys and values"}},
		{"two documents", least + "---\na: 1", []string{"latchkey.yaml:6: more than one document"}},
		{"no apps", "listen: 127.0.0.1:1", []string{"latchkey.yaml:1: apps: missing"}},
		{"unknown key", "\nlissten: 1\n" + least, []string{"latchkey.yaml:2: lissten: unknown key: did you mean listen"}},
		{"unknown key, far off", "colour: red\n" + least, []string{"latchkey.yaml:1: colour: unknown key: there is admin, apps, data, "}},
		{"unknown key of an app", least + "    client-secret: x\n", []string{"latchkey.yaml:6: apps[0].client-secret: unknown key: did you mean client_secret"}},
		{"twice", "listen: :1\nlisten: :2\nplain_http_behind_proxy: true" + least, []string{"latchkey.yaml:2: listen: duplicate key"}},
		{"secret and file", least + "    user_key: " + strings.Repeat("x", 32) + "\n    user_key_file: y\n", []string{"latchkey.yaml:7: apps[0].user_key_file: set both with and without _file"}},
		{"no value", "store:\n" + least, []string{"latchkey.yaml:1: store: write one value"}},
		{"variable", "store: ${NONE}\n" + least, []string{"latchkey.yaml:1: store: the environment variable NONE is not set"}},
		{"missing secret file", least + "    client_secret_file: /nowhere/x\n", []string{"apps[0].client_secret_file: cannot read the file: open /nowhere/x"}},
		{"store", "store: mysql://user:s3cret@h\n" + least, []string{"latchkey.yaml:1: store: write sqlite, memory"}},
		{"time", "session:\n  idle: 30\n" + least, []string{`latchkey.yaml:2: session.idle: "30": write a duration, such as 30m`}},
		{"count", "session:\n  cache: 0\n" + least, []string{`latchkey.yaml:2: session.cache: "0": write a number of at least 1, such as 100000`}},
		{"size", least + "    max_body: 10 apples\n", []string{`apps[0].max_body: "10 apples": write a size, such as 10MiB`}},
		{"boolean", least + "    bearer: yes\n", []string{`apps[0].bearer: "yes": write true or false`}},
		{"address", "listen: 8080\n" + least, []string{`latchkey.yaml:1: listen: "8080": write an address and a port`}},
		{"admin for all", "admin: 127.0.0.1:8080\n" + least, []string{"latchkey.yaml:1: admin: "}},
		{"everybody may read", "listen: 0.0.0.0:80\n" + least, []string{"listen: 0.0.0.0:80 without tls: passwords and cookies would cross the network", "plain_http_behind_proxy: true"}},
		{"all addresses", "listen: \":80\"\n" + least, []string{"listen: :80 without tls"}},
		{"tls and plain", "tls: auto\nplain_http_behind_proxy: true\n" + least, []string{"plain_http_behind_proxy: tls is set too"}},
		{"tls", "tls: on\n" + least, []string{"latchkey.yaml:1: tls: \"on\": write auto"}},
		{"half a certificate", "tls: {cert_file: x}\n" + least, []string{"tls: cert_file and key_file belong together"}},
		{"redirect to nothing", "redirect: 127.0.0.1:80\n" + least, []string{"redirect: tls is not set"}},
		{"provider without a key", "provider: {url: https://x}\n" + least, []string{"provider.api_key: missing: write api_key: ${FUSIONAUTH_API_KEY}"}},
		{"provider without a URL", "provider: {api_key: x}\n" + least, []string{"latchkey.yaml:1: provider.api_key: "}},
		{"webhook without a provider", "provider: {webhook_key_set: true}\n" + least, []string{"latchkey.yaml:1: provider.webhook_key_set: "}},
		{"two keys of the webhook", "provider: {url: https://x, api_key: x, webhook_key_set: true, webhook_secret: x}\n" + least, []string{"set only one of webhook_secret,"}},
		{"webhook secret", "provider: {url: https://x, api_key: x, webhook_secret: s3cret}\n" + least, []string{"provider.webhook_secret: shorter than 32 characters"}},
		{"provider for all", "provider: {listen: 0.0.0.0:9011}\n" + least, []string{"provider.listen: the embedded provider speaks plain HTTP"}},
		{"filter for somebody else", "provider: {url: https://x, api_key: x, breached_passwords: /dev/null}\n" + least, []string{"latchkey.yaml:1: provider.breached_passwords: "}},
		{"proxy", "trusted_proxies: [all]\n" + least, []string{`trusted_proxies[0]: "all": write an address or a network`}},
		{"header", "forwarded_header: X-Real-IP\n" + least, []string{`forwarded_header: "X-Real-IP": write X-Forwarded-For or Forwarded`}},
		{"an empty app", "apps:\n  - {}\n", []string{"apps[0].host: missing", "apps[0].application_id: missing", "apps[0]: nothing to serve"}},
		{"URL for a host", strings.Replace(least, "app.localhost", "http://app.localhost", 1), []string{"apps[0].host: \"http://app.localhost\": write a host"}},
		{"one host twice", least + "  - {host: \"APP.localhost:81\", application_id: x, upstream: \"http://h\"}\n", []string{"latchkey.yaml:6: apps[1].host: two apps on the host app.localhost"}},
		{"no page", least + "    spa: nowhere\n", []string{"apps[0].spa: ", "nowhere is not a directory: build the page first"}},
		{"user key", least + "    user_key: short\n", []string{"apps[0].user_key: shorter than 32 characters"}},
		{"upstream", strings.Replace(least, "http://127", "127", 1), []string{"apps[0].upstream: write a URL, such as http://127.0.0.1:3000"}},
		{"device binding", least + "    device_binding: true\n", []string{`latchkey.yaml:6: apps[0].device_binding: "true": write on (where the browser can), require`}},
		{"no lifetime", "session:\n  device_proof_lifetime: 12\n" + least, []string{`latchkey.yaml:2: session.device_proof_lifetime: "12": write a duration`}},
		{"list", least + "    protect: /api/\n", []string{"apps[0].protect: write a list"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := parse(c.text)
			if err == nil {
				t.Fatal("no mistake")
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("got %v\nwant %s", err, want)
				}
			}
			if strings.Contains(err.Error(), "s3cret") {
				t.Error("a password is in the message")
			}
		})
	}
	_, err := parse("a: 1\nb: 2\n" + least)
	var first *configfile.Mistake
	if !errors.As(err, &first) || first.Line != 1 || strings.Count(err.Error(), "unknown key") != 2 {
		t.Errorf("%v", err)
	}
}

// Values of environment variables are text, whatever they look like.
func TestVariables(t *testing.T) {
	f, err := parse("provider: {url: https://x, api_key: \"a${KEY}b$${KEY}c$d\"}\n" + least)
	if err != nil {
		t.Fatal(err)
	}
	if want := "afrom: the environmentb${KEY}c$d"; f.Provider.APIKey != want {
		t.Errorf("got %s, want %s", f.Provider.APIKey, want)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(least)
	f.Add("a: &a [*a]\napps: *a\n")
	f.Add("apps: &a\n  - {<<: *a, host: x}\n")
	f.Add("tls: {auto: true}\nsession: {idle: 1d}\nstore: sqlite\n" + least)
	f.Fuzz(func(t *testing.T, text string) {
		if file, err := parse(text); err == nil && (len(file.Apps) == 0 || file.Apps[0].Host == "") {
			t.Errorf("taken: %q", text)
		}
	})
}
