// Package fusionauth calls a FusionAuth server, or the embedded provider, which has the same API,
// to check passwords and to refresh and revoke tokens. A Client is the latchkey.Provider of one
// application.
//
// Only an authoritative response is a refusal: one that the API documents, in the form in which the
// API sends it. A proxy's page, an unexpected status or a misconfigured key are errors for the
// operator, and end no session.
package fusionauth

import (
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/latchkey-dev/latchkey"
)

// Config names the server, the application, and our credentials. URL, APIKey and ApplicationID are
// required.
type Config struct {
	URL           string          // "https://auth.example.com"
	APIKey        latchkey.Secret // needs POST /api/login and DELETE /api/jwt/refresh
	ApplicationID string          // a UUID
	TenantID      string          // if the server has several tenants; tokens of another one are refused
	Issuer        string          // the iss that its tokens must have; empty: not compared

	// ClientSecret makes refreshes go through POST /oauth2/token with client authentication.
	// Without it they go through POST /api/jwt/refresh, for which the application must allow token
	// refresh.
	ClientSecret latchkey.Secret

	// PasswordCheckedFirst says that 409, 410 and 423 reveal nothing about an account to a
	// stranger, so that users may learn why they cannot log in. That is true of the embedded
	// provider: it answers 410 and 423 only to the right password, and the 409 of its lockout also
	// for a login id that nobody has. FusionAuth gives these answers to anyone who guesses an
	// address: by default all three become invalid_credentials.
	PasswordCheckedFirst bool

	Logger    *slog.Logger      // nil: slog.Default()
	Timeout   time.Duration     // for a whole call; default 10 s
	Transport http.RoundTripper // default: our own, with a pool of connections
	Now       func() time.Time  // default time.Now
}

// Client is safe for concurrent use.
type Client struct {
	base   *url.URL
	config Config
	http   *http.Client
	now    func() time.Time

	lastWorked atomic.Int64 // Unix milliseconds of the last response that only a working server gives
	refreshes  atomic.Int32 // refreshUnknown, refreshWorks or refreshForbidden
	trying     sync.Mutex   // held by the login that tries
}

var (
	_ latchkey.Provider             = (*Client)(nil)
	_ latchkey.LoginIDCanonicalizer = (*Client)(nil)
)

// New checks the Config and reports all its mistakes. It makes no call: the server may start later.
func New(c Config) (*Client, error) {
	var errs []error
	bad := func(field, reason string) { errs = append(errs, errors.New("fusionauth: Config."+field+": "+reason)) }
	base, err := url.Parse(strings.TrimSuffix(c.URL, "/"))
	switch {
	case c.URL == "":
		bad("URL", "required")
	case err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" || base.RawQuery != "" || base.User != nil:
		bad("URL", "want https://host, with a port and a path if needed")
	}
	if c.APIKey == "" {
		bad("APIKey", "required")
	}
	if c.ApplicationID == "" {
		bad("ApplicationID", "required")
	}
	if c.Timeout < 0 {
		bad("Timeout", "negative")
	}
	if errs != nil {
		return nil, errors.Join(errs...)
	}
	if c.Timeout == 0 {
		c.Timeout = 10 * time.Second
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Transport == nil {
		c.Transport = transport()
	}
	return &Client{base: base, config: c, now: c.Now, http: &http.Client{
		Transport: c.Transport,
		Timeout:   c.Timeout,
		// No Jar: the server sets cookies on every response, and a cookie takes precedence over the
		// token in the body.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

func transport() http.RoundTripper {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxIdleConnsPerHost = 64
	return t
}
