// Package forums is an example app: a small discussion board for members only. Latchkey's guard takes care of the login.
// It serves the page too.
//
//	GET  /api/load-posts            the newest threads with their newest posts
//	POST /api/threads               {"title", "body"} starts a thread
//	POST /api/threads/{id}/posts    {"body"} writes a post
//
// Who wrote something is what the session says, never what the request says. Text is plain text. Beside these, the guard's own
// routes: /api/user, /api/login, /api/logout and /api/sessions.
package forums

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
	"github.com/latchkey-dev/latchkey/examples/internal/spa"
	"github.com/latchkey-dev/latchkey/examples/internal/wire"
	"github.com/latchkey-dev/latchkey/internal/sqlite"
)

//go:embed dist
var dist embed.FS

//go:embed schema/*.sql
var schema embed.FS

// Config is what an App is made from.
type Config struct {
	Path   string           // the SQLite file; "" keeps the threads in memory
	Guard  *latchkey.Guard  // required
	Logger *slog.Logger     // nil: slog.Default()
	Now    func() time.Time // nil: time.Now
}

// App is the board, an http.Handler. Use Open.
type App struct {
	http.Handler
	db *sqlite.DB
}

// Open opens the board, makes its file with a few threads where there is none, and returns the app. Close it when no request is
// under way any more.
func Open(ctx context.Context, c Config) (*App, error) {
	if c.Guard == nil {
		return nil, errors.New("open forums: Guard: required")
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	page, err := builtPage()
	if err != nil {
		return nil, fmt.Errorf("open forums: %w", err)
	}
	db, err := openBoard(ctx, c)
	if err != nil {
		return nil, fmt.Errorf("open forums %s: %w", c.Path, err)
	}
	h := &boardHandlers{board: board{db: db, now: c.Now}, log: c.Logger}
	return &App{Handler: spa.Secure(routes(c.Guard, h, page)), db: db}, nil
}

// Close closes the board. The guard stays open.
func (a *App) Close() error { return a.db.Close() }

func builtPage() (http.Handler, error) {
	built, err := fs.Sub(dist, "dist")
	if err != nil {
		return nil, err
	}
	return spa.New(built)
}

func openBoard(ctx context.Context, c Config) (*sqlite.DB, error) {
	migrations, err := fs.Sub(schema, "schema")
	if err != nil {
		return nil, err
	}
	db, err := sqlite.Open(ctx, c.Path, sqlite.Forums, migrations)
	if err != nil {
		return nil, err
	}
	if err := seed(ctx, db, c.Now()); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

func routes(guard *latchkey.Guard, h *boardHandlers, page http.Handler) http.Handler {
	mux := http.NewServeMux()
	login := guard.Handler()
	for _, path := range []string{"/api/user", "/api/login", "/api/logout", "/api/sessions", "/api/sessions/{id}"} {
		mux.Handle(path, login)
	}
	mux.Handle("/api/load-posts", guard.Protect(wire.Methods{"GET": h.load}))
	mux.Handle("/api/threads", guard.Protect(wire.Methods{"POST": h.start}))
	mux.Handle("/api/threads/{id}/posts", guard.Protect(wire.Methods{"POST": h.reply}))
	mux.Handle("/api/", wire.NotFound)
	mux.Handle("/", page)
	return mux
}
