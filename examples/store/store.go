// Package store is an example app: a small shop. Everyone may look at its goods; a shopping cart
// needs a login, which Latchkey's guard takes care of. It serves the page too.
//
//	GET    /api/products                     the goods
//	GET    /api/load-shopping-cart           the cart of the logged-in user
//	POST   /api/shopping-cart/{productId}    {"quantity": n} adds n to the cart
//	PUT    /api/shopping-cart/{productId}    {"quantity": n} sets the quantity to n
//	DELETE /api/shopping-cart/{productId}    removes the product
//
// Every response about the cart is the whole cart. The guard's own routes are beside these:
// /api/user, /api/login, /api/logout, /api/sessions and /api/dbsc, and those of package account.
package store

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"time"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/account"
	"github.com/latchkey-dev/latchkey/examples/internal/spa"
	"github.com/latchkey-dev/latchkey/internal/sqlite"
	"github.com/latchkey-dev/latchkey/internal/wire"
)

//go:embed dist
var dist embed.FS

//go:embed schema/*.sql
var schema embed.FS

// Config configures an App.
type Config struct {
	Path    string           // the SQLite file; "" keeps the carts in memory
	Guard   *latchkey.Guard  // required
	Account *account.Handler // the account routes; nil: none
	Logger  *slog.Logger     // nil: slog.Default()
	Now     func() time.Time // nil: time.Now
}

// App is the shop, an http.Handler. Use Open.
type App struct {
	http.Handler
	db *sqlite.DB
}

// Open opens the carts, creates their file if there is none, and returns the app. Close it when no
// more requests are running.
func Open(ctx context.Context, c Config) (*App, error) {
	if c.Guard == nil {
		return nil, errors.New("open store: Guard: required")
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	page, err := builtPage()
	if err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	migrations, err := fs.Sub(schema, "schema")
	if err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	db, err := sqlite.Open(ctx, c.Path, sqlite.Store, migrations)
	if err != nil {
		return nil, fmt.Errorf("open store %s: %w", c.Path, err)
	}
	cart := &cartHandlers{carts: carts{db: db, now: c.Now}, log: c.Logger}
	return &App{Handler: spa.Secure(routes(c.Guard, c.Account, cart, page)), db: db}, nil
}

// Close closes the carts. The guard stays open.
func (a *App) Close() error { return a.db.Close() }

func builtPage() (http.Handler, error) {
	built, err := fs.Sub(dist, "dist")
	if err != nil {
		return nil, err
	}
	return spa.New(built)
}

func routes(guard *latchkey.Guard, accounts *account.Handler, cart *cartHandlers, page http.Handler) http.Handler {
	mux := http.NewServeMux()
	login := guard.Handler()
	for _, path := range []string{"/api/user", "/api/login", "/api/logout", "/api/sessions", "/api/sessions/{id}", "/api/dbsc/"} {
		mux.Handle(path, login)
	}
	mux.Handle("/api/products", wire.Methods{"GET": listProducts})
	mux.Handle("/api/load-shopping-cart", guard.Protect(wire.Methods{"GET": cart.load}))
	mux.Handle("/api/shopping-cart/{productId}", guard.Protect(wire.Methods{"POST": cart.add, "PUT": cart.set, "DELETE": cart.remove}))
	mux.HandleFunc("/api/", func(w http.ResponseWriter, r *http.Request) {
		if accounts != nil && accounts.Serves(r.URL.Path) {
			accounts.ServeHTTP(w, r)
			return
		}
		wire.Of(wire.CodeNotFound).ServeHTTP(w, r)
	})
	mux.Handle("/", page)
	return mux
}
