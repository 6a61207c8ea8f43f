// Package configfile reads the file of latchkey serve: YAML, in which every key must be known and every mistake is told with its line and
// with what to write instead. docs/gateway.md has every key.
package configfile

import (
	"net/netip"
	"time"
)

// A File is what the file says. What it does not say is zero, but for what is noted here.
type File struct {
	Listen           string // default "127.0.0.1:8080"
	PlainBehindProxy bool   // plain HTTP on an address that others reach, because a proxy in front does TLS
	Redirect         string // where plain HTTP is sent to https
	Admin            string // where health is told; empty: nowhere
	TLS              TLS
	Data             string // directory; default "latchkey-data" beside the file
	Store            string // default "sqlite"
	Provider         Provider
	Mail             Mail // of the embedded provider
	Session          Session
	TrustedProxies   []netip.Prefix
	Forwarded        bool // trusted proxies speak RFC 7239
	Apps             []App

	path  string
	lines map[string]int

	secretFiles []string
}

// TLS says where certificates come from: one of the three, or nowhere.
type TLS struct {
	Auto  bool // from an ACME server, Let's Encrypt unless Directory says otherwise
	Local bool // from a certificate authority of this machine's own, for development

	CertFile, KeyFile string

	Email     string // for Auto
	Directory string
	RootFile  string // certificates by which Directory is trusted
}

// On tells whether there is TLS.
func (t TLS) On() bool { return t.Auto || t.Local || t.CertFile != "" }

// Provider is the identity provider: one with a URL, or the embedded one.
type Provider struct {
	URL                  string
	PlainHTTP            bool // URL may be plain HTTP to another machine
	APIKey               string
	TenantID             string
	Issuer               string
	PasswordCheckedFirst bool
	Webhook              Webhook
	Listen               string // of the embedded one; default "127.0.0.1:9011"
	BreachedPasswords    string // of the embedded one: the file of a filter, absolute; empty: none
}

// Webhook says what the provider signs its events with: one of the three, or nothing, and events are not taken.
type Webhook struct {
	Secret    string // HMAC
	PublicKey string // PEM
	KeySet    bool   // the keys that the provider publishes
}

// On tells whether events are taken.
func (w Webhook) On() bool { return w.Secret != "" || w.PublicKey != "" || w.KeySet }

// Session are the times of sessions, for all apps, and how many of each app are kept in memory.
type Session struct {
	Idle, Cap, RefreshTTL, Absolute, InFlightWindow, RefreshAhead time.Duration
	Cache                                                         int // 0: the default
}

// An App is one app behind the gateway.
type App struct {
	Line          int    // in the file
	Host          string // with a port where browsers see one
	Name          string // in mails; empty: the file does not say
	ApplicationID string
	ClientSecret  string
	Accounts      string // "", or who may make an account: "existing" (nobody), "verified" or "unverified"
	AccountPage   string // path of the app's own page for the links in mails; empty: the gateway's
	SPA           string // a directory, absolute; or http://…: a development server
	Upstream      string
	Protect       []string // nil: the file does not say
	Public        []string
	Timeout       time.Duration
	MaxBody       int64
	Bearer        bool // default true
	UserKey       string
	AllowHeaders  []string
	DropHeaders   []string
	Headers       map[string]string // of the page; Content-Security-Policy among them where csp is there
	SameSiteLax   bool
	ClearSiteData bool
}
