// Package configfile reads the file of latchkey serve: YAML, in which every key must be known and every mistake is told with its line and
// with what to write instead. docs/gateway.md has every key.
package configfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"time"

	"go.yaml.in/yaml/v4"
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
	Session          Session
	TrustedProxies   []netip.Prefix
	Forwarded        bool // trusted proxies speak RFC 7239
	Apps             []App

	path string
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
	ApplicationID string
	ClientSecret  string
	Accounts      string // "", or who may make an account: "existing" (nobody), "verified" or "unverified"
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

// Read reads the file. The error has every mistake, each as a *Mistake.
func Read(path string) (*File, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		var failed *os.PathError
		if errors.As(err, &failed) {
			err = failed.Err
		}
		return nil, fmt.Errorf("%s: the configuration cannot be read: %w (latchkey init writes a new one)", path, err)
	}
	return Parse(path, text, os.LookupEnv)
}

// Parse reads the text of a file. The path is for messages, and for what the file names beside itself.
func Parse(path string, text []byte, env func(string) (string, bool)) (*File, error) {
	in := yaml.NewDecoder(bytes.NewReader(text))
	var document, more yaml.Node
	if err := in.Decode(&document); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: not YAML: %w", path, err)
	}
	if err := in.Decode(&more); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: more than one document: only one is read", path)
	}
	absolute, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	r := &reader{path: path, dir: filepath.Dir(absolute), env: env}
	f := &File{
		Listen: "127.0.0.1:8080", Data: filepath.Join(r.dir, "latchkey-data"), Store: "sqlite", path: path,
		Provider: Provider{Listen: "127.0.0.1:9011"},
	}
	if len(document.Content) == 0 {
		return nil, &Mistake{File: path, Line: 1, Reason: "the file is empty: latchkey init writes one to begin with"}
	}
	r.file(f, document.Content[0])
	if len(r.mistakes) > 0 {
		return nil, errors.Join(r.mistakes...)
	}
	return f, nil
}

// A Mistake is one thing that is wrong with a file.
type Mistake struct {
	File   string
	Line   int
	Key    string // such as "apps[0].host"; may be empty
	Reason string
}

// Error says where it is, and what to write instead.
func (m *Mistake) Error() string {
	if m.Key == "" {
		return fmt.Sprintf("%s:%d: %s", m.File, m.Line, m.Reason)
	}
	return fmt.Sprintf("%s:%d: %s: %s", m.File, m.Line, m.Key, m.Reason)
}

// Mistake returns one about an app, for what shows only when the app is set up.
func (f *File) Mistake(app int, reason string) error {
	return &Mistake{File: f.path, Line: f.Apps[app].Line, Key: fmt.Sprintf("apps[%d]", app), Reason: reason}
}
