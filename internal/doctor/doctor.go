// Package doctor looks at an identity provider and at how Latchkey is set up with it, and says in words what is wrong and how to mend it.
// It changes nothing: what it asks with is either a question or a request that cannot succeed, unless Config.Trial names somebody to log in.
// docs/fusionauth.md has every finding.
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

// Config says what to look at. What is zero is not looked at, but for the times of sessions, which have latchkey.Config's defaults.
type Config struct {
	URL         string // of the provider; empty: it is the embedded one
	APIKey      latchkey.Secret
	SettingsKey latchkey.Secret // may read applications, tenants and webhooks; empty: APIKey
	TenantID    string
	Issuer      string
	WebhookURL  string // where FusionAuth should send its events; a path alone stands for any host
	NoWebhook   bool   // events are not taken

	Apps    []App
	Session Session
	Store   func(context.Context) (string, error) // looks at the store, and says what it has seen
	Trial   *Trial

	Embedded func(context.Context) (Embedded, error) // looks at the embedded provider, where URL is empty

	Transport http.RoundTripper // default: one of its own
	Now       func() time.Time  // default time.Now
}

// An App is one application at the provider and where browsers find it.
type App struct {
	Origin        string
	ApplicationID string
	ClientSecret  latchkey.Secret
	Accounts      string // "existing", "verified" or "unverified", as in the gateway's file; empty: users have no routes for their accounts

	Upstream  string // URL of the app behind the gateway
	Page      string // folder with the files of the page
	DevServer string // URL of a development server in the page's place
}

func (a App) name() string { return cmp.Or(a.Origin, a.ApplicationID) }

// Session are the times of sessions, and how long before its expiry a JWT is renewed (0: it is not).
type Session struct {
	Idle, Cap, RefreshTTL, Absolute, RefreshAhead time.Duration
}

// A Trial logs a user in to each app, refreshes, and revokes the token again.
type Trial struct {
	LoginID  string
	Password latchkey.Secret
}

// A Status says how bad a finding is.
type Status string

// The statuses of findings.
const (
	OK      Status = "ok"
	Skipped Status = "skipped" // could not be looked at
	Warning Status = "warning" // works, and not as well as it could
	Problem Status = "problem" // logins or sessions fail, or will
)

// A Finding is what was seen of one thing.
type Finding struct {
	Status  Status `json:"status"`
	Check   string `json:"check"`         // the same in every version, such as "generate_refresh_tokens"
	App     string `json:"app,omitempty"` // its origin, or its application id
	Message string `json:"message"`
	Mend    string `json:"mend,omitempty"` // what to do about it
}

// An examination is under way.
type examination struct {
	Config
	http     *http.Client
	base     *url.URL
	tenants  map[string]tenant // of our apps, by their ids, where they could be read
	findings []Finding
}

func (x *examination) found(status Status, check, app, message, mend string) {
	x.findings = append(x.findings, Finding{status, check, app, message, mend})
}

// Examine looks at everything, and returns what it found in the order in which it looked.
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
		x.found(Problem, "store", "", "no sessions can be kept: "+err.Error(), "mend the store, or name another one with store: in the configuration")
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
		x.found(Problem, "provider", "", "the provider's URL is none", "write it like https://auth.example.com, with a port and a path where needed")
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
