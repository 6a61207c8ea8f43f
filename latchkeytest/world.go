package latchkeytest

import (
	"log/slog"
	"net/http"
	"sync"
	"testing"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/fusionauth"
	"github.com/latchkey-dev/latchkey/idp"
	"github.com/latchkey-dev/latchkey/idp/idptest"
)

// Password is the password of every user created by [App.AddUser].
const Password = idptest.Password

// A World is an identity provider, a session store and a clock, shared by apps and browsers. It
// ends with its test.
type World struct {
	Store *Store
	Clock *Clock
	Keys  latchkey.KeyRing // of the cookies of all apps

	t        testing.TB
	logger   *slog.Logger
	provider func() *idptest.Provider
	faults   providerFaults
}

// An Option changes the world that New makes.
type Option func(*settings)

type settings struct {
	logger   *slog.Logger
	provider func(*idp.Config)
}

// WithLogger sets the logger of the provider and the guards. By default, warnings and errors go to
// the test's log.
func WithLogger(logger *slog.Logger) Option {
	return func(s *settings) { s.logger = logger }
}

// WithProvider changes the provider's configuration: to catch its mails, for example.
func WithProvider(change func(*idp.Config)) Option {
	return func(s *settings) { s.provider = change }
}

// New returns a new world. Here and in all methods, errors end the test.
func New(t testing.TB, options ...Option) *World {
	t.Helper()
	s := settings{provider: func(*idp.Config) {}}
	for _, o := range options {
		o(&s)
	}
	if s.logger == nil {
		s.logger = slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
	}
	w := &World{Store: NewStore(), Clock: &Clock{}, Keys: latchkey.KeyRing{latchkey.NewKey()}, t: t, logger: s.logger}
	w.provider = sync.OnceValue(func() *idptest.Provider {
		return idptest.New(t, idptest.WithoutSocket(), idptest.WithFaults(w.faults.wrap),
			idptest.WithConfig(func(c *idp.Config) { c.Logger, c.Now = s.logger, w.Clock.Now }),
			idptest.WithConfig(s.provider))
	})
	return w
}

// Provider returns the world's identity provider. The first call starts it.
func (w *World) Provider() *idptest.Provider {
	w.t.Helper()
	return w.provider()
}

// Client returns a client of the provider for an application, to be the Provider of a guard. The
// changes are applied to the client's configuration.
func (w *World) Client(a idp.Application, change ...func(*fusionauth.Config)) *fusionauth.Client {
	w.t.Helper()
	p := w.Provider()
	c := fusionauth.Config{
		URL: p.URL, APIKey: latchkey.Secret(p.APIKey), ApplicationID: a.ID,
		ClientSecret: latchkey.Secret(a.ClientSecret), PasswordCheckedFirst: true,
		Transport: p.Client.Transport, Now: w.Clock.Now,
	}
	for _, f := range change {
		f(&c)
	}
	client, err := fusionauth.New(c)
	if err != nil {
		w.t.Fatalf("latchkeytest: %v", err)
	}
	return client
}

// Config returns the configuration that [World.NewApp] starts with, for [World.Start]. The app's
// origin is https://NAME.example.com.
func (w *World) Config(name string, provider latchkey.Provider) latchkey.Config {
	return latchkey.Config{
		Origin: "https://" + name + ".example.com", App: name, Provider: provider, Store: w.Store, Keys: w.Keys,
		ClientIP: func(*http.Request) string { return clientIP },
		Logger:   w.logger, Now: w.Clock.Now,
	}
}
