// Package configfile reads the file of latchkey serve: YAML, in which every key must be known.
// Every error has its line and says what to write instead. docs/gateway.md describes every key.
package configfile

import (
	"net/netip"
	"time"
)

// A File is the content of the file. Missing values are zero, except as noted here.
type File struct {
	Listen           string // default "127.0.0.1:8080"
	PlainBehindProxy bool   // plain HTTP on a public address, because a proxy in front does TLS
	Redirect         string // address that redirects plain HTTP to https
	Admin            string // address of the health checks; empty: none
	TLS              TLS
	Data             string // directory; default "latchkey-data", next to the file
	Store            string // default "sqlite"
	Provider         Provider
	Mail             Mail // of the embedded provider
	Session          Session
	TrustedProxies   []netip.Prefix
	Forwarded        bool // trusted proxies set Forwarded (RFC 7239)
	Apps             []App

	path  string
	lines map[string]int

	secretFiles []string
}

// TLS says where certificates come from: one of the three sources, or none.
type TLS struct {
	Auto  bool // from an ACME server, Let's Encrypt unless Directory says otherwise
	Local bool // from a certificate authority of this machine's own, for development

	CertFile, KeyFile string

	Email     string // for Auto
	Directory string
	RootFile  string // root certificates for Directory itself
}

// On reports whether TLS is on.
func (t TLS) On() bool { return t.Auto || t.Local || t.CertFile != "" }

// Provider is the identity provider: FusionAuth if there is a URL, or else the embedded one.
type Provider struct {
	URL                  string
	PlainHTTP            bool // URL may be plain HTTP to another machine
	APIKey               string
	TenantID             string
	Issuer               string // of a FusionAuth: the iss that its tokens must have; of the embedded one: the iss that they have
	PasswordCheckedFirst bool
	Webhook              Webhook
	Listen               string // of the embedded one; default "127.0.0.1:9011"
	BreachedPasswords    string // of the embedded one: the file of a filter, absolute; empty: none
}

// Webhook says how the provider signs its events: one of the three ways. Without any, events are
// not accepted.
type Webhook struct {
	Secret    string // HMAC
	PublicKey string // PEM
	KeySet    bool   // the keys that the provider publishes
}

// On reports whether events are accepted.
func (w Webhook) On() bool { return w.Secret != "" || w.PublicKey != "" || w.KeySet }

// Session has the lifetimes of sessions, for all apps, and how many sessions of each app are
// cached.
type Session struct {
	Idle, Cap, RefreshTTL, Absolute, InFlightWindow, RefreshAhead, DeviceProofLifetime time.Duration
	Cache                                                                              int // 0: the default
}

// An App is one app behind the gateway.
type App struct {
	Line          int    // in the file
	Host          string // with a port if browsers see one
	Name          string // in mails; empty: not in the file
	ApplicationID string
	ClientSecret  string
	Accounts      string // "", or who may register: "existing" (nobody), "verified" or "unverified"
	AccountPage   string // path of the app's own page for the links in mails; empty: the gateway's page
	BasePath      string // of the routes of guard and accounts; empty: /api
	SPA           string // a directory, absolute; or http://…: a development server
	Upstream      string
	Protect       []string // nil: not in the file
	Public        []string
	Timeout       time.Duration
	MaxBody       int64
	Bearer        bool // default true
	UserKey       string
	AllowHeaders  []string
	DropHeaders   []string
	Headers       map[string]string // of the page, including Content-Security-Policy if csp is set
	SameSiteLax   bool
	ClearSiteData bool
	DeviceBinding string // "off", "watch", "on" or "require"; empty: on
}
