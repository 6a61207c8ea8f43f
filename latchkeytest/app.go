package latchkeytest

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/fusionauth"
	"github.com/latchkey-dev/latchkey/idp"
)

// An App is one node of an app: a guard, and a server that runs the app's handler.
type App struct {
	Guard       *latchkey.Guard
	Config      latchkey.Config    // the guard's
	Application idp.Application    // at the provider; zero if made by World.Start
	Client      *fusionauth.Client // of the provider; nil if made by World.Start

	w       *World
	make    func(*App) http.Handler
	handler http.Handler
	host    string
	client  *http.Client
	close   func()
}

// NewApp registers an application with the provider and starts the app at
// https://NAME.example.com. handler builds the app's handler, usually around a.Guard; nil means
// Guard.Handler. The changes are applied to the guard's configuration.
func (w *World) NewApp(name string, handler func(*App) http.Handler, change ...func(*latchkey.Config)) *App {
	w.t.Helper()
	application := w.Provider().AddApplication(idp.Application{Name: name})
	client := w.Client(application)
	c := w.Config(name, client)
	for _, f := range change {
		f(&c)
	}
	a := &App{Config: c, Application: application, Client: client, w: w, make: handler}
	a.start()
	return a
}

// Start starts an app with the test's own configuration and provider; see [World.Config].
func (w *World) Start(c latchkey.Config, handler func(*App) http.Handler) *App {
	w.t.Helper()
	a := &App{Config: c, w: w, make: handler}
	a.start()
	return a
}

// AddNode starts another node of the app, with its own guard and the same store and keys. To
// restart an app, close it and add a node.
func (a *App) AddNode() *App {
	a.w.t.Helper()
	node := &App{Config: a.Config, Application: a.Application, Client: a.Client, w: a.w, make: a.make}
	node.start()
	return node
}

// AddUser creates a user with [Password], a verified address, and these roles in the app.
func (a *App) AddUser(email string, roles ...string) idp.User {
	a.w.t.Helper()
	user := a.w.Provider().AddUser(email)
	if err := a.w.Provider().Register(a.w.t.Context(), user.ID, a.Application.ID, roles...); err != nil {
		a.w.t.Fatalf("latchkeytest: register %s: %v", email, err)
	}
	return user
}

// NewRequest returns a request as a page of the app sends it: with a body of JSON, and with the
// Origin and Sec-Fetch-Site headers of a same-origin request.
func (a *App) NewRequest(ctx context.Context, method, path, body string) *http.Request {
	a.w.t.Helper()
	r, err := http.NewRequestWithContext(ctx, method, a.Config.Origin+path, strings.NewReader(body))
	if err != nil {
		a.w.t.Fatalf("latchkeytest: %v", err)
	}
	r.Header.Set("User-Agent", "latchkeytest")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	if method != http.MethodGet && method != http.MethodHead {
		r.Header.Set("Origin", a.Config.Origin)
		r.Header.Set("Content-Type", "application/json")
	}
	return r
}

// Close shuts the node down gracefully: first its server, then its guard, which stores pending
// ends. The end of the test closes every node.
func (a *App) Close() { a.close() }

func (a *App) start() {
	a.w.t.Helper()
	origin, err := url.Parse(a.Config.Origin)
	if err != nil {
		a.w.t.Fatalf("latchkeytest: %v", err)
	}
	a.host = origin.Hostname()
	if a.Guard, err = latchkey.New(a.Config); err != nil {
		a.w.t.Fatalf("latchkeytest: %v", err)
	}
	a.handler = a.Guard.Handler()
	if a.make != nil {
		a.handler = a.make(a)
	}
	stopServer := a.serve()
	a.close = sync.OnceFunc(func() {
		stopServer()
		if err := a.Guard.Close(context.Background()); err != nil {
			a.w.t.Logf("latchkeytest: close the guard of %s: %v", a.Config.Origin, err)
		}
	})
	a.w.t.Cleanup(a.close)
}

// serve runs the handler behind a server on pipes. stop closes the server and waits for it.
func (a *App) serve() (stop func()) {
	network := newNetwork()
	var open sync.WaitGroup // connections
	server := &http.Server{
		Handler:  a.handler,
		ErrorLog: slog.NewLogLogger(a.w.logger.Handler(), slog.LevelError),
		ConnState: func(_ net.Conn, state http.ConnState) {
			switch state {
			case http.StateNew:
				open.Add(1)
			case http.StateClosed, http.StateHijacked:
				open.Done()
			}
		},
	}
	served := make(chan struct{})
	go func() { defer close(served); server.Serve(network) }()
	transport := &http.Transport{DialContext: network.dial, DialTLSContext: network.dial}
	a.client = &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return func() {
		transport.CloseIdleConnections()
		server.Close()
		<-served
		open.Wait() // net/http waits a little before it closes some of them
	}
}
