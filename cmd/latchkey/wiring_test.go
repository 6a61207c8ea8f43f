package main

import (
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/account"
	"github.com/latchkey-dev/latchkey/fusionauth"
	"github.com/latchkey-dev/latchkey/gateway"
	"github.com/latchkey-dev/latchkey/internal/configfile"
	"github.com/latchkey-dev/latchkey/memstore"
)

const everyKeyOfAnApp = `
provider: {url: "https://auth.example.com", api_key: "${API_KEY}", tenant_id: 30663132-6464-6665-3032-326466613934, issuer: acme.com, password_checked_first: true}
session: {idle: 29m, cap: 59m, refresh_ttl: 29d, absolute: 89d, in_flight_window: 1m, refresh_ahead: 3m, device_proof_lifetime: 15m, cache: 5000}
trusted_proxies: [10.0.0.7]
forwarded_header: Forwarded
apps:
  - host: store.example.com
    name: Store
    application_id: 3c219e58-ed0e-4b18-ad48-f4f92793ae32
    client_secret: ${SECRET}
    accounts: unverified
    spa: dist
    upstream: http://127.0.0.1:3000/base
    protect: [/api/]
    public: [/api/products]
    timeout: 90s
    max_body: 10MiB
    bearer: false
    user_key: ${USER_KEY}
    allow_headers: [Access-Control-Allow-Origin]
    drop_headers: [X-Corp-User]
    csp: default-src 'self'
    headers: {Permissions-Policy: "camera=()"}
    same_site: lax
    clear_site_data: true
    device_binding: watch
    base_path: /auth
`

// filled reports which fields of a struct are zero, except those that no file sets.
func filled(t *testing.T, v any, unset ...string) {
	t.Helper()
	exempt := make(map[string]bool)
	for _, name := range unset {
		exempt[name] = true
	}
	for i, s := 0, reflect.ValueOf(v); i < s.NumField(); i++ {
		if name := s.Type().Field(i).Name; s.Field(i).IsZero() != exempt[name] {
			t.Errorf("%T.%s: set by the file: %v, want %v", v, name, exempt[name], !exempt[name])
		}
	}
}

// Every setting of the file reaches the code that acts on it.
func TestFileReachesTheGateway(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "dist"), 0o755); err != nil {
		t.Fatal(err)
	}
	env := map[string]string{"API_KEY": "an API key", "SECRET": "a secret", "USER_KEY": "0123456789abcdef0123456789abcdef"}
	file, err := configfile.Parse(filepath.Join(dir, "latchkey.yaml"), []byte(everyKeyOfAnApp), func(name string) (string, bool) { return env[name], true })
	if err != nil {
		t.Fatal(err)
	}
	s := &serving{file: file, log: slog.New(slog.DiscardHandler), port: "443", keys: latchkey.KeyRing{latchkey.NewKey()}, store: memstore.New(), ends: dir}
	provider := s.provider(file, file.Apps[0])
	if want := (fusionauth.Config{
		URL: "https://auth.example.com", APIKey: "an API key", ApplicationID: "3c219e58-ed0e-4b18-ad48-f4f92793ae32", TenantID: "30663132-6464-6665-3032-326466613934", Issuer: "acme.com",
		ClientSecret: "a secret", PasswordCheckedFirst: true, Logger: s.log,
	}); !reflect.DeepEqual(provider, want) {
		t.Errorf("%+v", provider)
	}
	filled(t, provider, "Timeout", "Transport", "Now")

	app, err := s.app(file, file.Apps[0])
	if err != nil {
		t.Fatal(err)
	}
	filled(t, app, "DevServer", "HSTS", "AccountPage") // the links in a FusionAuth's mails are in its templates
	filled(t, app.Login, "App", "ProviderTimeout", "Replaces", "ClientIP", "Now", "RefuseNavigation")
	filled(t, *app.Account, "Guard", "Origin", "ClientIP", "Logger", "Now", "Replaces")
	login := app.Login
	if login.Origin != "https://store.example.com" || login.IdleTimeout != 29*time.Minute || login.SessionCap != 59*time.Minute || login.RefreshTTL != 29*24*time.Hour || login.AbsoluteTimeout != 89*24*time.Hour ||
		login.InFlightWindow != time.Minute || login.RefreshAhead != 3*time.Minute || login.CacheSize != 5000 || !login.SameSiteLax || !login.ClearSiteData || login.BasePath != "/auth" ||
		login.DeviceBinding != latchkey.DeviceBindingWatch || login.DeviceProofLifetime != 15*time.Minute {
		t.Errorf("%+v", login)
	}
	if app.Account.Registration != account.RegistrationUnverified || app.Account.Issuer != "Store" {
		t.Errorf("%+v", app.Account)
	}
	app.Login, app.Account, app.Page = latchkey.Config{}, nil, nil
	if want := (gateway.App{
		Upstream: "http://127.0.0.1:3000/base", Protect: []string{"/api/"}, Public: []string{"/api/products"}, Timeout: 90 * time.Second, MaxBody: 10 << 20, NoBearer: true,
		UserKey: "0123456789abcdef0123456789abcdef", AllowHeaders: []string{"Access-Control-Allow-Origin"}, DropHeaders: []string{"X-Corp-User"},
		PageHeaders: map[string]string{"Content-Security-Policy": "default-src 'self'", "Permissions-Policy": "camera=()"},
	}); !reflect.DeepEqual(app, want) {
		t.Errorf("%+v", app)
	}
	config := s.gatewayConfig(file)
	if !file.Forwarded || !reflect.DeepEqual(config.TrustedProxies, []netip.Prefix{netip.MustParsePrefix("10.0.0.7/32")}) {
		t.Errorf("%+v", config)
	}
	filled(t, config, "Apps", "Replaces")
}
