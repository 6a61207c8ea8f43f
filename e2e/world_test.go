package e2e_test

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/account"
	"github.com/latchkey-dev/latchkey/examples/forums"
	"github.com/latchkey-dev/latchkey/examples/store"
	"github.com/latchkey-dev/latchkey/fusionauth"
	"github.com/latchkey-dev/latchkey/gateway"
	"github.com/latchkey-dev/latchkey/idp"
	"github.com/latchkey-dev/latchkey/idp/idptest"
	"github.com/latchkey-dev/latchkey/memstore"
)

// The times of the guards in a world are the defaults of latchkey.Config.
const (
	idle       = 30 * time.Minute
	sessionCap = time.Hour
	refresh    = 30 * 24 * time.Hour
	settling   = time.Minute     // F: cookies that come back after this time are those that the browser kept
	inFlight   = 2 * time.Minute // W: no response is in flight for longer
)

const (
	clientSecret = "the secret of the backend of the forums"
	userKey      = "the key with which the gateway signs who asks the forums"
)

// A world is both apps and their provider, with one clock, and a record of everything that they
// exchange with the browsers.
type world struct {
	*testing.T
	place
	clock    *clock
	wire     *wire
	calls    *calls
	faults   *faults
	provider *idptest.Provider
	outbox   *outbox
	config   latchkey.Config // what both guards share
	user     idp.User
	addr     string // of the server of both apps
	stranger string // the origin of another site, at the same server
	store    *site
	forums   *site
}

// A site is one of the apps.
type site struct {
	*world
	name          string
	hostname      string
	host          string // with its port
	origin        string
	protected     string // a route that needs a login
	refresh       string // the provider's route by which it refreshes
	applicationID string
	app           http.Handler
	guard         *latchkey.Guard // the store's
	front         *faults         // in front of app
}

// newWorld starts a world for the test; the changes apply to the guards' configuration. At the end
// no browser may have received a secret (ARC-01).
func newWorld(t *testing.T, changes ...func(*latchkey.Config)) *world {
	t.Helper()
	return newWorldAt(t, plain, changes...)
}

func newWorldAt(t *testing.T, at place, changes ...func(*latchkey.Config)) *world {
	t.Helper()
	w := &world{
		T: t, place: at, clock: newClock(), wire: newWire(), calls: newCalls(), faults: &faults{},
		config: latchkey.Config{Store: memstore.New(), Keys: latchkey.KeyRing{latchkey.NewKey()}, ProviderTimeout: patience},
	}
	for _, change := range changes {
		change(&w.config)
	}
	w.outbox = newOutbox(t)
	w.provider = idptest.New(t, idptest.WithFaults(w.faults.wrap), idptest.WithConfig(func(c *idp.Config) { c.Now, c.SendMail = w.clock.Now, w.outbox.send }))
	if err := w.provider.EnsureTenant(t.Context(), idp.Tenant{Name: "Default", VerifyEmail: true, UnverifiedBehavior: idp.UnverifiedGated}); err != nil {
		t.Fatal(err)
	}
	listener, err := w.listen()
	if err != nil {
		t.Fatal(err)
	}
	w.addr = listener.Addr().String()
	_, port, err := net.SplitHostPort(w.addr)
	if err != nil {
		t.Fatal(err)
	}
	w.stranger = w.scheme + "://" + stranger + ":" + port
	w.store = &site{world: w, name: "store", protected: "/api/load-shopping-cart", refresh: "/api/jwt/refresh"}
	w.forums = &site{world: w, name: "forums", protected: "/api/load-posts", refresh: "/oauth2/token"}
	for _, s := range w.sites() {
		s.front, s.hostname = &faults{}, s.name+"."+w.domain
		s.host = s.hostname + ":" + port
		s.origin = w.scheme + "://" + s.host
	}
	w.openStore()
	w.openForums()
	w.user = w.addUser("ada@example.com", idp.Profile{FirstName: "Ada", LastName: "Lovelace"})
	w.serve(listener)
	for _, secret := range []string{w.provider.APIKey, clientSecret, userKey, idptest.Password} {
		w.calls.keepSecret(secret)
	}
	return w
}

func (w *world) sites() []*site { return []*site{w.store, w.forums} }

// site returns the app of that name.
func (w *world) site(name string) *site {
	return map[string]*site{w.store.name: w.store, w.forums.name: w.forums}[name]
}

func (w *world) openStore() {
	w.store.applicationID = w.provider.AddApplication(idp.Application{Name: "Store", PageURL: w.store.origin}).ID
	w.startStore()
}

// startStore starts the store with the configuration that the guards have by now.
func (w *world) startStore() {
	s := w.store
	client := w.client(s, "")
	s.guard = w.guard(s, client)
	c := accounts(s, client)
	c.Guard, c.Origin, c.Logger, c.Now = s.guard, s.origin, w.logger(), w.clock.Now
	handler, err := account.New(*c)
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(handler.Close)
	app, err := store.Open(w.Context(), store.Config{Guard: s.guard, Account: handler, Logger: w.logger(), Now: w.clock.Now})
	w.opened(s, app, app, err)
}

// openForums puts the forums behind the gateway.
func (w *world) openForums() {
	s := w.forums
	s.applicationID = w.provider.AddApplication(idp.Application{Name: "Forums", PageURL: s.origin, ClientSecret: clientSecret}).ID
	app, err := forums.Open(w.Context(), forums.Config{UserKey: userKey, Origin: s.origin, Logger: w.logger(), Now: w.clock.Now})
	w.opened(s, nil, app, err)
	behind := httptest.NewServer(app)
	w.Cleanup(behind.Close)
	client := w.client(s, clientSecret)
	g, err := gateway.New(gateway.Config{Logger: w.logger(), Apps: []gateway.App{{
		Login: w.login(s, client), Account: accounts(s, client), Upstream: behind.URL, Protect: []string{"/api/"}, UserKey: userKey, NoBearer: true,
		Page: forums.Page(), PageHeaders: forums.PageHeaders(),
	}}})
	w.opened(s, g, closing{g.Close}, err)
}

// closing limits the time of a Close.
type closing struct {
	close func(context.Context) error
}

func (c closing) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return c.close(ctx)
}

func (w *world) opened(s *site, app http.Handler, closer io.Closer, err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() {
		if err := closer.Close(); err != nil {
			w.Errorf("close %s: %v", s.name, err)
		}
	})
	s.app = app
}

func (w *world) login(s *site, client *fusionauth.Client) latchkey.Config {
	config := w.config
	config.Origin, config.App, config.Provider, config.Logger, config.Now = s.origin, s.name, client, w.logger(), w.clock.Now
	return config
}

// accounts is how users of the app register, and keep their accounts.
func accounts(s *site, client *fusionauth.Client) *account.Config {
	return &account.Config{Client: client, Registration: account.RegistrationVerified, Issuer: s.name}
}

func (w *world) client(s *site, clientSecret latchkey.Secret) *fusionauth.Client {
	w.Helper()
	provider, err := fusionauth.New(fusionauth.Config{
		URL: w.provider.URL, APIKey: latchkey.Secret(w.provider.APIKey), ApplicationID: s.applicationID, ClientSecret: clientSecret,
		PasswordCheckedFirst: true, Timeout: patience, Transport: w.calls.transport(s.name, w.provider.Client.Transport), Now: w.clock.Now,
	})
	if err != nil {
		w.Fatal(err)
	}
	return provider
}

func (w *world) guard(s *site, client *fusionauth.Client) *latchkey.Guard {
	w.Helper()
	guard, err := latchkey.New(w.login(s, client))
	if err != nil {
		w.Fatal(err)
	}
	w.opened(s, nil, closing{guard.Close}, nil)
	return guard
}

// logger writes to the test's log, which is shown when the test fails, or with -v.
func (w *world) logger() *slog.Logger { return slog.New(slog.NewTextHandler(w.Output(), nil)) }

// addUser adds a user with idptest.Password who is registered for both apps.
func (w *world) addUser(email string, profile idp.Profile) idp.User {
	w.Helper()
	user, err := w.provider.CreateUser(w.Context(), idp.NewUser{Email: email, Password: idptest.Password, Verified: true, Profile: profile})
	if err != nil {
		w.Fatal(err)
	}
	for _, s := range w.sites() {
		if err := w.provider.Register(w.Context(), user.ID, s.applicationID, "user"); err != nil {
			w.Fatal(err)
		}
	}
	return user
}

// serve answers at the listener until the end of the test, then checks everything that went to
// browsers.
func (w *world) serve(listener net.Listener) {
	server := &http.Server{Handler: w.wire.record(http.HandlerFunc(w.route)), ErrorLog: slog.NewLogLogger(w.logger().Handler(), slog.LevelError)}
	stopped := make(chan struct{})
	go func() { defer close(stopped); server.Serve(taped{listener, w.wire}) }()
	w.Cleanup(func() {
		server.Close()
		<-stopped
		w.checkNoSecretLeft()
		if w.Failed() {
			w.Logf("what was said:\n%s", w.wire)
		}
	})
}

func (w *world) route(rw http.ResponseWriter, r *http.Request) {
	for _, s := range w.sites() {
		if r.Host == s.host {
			s.front.wrap(s.app).ServeHTTP(rw, r)
			return
		}
	}
	rw.Header().Set("Content-Type", "text/html")
	io.WriteString(rw, "<!doctype html><title>Elsewhere</title><body>") // any other host is a hostile site
}

// checkNoSecretLeft is ARC-01.
func (w *world) checkNoSecretLeft() {
	received := slices.Concat(w.wire.received()...)
	for _, secret := range w.calls.allSecrets() {
		if leaks(received, secret) {
			w.Errorf("ARC-01: a browser received a secret that begins with %.6q", secret)
		}
	}
}
