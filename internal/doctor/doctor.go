// Package doctor checks an identity provider and Latchkey's configuration for it, reports what is
// wrong, and says how to fix it. It changes nothing: its requests only read, or cannot succeed,
// unless Config.Trial names a user to log in. docs/fusionauth.md lists every finding.
package doctor

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/latchkey-dev/latchkey"
)

// Config says what to check. Zero values are not checked, except the times of sessions, which have
// latchkey.Config's defaults.
type Config struct {
	URL         string // of the provider; empty: the embedded provider
	APIKey      latchkey.Secret
	SettingsKey latchkey.Secret // may read applications, tenants and webhooks; empty: APIKey
	TenantID    string
	Issuer      string
	WebhookURL  string // where FusionAuth should send its events; a path without a host matches any host
	NoWebhook   bool   // events are not accepted

	Apps    []App
	Session Session
	Store   func(context.Context) (string, error) // checks the store, and says what it has found
	Trial   *Trial

	Embedded func(context.Context) (Embedded, error) // checks the embedded provider, if URL is empty

	Transport http.RoundTripper // default: its own client
	Now       func() time.Time  // default time.Now
}

// An App is one application at the provider and where browsers find it.
type App struct {
	Origin        string
	ApplicationID string
	ClientSecret  latchkey.Secret
	Accounts      string // "existing", "verified" or "unverified", as in the gateway's file; empty: users have no routes for their accounts

	BasePath string // below which the guard's routes are; empty: whether browsers reach them is not asked
	NotBound bool   // sessions are not bound to their device

	Upstream  string // URL of the app behind the gateway
	Page      string // folder with the files of the page
	DevServer string // URL of a development server instead of the page
}

func (a App) name() string { return cmp.Or(a.Origin, a.ApplicationID) }

// Session has the times of sessions, and how long before its expiry a JWT is refreshed (0: it is
// not).
type Session struct {
	Idle, Cap, RefreshTTL, Absolute, RefreshAhead time.Duration
}

// A Trial logs a user in to each app, refreshes, and revokes the token again.
type Trial struct {
	LoginID  string
	Password latchkey.Secret
}

// A Status says how serious a finding is.
type Status string

// The statuses of findings.
const (
	OK      Status = "ok"
	Skipped Status = "skipped" // could not be checked
	Warning Status = "warning" // works, but not as well as it could
	Problem Status = "problem" // logins or sessions fail, or will
)

// A Finding is the result of one check.
type Finding struct {
	Status  Status `json:"status"`
	Check   string `json:"check"`         // the same in every version, such as "generate_refresh_tokens"
	App     string `json:"app,omitempty"` // its origin, or its application id
	Message string `json:"message"`
	Mend    string `json:"mend,omitempty"` // what to do about it
}

// An examination is a run of all checks.
type examination struct {
	Config
	http     *http.Client
	base     *url.URL
	tenants  map[string]tenant // of our apps, by their ids, if they could be read
	findings []Finding
}

func (x *examination) found(status Status, check, app, message, mend string) {
	x.findings = append(x.findings, Finding{status, check, app, message, mend})
}

// Examine runs all checks, and returns the findings in that order.
func Examine(ctx context.Context, c Config) []Finding {
	c.Session.Idle = cmp.Or(c.Session.Idle, 30*time.Minute)
	c.Session.Cap = cmp.Or(c.Session.Cap, time.Hour)
	c.Session.Absolute = cmp.Or(c.Session.Absolute, 90*24*time.Hour)
	c.Session.RefreshTTL = cmp.Or(c.Session.RefreshTTL, min(30*24*time.Hour, c.Session.Absolute))
	c.SettingsKey = cmp.Or(c.SettingsKey, c.APIKey)
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Transport == nil {
		transport := http.DefaultTransport.(*http.Transport).Clone()
		defer transport.CloseIdleConnections()
		c.Transport = transport
	}
	x := &examination{Config: c, tenants: make(map[string]tenant), http: &http.Client{
		Transport: c.Transport, Timeout: 10 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	x.findings = append(x.findings, cookies(c.Apps)...)
	x.store(ctx)
	for _, a := range x.Apps {
		x.front(ctx, a)
		x.binding(ctx, a)
	}
	x.provider(ctx)
	return x.findings
}

func (x *examination) store(ctx context.Context) {
	if x.Store == nil {
		return
	}
	seen, err := x.Store(ctx)
	if err != nil {
		x.found(Problem, "store", "", "cannot use the session store: "+err.Error(), "fix the store, or set another one with store: in the configuration")
		return
	}
	x.found(OK, "store", "", seen, "")
}

func (x *examination) provider(ctx context.Context) {
	if x.URL == "" {
		x.embedded(ctx)
		return
	}
	base, err := url.Parse(strings.TrimSuffix(x.URL, "/"))
	if err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" || base.User != nil || base.RawQuery != "" {
		x.found(Problem, "provider", "", "invalid URL of the provider", "write it like https://auth.example.com, with a port and a path if needed")
		return
	}
	x.base = base
	if !x.reach(ctx) {
		return
	}
	keyWorks := x.apiKey(ctx)
	for _, a := range x.Apps {
		x.application(ctx, a)
		x.clientSecret(ctx, a)
	}
	x.webhooks(ctx)
	if keyWorks {
		x.trials(ctx)
	}
}
