// Package forums is an example app: a small discussion board for members only. It runs behind
// Latchkey's gateway, which takes care of the login and of the page. All that the app itself knows
// about a login is a header, Latchkey-User, which it verifies with a key that it shares with the
// gateway.
//
//	GET  /api/load-posts            the newest threads with their newest posts
//	POST /api/threads               {"title", "body"} starts a thread
//	POST /api/threads/{id}/posts    {"body"} writes a post
//
// The header, never the body, says who wrote something. Text is plain text.
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
	Path    string           // the SQLite file; "" keeps the threads in memory
	UserKey string           // the gateway's user_key, at least 32 bytes; required
	Origin  string           // where browsers find the app; the header must name it; required
	Logger  *slog.Logger     // nil: slog.Default()
	Now     func() time.Time // nil: time.Now
}

// App is the board's API, an http.Handler. Use Open.
type App struct {
	http.Handler
	db *sqlite.DB
}

// Open opens the board, creates its file with a few threads if there is none, and returns the app.
// Close it when no more requests are running.
func Open(ctx context.Context, c Config) (*App, error) {
	if len(c.UserKey) < 32 || c.Origin == "" {
		return nil, errors.New("open forums: UserKey of at least 32 bytes and Origin: required")
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	db, err := openBoard(ctx, c)
	if err != nil {
		return nil, fmt.Errorf("open forums %s: %w", c.Path, err)
	}
	h := &boardHandlers{board: board{db: db, now: c.Now}, log: c.Logger}
	members := &members{key: []byte(c.UserKey), origin: c.Origin, now: c.Now}
	return &App{Handler: spa.Secure(routes(members, h)), db: db}, nil
}

// Close closes the board.
func (a *App) Close() error { return a.db.Close() }

// Page returns the built page, for the gateway.
func Page() fs.FS {
	built, err := fs.Sub(dist, "dist")
	if err != nil {
		panic(err) // the name is valid
	}
	return built
}

// PageHeaders are what the page should be served with.
func PageHeaders() map[string]string {
	return map[string]string{"Content-Security-Policy": spa.Policy}
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

func routes(m *members, h *boardHandlers) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/api/load-posts", m.only(wire.Methods{"GET": h.load}))
	mux.Handle("/api/threads", m.only(wire.Methods{"POST": h.start}))
	mux.Handle("/api/threads/{id}/posts", m.only(wire.Methods{"POST": h.reply}))
	mux.Handle("/", wire.Of(wire.CodeNotFound))
	return mux
}
