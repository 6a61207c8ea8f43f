// Package idptest runs the embedded identity provider in a test. It is the real
// one, in memory, with a cheap password hash; nothing about it is simulated. It
// is made for the tests of programs that log in with it.
//
//	p := idptest.New(t)
//	app := p.AddApplication(idp.Application{})
//	user := p.AddUser("ada@example.com", app.ID)
//	// log in at p.URL with p.APIKey, app.ID, user.Email and idptest.Password
//
// In a testing/synctest bubble use [WithoutSocket]: real sockets do not work
// there, so requests go through [Provider.Client], which calls the handler.
package idptest

import (
	"cmp"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/google/uuid"

	"github.com/latchkey-dev/latchkey/idp"
)

// Password is the password of every user that AddUser makes.
const Password = "correct horse battery"

// Provider is a running identity provider, closed at the end of its test.
type Provider struct {
	*idp.Server

	URL    string       // base URL, without a slash at the end
	APIKey string       // may call everything
	Client *http.Client // reaches URL, with or without a socket

	t       testing.TB
	handler http.Handler

	mu    sync.Mutex
	calls map[string]int
}

// Option changes the provider that New makes.
type Option func(*settings)

type settings struct {
	config   idp.Config
	wrap     func(http.Handler) http.Handler
	noSocket bool
}

// WithConfig lets the test change the provider's configuration, such as its
// clock or its logger.
func WithConfig(change func(*idp.Config)) Option {
	return func(s *settings) { change(&s.config) }
}

// WithFaults puts a handler of the test in front of the provider, which may
// delay, break or replace answers. Calls are counted before it.
func WithFaults(wrap func(http.Handler) http.Handler) Option {
	return func(s *settings) { s.wrap = wrap }
}

// WithoutSocket leaves out the listener. Client and Handler work, other
// clients do not reach URL.
func WithoutSocket() Option {
	return func(s *settings) { s.noSocket = true }
}

// New starts a provider. Mistakes end the test.
func New(t testing.TB, options ...Option) *Provider {
	t.Helper()
	set := settings{
		config: idp.Config{
			Secret: [32]byte{1}, // a test protects nothing, and may reopen its file
			Hash:   idp.HashConfig{MemoryKiB: 8, Iterations: 1, InsecureHash: true},
		},
		wrap: func(h http.Handler) http.Handler { return h },
	}
	for _, o := range options {
		o(&set)
	}
	listener := set.listen()
	server, err := idp.Open(t.Context(), set.config)
	t.Cleanup(func() {
		if listener != nil {
			listener.Close()
		}
		if server != nil {
			server.Close()
		}
	})
	if err != nil {
		t.Fatalf("idptest: %v", err)
	}
	p := &Provider{Server: server, APIKey: uuid.NewString(), t: t, calls: make(map[string]int)}
	p.handler = p.counted(set.wrap(server))
	if err := p.EnsureAPIKey(t.Context(), idp.APIKey{Key: p.APIKey, Description: "idptest"}); err != nil {
		t.Fatalf("idptest: %v", err)
	}
	if set.noSocket {
		p.URL, p.Client = withoutSocket, &http.Client{Transport: roundTripper{p.handler}}
		return p
	}
	listener.Config.Handler = p.handler
	listener.Start()
	p.URL, p.Client = listener.URL, listener.Client()
	return p
}

// withoutSocket is the URL of a provider that only its Client reaches.
const withoutSocket = "http://idp.test"

// listen opens the listener, if there is to be one, and says in the configuration where it is: a
// new database takes it as the issuer of its tokens.
func (s *settings) listen() *httptest.Server {
	if s.noSocket {
		s.config.URL = cmp.Or(s.config.URL, withoutSocket)
		return nil
	}
	listener := httptest.NewUnstartedServer(nil)
	s.config.URL = cmp.Or(s.config.URL, "http://"+listener.Listener.Addr().String())
	return listener
}

// ServeHTTP answers as URL does: counted, and with the test's faults.
func (p *Provider) ServeHTTP(w http.ResponseWriter, r *http.Request) { p.handler.ServeHTTP(w, r) }

func (p *Provider) counted(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		p.calls[r.URL.Path]++
		p.mu.Unlock()
		next.ServeHTTP(w, r)
	})
}

// Calls returns how many requests have come in for a path, such as
// "/api/login".
func (p *Provider) Calls(path string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.calls[path]
}

// AddApplication makes an application and returns it. A blank ID and name are
// filled in, and refresh tokens are switched on. Give it a ClientSecret for
// /oauth2/token.
func (p *Provider) AddApplication(a idp.Application) idp.Application {
	p.t.Helper()
	if a.ID == "" {
		a.ID = uuid.NewString()
	}
	if a.Name == "" {
		a.Name = "Application " + a.ID
	}
	a.GenerateRefreshTokens, a.AllowTokenRefresh = true, true
	if err := p.EnsureApplication(p.t.Context(), a); err != nil {
		p.t.Fatalf("idptest: add application: %v", err)
	}
	return a
}

// AddUser makes a user with [Password], in the role "user" of the applications,
// which belong to the default tenant.
func (p *Provider) AddUser(email string, applicationIDs ...string) idp.User {
	p.t.Helper()
	u, err := p.CreateUser(p.t.Context(), idp.NewUser{Email: email, Password: Password, Verified: true})
	if err != nil {
		p.t.Fatalf("idptest: add user: %v", err)
	}
	for _, id := range applicationIDs {
		if err := p.Register(p.t.Context(), u.ID, id, "user"); err != nil {
			p.t.Fatalf("idptest: register user: %v", err)
		}
	}
	if u, err = p.UserByID(p.t.Context(), u.ID); err != nil {
		p.t.Fatalf("idptest: read user: %v", err)
	}
	return u
}
