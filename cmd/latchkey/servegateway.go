package main

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"path/filepath"
	"strings"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/account"
	"github.com/latchkey-dev/latchkey/fusionauth"
	"github.com/latchkey-dev/latchkey/gateway"
	"github.com/latchkey-dev/latchkey/internal/configfile"
)

// newGateway makes the gateway of a file from what the program has open. Errors name the keys of
// the file.
func newGateway(file *configfile.File, s *serving) (*gateway.Gateway, error) {
	config := s.gatewayConfig(file)
	var errs []error
	for i, a := range file.Apps {
		app, err := s.app(file, a)
		if err != nil {
			errs = append(errs, file.Mistake(fmt.Sprintf("apps[%d]", i), err.Error()))
		}
		config.Apps = append(config.Apps, app)
	}
	if errs != nil {
		return nil, errors.Join(errs...)
	}
	g, err := gateway.New(config)
	if err != nil {
		return nil, inFile(file, err)
	}
	return g, nil
}

// gatewayConfig has the settings that all apps share.
func (s *serving) gatewayConfig(file *configfile.File) gateway.Config {
	return gateway.Config{TrustedProxies: file.TrustedProxies, Forwarded: file.Forwarded, Private: file.Private(), Logger: s.log, Replaces: s.live.inForce()}
}

func (s *serving) app(file *configfile.File, a configfile.App) (gateway.App, error) {
	provider, err := fusionauth.New(s.provider(file, a))
	if err != nil {
		return gateway.App{}, err
	}
	session := file.Session
	app := gateway.App{
		Login: latchkey.Config{
			Origin: origin(file, a, s.port), Provider: provider, Store: s.store, Keys: s.keys, Logger: s.log, OnEvent: s.strangers.note,
			IdleTimeout: session.Idle, SessionCap: session.Cap, RefreshTTL: session.RefreshTTL, AbsoluteTimeout: session.Absolute,
			InFlightWindow: session.InFlightWindow, RefreshAhead: session.RefreshAhead, CacheSize: session.Cache, SameSiteLax: a.SameSiteLax, ClearSiteData: a.ClearSiteData,
			DeviceBinding: latchkey.DeviceBinding(a.DeviceBinding), DeviceProofLifetime: session.DeviceProofLifetime,
			EndsFile: endsFile(s.ends, a.Host), BasePath: a.BasePath,
		},
		AccountPage: a.AccountPage, Upstream: a.Upstream, Protect: a.Protect, Public: a.Public, Timeout: a.Timeout, MaxBody: a.MaxBody, NoBearer: !a.Bearer,
		UserKey: latchkey.Secret(a.UserKey), AllowHeaders: a.AllowHeaders, DropHeaders: a.DropHeaders, PageHeaders: a.Headers,
	}
	if a.Accounts != "" {
		app.Account = &account.Config{Client: provider, Registration: registrations[a.Accounts], Issuer: a.Name}
	}
	if s.certificates != nil {
		app.HSTS = s.certificates.trusted(hostname(a.Host))
	}
	switch {
	case strings.HasPrefix(a.SPA, "http"):
		app.DevServer = a.SPA
	case a.SPA != "":
		app.Page = gateway.Dir(a.SPA)
	}
	return app, nil
}

// endsFile is the file where an app's tombstones wait if the store is down.
func endsFile(data, host string) string {
	if data == "" {
		return ""
	}
	name := strings.ToLower(hostname(host))
	return filepath.Join(data, "ends-"+strings.ReplaceAll(name, ":", "_")+".json") // an IPv6 address has colons
}

// registrations maps the file's words for who may register.
var registrations = map[string]account.Registration{
	"existing": account.RegistrationClosed, "verified": account.RegistrationVerified, "unverified": account.RegistrationUnverified,
}

// provider is the provider of an app's users, as the gateway calls it.
func (s *serving) provider(file *configfile.File, a configfile.App) fusionauth.Config {
	p := file.Provider
	config := fusionauth.Config{
		URL: p.URL, APIKey: latchkey.Secret(p.APIKey), ApplicationID: a.ApplicationID, TenantID: p.TenantID, Issuer: p.Issuer,
		ClientSecret: latchkey.Secret(a.ClientSecret), PasswordCheckedFirst: p.PasswordCheckedFirst, Logger: s.log,
	}
	if s.embedded != nil {
		config.URL, config.APIKey, config.PasswordCheckedFirst = s.embedded.url, s.embedded.apiKey, true
		config.Issuer = "" // it may change while the gateway runs, and the tokens come from our own process
	}
	return config
}

// origins lists where browsers find the apps.
func (s *serving) origins(file *configfile.File) (origins []string) {
	for _, a := range file.Apps {
		origins = append(origins, origin(file, a, s.port))
	}
	return origins
}

// origin is where browsers find an app: over https, except for localhost without TLS. A port that
// the file does not name is the one on which we listen or, behind a proxy, the scheme's default.
func origin(file *configfile.File, a configfile.App, port string) string {
	host := strings.ToLower(a.Host)
	name := hostname(host)
	local := name == "localhost" || strings.HasSuffix(name, ".localhost") || loopbackAddress(name)
	scheme, standard := "https", "443"
	if !file.TLS.On() && local {
		scheme, standard = "http", "80"
	}
	_, own, err := net.SplitHostPort(host)
	switch {
	case err == nil && own == standard:
		return scheme + "://" + strings.TrimSuffix(host, ":"+own)
	case err == nil:
		return scheme + "://" + host
	case port != standard && (file.TLS.On() || scheme == "http"):
		return scheme + "://" + host + ":" + port
	}
	return scheme + "://" + host
}

func hostname(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return strings.Trim(host, "[]")
}

func loopbackAddress(name string) bool {
	ip, err := netip.ParseAddr(name)
	return err == nil && ip.IsLoopback()
}

// inFile translates errors that only the gateway finds into the keys of the file. An error that
// every app shares is reported once.
func inFile(file *configfile.File, err error) error {
	var said []error
	seen := make(map[string]bool)
	var walk func(error, int)
	walk = func(err error, app int) {
		var of *gateway.AppError
		if e, ok := err.(*gateway.AppError); ok {
			of = e
		}
		switch several, ok := err.(interface{ Unwrap() []error }); {
		case of != nil:
			walk(of.Err, of.Index)
		case ok:
			for _, e := range several.Unwrap() {
				walk(e, app)
			}
		default:
			if mistake := inKey(file, app, err); !seen[mistake.Error()] {
				seen[mistake.Error()] = true
				said = append(said, mistake)
			}
		}
	}
	walk(err, 0)
	return errors.Join(said...)
}

// inKey names the key of the file that an error is about, or the app.
func inKey(file *configfile.File, app int, err error) error {
	var mistake *latchkey.ConfigError
	if !errors.As(err, &mistake) || fileKeys[mistake.Field] == "" {
		key, reason := fmt.Sprintf("apps[%d]", app), err.Error()
		if name, rest, found := strings.Cut(reason, ": "); found && file.Says(key+"."+name) {
			key, reason = key+"."+name, rest // the gateway's errors begin with the key
		}
		return file.Mistake(key, reason)
	}
	key := strings.Replace(fileKeys[mistake.Field], "apps", fmt.Sprintf("apps[%d]", app), 1)
	return file.Mistake(key, fileFields.Replace(mistake.Reason))
}

var fileKeys = map[string]string{
	"Origin": "apps.host", "IdleTimeout": "session.idle", "SessionCap": "session.cap", "RefreshTTL": "session.refresh_ttl", "AbsoluteTimeout": "session.absolute",
	"InFlightWindow": "session.in_flight_window", "RefreshAhead": "session.refresh_ahead", "EndsFile": "data",
	"DeviceBinding": "apps.device_binding", "DeviceProofLifetime": "session.device_proof_lifetime",
}

var fileFields = strings.NewReplacer("SessionCap", "session.cap", "IdleTimeout", "session.idle", "AbsoluteTimeout", "session.absolute")
