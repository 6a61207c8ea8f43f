package gateway

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/account"
)

// An App is one app behind the gateway: how its users log in, where its API is, and where its page
// is.
type App struct {
	// Login configures the app's guard. Its Origin names the host. The gateway sets ClientIP.
	// RefreshAhead defaults to one minute, so that the app behind the gateway never sees an expired
	// JWT.
	Login latchkey.Config

	// Account makes the gateway serve the account routes too. Its Client, Registration and Issuer
	// are used; the gateway sets the rest. Nil: no account routes.
	Account *account.Config
	// AccountPage is the path of the app's own page for the links in mails, such as "/account";
	// empty: the gateway serves one. It must not need a login.
	AccountPage string

	// Upstream is the app behind the gateway: "http://127.0.0.1:3000", or https, with a path if
	// needed. Empty: there is a page only.
	Upstream string
	// Protect lists the paths that need a login, with everything below them. Nil: every path.
	// Public lists exceptions, and the longest prefix wins. Other paths pass, with the user if
	// there is one.
	Protect, Public []string
	// Timeout is how long the app may take to begin its response; default one minute.
	Timeout time.Duration
	// MaxBody is the largest request body that is passed on, in bytes; 0: any. Bodies are never
	// buffered in memory.
	MaxBody int64

	// NoBearer leaves out Authorization: Bearer with the session's JWT.
	NoBearer bool
	// UserKey signs the header Latchkey-User (see docs/gateway.md) with HMAC-SHA-256, if it is
	// there; at least 32 bytes.
	UserKey latchkey.Secret
	// AllowHeaders lists response headers that the app may set although they affect the whole
	// origin, such as Access-Control-Allow-Origin.
	AllowHeaders []string
	// DropHeaders lists request headers that clients must not send to the app, in addition to those
	// of docs/gateway.md: names that tell this app who the user is.
	DropHeaders []string

	// Page holds the files of the page, with an index.html; see Dir. DevServer,
	// "http://localhost:5173", replaces it in development.
	Page      fs.FS
	DevServer string
	// PageHeaders are set on files of the page, in addition to the defaults; an empty value removes
	// one. The most useful is Content-Security-Policy.
	PageHeaders map[string]string

	// HSTS makes browsers use https only, for a year. It needs a certificate that browsers trust.
	HSTS bool
}

type app struct {
	scheme, host string // of the origin
	origin       string
	guard        *latchkey.Guard
	base         string // of the guard's routes
	sessions     string // Login.App
	endsFile     string // Login.EndsFile
	login        http.Handler
	account      *account.Handler // nil: none
	accountPage  *accountPage     // nil: none
	protected    http.Handler     // the app, with a login
	open         http.Handler     // the app, without a login
	rules        rules
	upstream     *httputil.ReverseProxy // nil: none
	page         *page                  // nil: none
	devServer    *httputil.ReverseProxy // nil: none
	transports   []*http.Transport      // to the app and the development server
	proxies      proxies
	streams      *streams
	signer       *userSigner     // nil: no Latchkey-User
	dropped      map[string]bool // of requests
	allowed      map[string]bool // of responses, although they affect the origin
	bearer       bool
	maxBody      int64
	hsts         bool
	jarTold      perMinute
	proxyTold    perMinute
	now          func() time.Time
	log          *slog.Logger
}

func newApp(c App, of Config, p proxies) (*app, error) {
	origin, err := url.Parse(c.Login.Origin)
	if err != nil {
		return nil, err
	}
	a := &app{
		scheme: origin.Scheme, host: origin.Host, origin: c.Login.Origin, proxies: p, bearer: !c.NoBearer, maxBody: c.MaxBody, hsts: c.HSTS,
		now: c.Login.Now, log: of.Logger, sessions: c.Login.App, endsFile: c.Login.EndsFile,
	}
	if a.now == nil {
		a.now = time.Now
	}
	if err := errors.Join(a.read(c, of.Private), a.openGuard(c.Login), a.openAccount(c.Account), a.checkAccountPage(c)); err != nil {
		if a.guard != nil {
			err = errors.Join(err, a.close(context.Background()))
		}
		return nil, err
	}
	return a, nil
}

// read reads everything but the login from the configuration, and returns every mistake.
func (a *app) read(c App, private []string) error {
	var errs []error
	note := func(err error) {
		if err != nil {
			errs = append(errs, err)
		}
	}
	var err error
	a.rules, err = newRules(c.Protect, c.Public)
	note(err)
	a.dropped, err = droppedHeaders(c.DropHeaders)
	note(err)
	a.allowed, err = allowedHeaders(c.AllowHeaders)
	note(err)
	if c.Upstream != "" {
		a.upstream, err = a.newProxy("Upstream", c.Upstream, c)
		note(err)
	}
	switch {
	case c.Page != nil && c.DevServer != "":
		note(errors.New("both Page and DevServer: set only one of the two"))
	case c.Page != nil:
		a.page, err = newPage(c.Page, c.PageHeaders, a.log)
		note(err)
		note(holdsNone(c.Page, private))
	case c.DevServer != "":
		a.devServer, err = a.newProxy("DevServer", c.DevServer, c)
		note(err)
	case c.Upstream == "":
		note(errors.New("nothing to serve: set Upstream or Page"))
	}
	if c.UserKey != "" {
		a.signer, err = newUserSigner(c.UserKey, c.Login.Origin)
		note(err)
	}
	return errors.Join(errs...)
}

func (a *app) openGuard(c latchkey.Config) (err error) {
	streams := newStreams(c, a.log)
	if c.RefreshAhead == 0 && a.bearer {
		c.RefreshAhead = max(0, min(time.Minute, streams.longest))
	}
	tell := c.OnEvent
	c.OnEvent = func(ctx context.Context, e latchkey.Event) {
		switch e.Kind {
		case latchkey.EventEnded:
			streams.end(e.Session)
		case latchkey.EventBound:
			streams.shorten(e.Session)
		}
		if tell != nil {
			tell(ctx, e)
		}
	}
	c.ClientIP = a.proxies.client
	if a.guard, err = latchkey.New(c); err != nil {
		return err
	}
	a.login, a.base, a.streams = a.guard.Handler(), a.guard.BasePath(), streams
	a.rules.base = fold(a.base)
	a.protected, a.open = a.guard.Protect(http.HandlerFunc(a.pass)), a.guard.Identify(http.HandlerFunc(a.pass))
	streams.watch(a.guard.EndReason)
	return nil
}

func (a *app) openAccount(c *account.Config) (err error) {
	if c == nil || a.guard == nil {
		return nil
	}
	a.account, err = account.New(account.Config{
		Guard: a.guard, Client: c.Client, Registration: c.Registration, Issuer: c.Issuer, Replaces: c.Replaces, Origin: a.origin, ClientIP: a.proxies.client, Logger: a.log, Now: a.now,
	})
	if err == nil {
		a.accountPage, err = newAccountPage(a.base, a.log)
	}
	return err
}

func (a *app) close(ctx context.Context) error {
	a.streams.stop()
	if a.account != nil {
		a.account.Close()
	}
	for _, t := range a.transports {
		t.CloseIdleConnections()
	}
	return a.guard.Close(ctx)
}

// ServeHTTP routes a request whose path is clean.
func (a *app) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if a.hsts {
		w.Header().Set("Strict-Transport-Security", "max-age=31536000")
	}
	path := r.URL.Path
	reads := r.Method == http.MethodGet || r.Method == http.MethodHead
	switch {
	case a.ofGuard(path):
		a.login.ServeHTTP(w, r)
	case a.accountPage != nil && a.accountPage.has(path):
		a.accountPage.ServeHTTP(w, r)
	case a.account != nil && a.account.Serves(path):
		a.account.ServeHTTP(w, r)
	case reserved(path):
		notFound.ServeHTTP(w, r)
	case a.page != nil && reads && !a.rules.names(path) && a.page.has(r):
		a.page.ServeHTTP(w, r)
	case a.devServer != nil && reads && !a.rules.names(path):
		a.passToDevServer(w, r)
	case a.upstream != nil:
		a.passToUpstream(w, r)
	default:
		notFound.ServeHTTP(w, r)
	}
}

// withoutCookies logs, once a minute, that an app does not get its cookies.
func (a *app) withoutCookies(ctx context.Context) {
	if a.jarTold.due(a.now()) {
		a.log.WarnContext(ctx, "browser sends too many cookies: not passing them to the app", "app", a.host)
	}
}

// ofGuard reports whether a path is one of Guard.Handler's.
func (a *app) ofGuard(path string) bool {
	route, below := strings.CutPrefix(path, a.base)
	if !below {
		return false
	}
	switch route {
	case "/user", "/login", "/logout", "/sessions", deviceRegister, deviceRefresh:
		return true
	}
	id, below := strings.CutPrefix(route, "/sessions/")
	return below && id != "" && !strings.Contains(id, "/")
}

// reserved reports whether a path is reserved for pages of the gateway itself, as some server may
// read it.
func reserved(path string) bool {
	if len(path) < 2 || inName(path[1]) {
		return false // the common case
	}
	return under(fold(path), "/.latchkey")
}

func (a *app) newProxy(field, raw string, c App) (*httputil.ReverseProxy, error) {
	target, err := url.Parse(raw)
	if err != nil || target.Host == "" || !slices.Contains([]string{"http", "https"}, target.Scheme) ||
		target.User != nil || target.RawQuery != "" || target.Fragment != "" {
		return nil, fmt.Errorf("%s: want http://host:port or https://host, and a path if needed", field)
	}
	transport := newTransport(target.Scheme, c.Timeout, a.withoutCookies)
	a.transports = append(a.transports, transport.shared, transport.own)
	from := inner{target, a.scheme, a.host}
	return &httputil.ReverseProxy{
		Rewrite:        func(pr *httputil.ProxyRequest) { a.rewrite(pr, target) },
		Transport:      transport,
		ModifyResponse: func(res *http.Response) error { a.received(res); from.translate(res.Header); return nil },
		ErrorHandler:   a.failed,
		ErrorLog:       slog.NewLogLogger(a.log.Handler(), slog.LevelDebug),
		BufferPool:     buffers,
	}, nil
}
