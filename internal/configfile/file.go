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
	"regexp"
	"slices"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/latchkey-dev/latchkey/internal/filemode"
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

// Read reads the file. The error has every mistake, each as a *Mistake, in the order of lines. A file with secrets in it must be readable by its owner
// only, and nobody else may write any.
func Read(path string) (*File, error) {
	f, r, err := readFile(path, func(string) bool { return true })
	if err != nil {
		return nil, err
	}
	err = filemode.Unwritable(path)
	if len(r.secrets) > 0 {
		err = filemode.Secret(path)
	}
	switch {
	case err != nil && len(r.secrets) > 0:
		return nil, fmt.Errorf("%w (%s is in it: a variable or a file can hold that instead)", err, r.secrets[0])
	case err != nil:
		return nil, err
	}
	return f, nil
}

// ReadPart reads a file of which only some values are needed. Variables and files that other values name may be missing; those values are zero.
func ReadPart(path string, part Part) (*File, error) {
	f, _, err := readFile(path, func(key string) bool { return part(index.ReplaceAllString(key, "")) })
	return f, err
}

// A Part reports whether the value of a key is needed, such as "data" and "apps.application_id".
type Part func(key string) bool

// Only is the part with these keys.
func Only(keys ...string) Part {
	return func(key string) bool { return slices.Contains(keys, key) }
}

// Except is the part without these keys.
func Except(keys ...string) Part {
	return func(key string) bool { return !slices.Contains(keys, key) }
}

var index = regexp.MustCompile(`\[[0-9]+\]`)

func readFile(path string, needs func(string) bool) (*File, *reader, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		var failed *os.PathError
		if errors.As(err, &failed) {
			err = failed.Err
		}
		return nil, nil, fmt.Errorf("%s: the configuration cannot be read: %w (latchkey init writes a new one)", path, err)
	}
	return parse(path, text, os.LookupEnv, needs)
}

// Parse reads the text of a file. The path is for messages, and for what the file names beside itself.
func Parse(path string, text []byte, env func(string) (string, bool)) (*File, error) {
	f, _, err := parse(path, text, env, func(string) bool { return true })
	return f, err
}

func parse(path string, text []byte, env func(string) (string, bool), needs func(string) bool) (*File, *reader, error) {
	document, err := decode(path, text)
	if err != nil {
		return nil, nil, err
	}
	absolute, err := filepath.Abs(path)
	if err != nil {
		return nil, nil, err
	}
	r := &reader{path: path, dir: filepath.Dir(absolute), env: env, needs: needs, lines: make(map[string]int), meant: make(map[string]bool), unread: make(map[string]bool), known: make(map[string]bool)}
	f := &File{
		Listen: "127.0.0.1:8080", Data: filepath.Join(r.dir, "latchkey-data"), Store: "sqlite", path: path, lines: r.lines,
		Provider: Provider{Listen: "127.0.0.1:9011"},
	}
	r.file(f, document)
	f.secretFiles = r.secretFiles
	slices.SortStableFunc(r.mistakes, func(a, b *Mistake) int { return a.Line - b.Line })
	var errs []error
	for _, m := range r.mistakes {
		errs = append(errs, m)
	}
	if errs != nil {
		return nil, nil, errors.Join(errs...)
	}
	return f, r, nil
}

// decode reads the one document of a file.
func decode(path string, text []byte) (*yaml.Node, error) {
	in := yaml.NewDecoder(bytes.NewReader(text))
	var document, more yaml.Node
	if err := in.Decode(&document); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: not YAML: %w", path, err)
	}
	if err := in.Decode(&more); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: more than one document: only one is read", path)
	}
	if len(document.Content) == 0 {
		return nil, &Mistake{File: path, Line: 1, Reason: "the file is empty: latchkey init writes one to begin with"}
	}
	return document.Content[0], nil
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

// Mistake returns one about a key, such as "apps[0].spa", for what shows only when the key is used.
func (f *File) Mistake(key, reason string) error {
	return &Mistake{File: f.path, Line: lineOf(f.lines, key), Key: key, Reason: reason}
}

// Says reports whether a key is in the file.
func (f *File) Says(key string) bool {
	_, ok := f.lines[key]
	return ok
}
