package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/gateway"
	"github.com/latchkey-dev/latchkey/memstore"
	"github.com/latchkey-dev/latchkey/pgstore"
	"github.com/latchkey-dev/latchkey/redisstore"
	"github.com/latchkey-dev/latchkey/sqlitestore"
)

const subjectHost = "app.localhost"

// goSubjects are the programs that are measured. Each serves until it is killed.
var goSubjects = map[string]func() error{
	"bare": serveBare, "latchkey": serveLatchkey, "scs": serveSCS, "gorilla": serveGorilla, "upstream": serveUpstream, "proxy": serveProxy, "gateway": serveGateway, "logins": serveLogins,
}

func serve(h http.Handler) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println("ready http://" + listener.Addr().String())
	return http.Serve(listener, h)
}

// greet is what every subject answers with.
func greet(w http.ResponseWriter, email string) {
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprintf(w, `{"email":%q}`, email)
}

var email = user(0)

func serveBare() error {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /login", func(w http.ResponseWriter, _ *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "session", Value: "0123456789abcdef"})
	})
	mux.HandleFunc("GET /", func(w http.ResponseWriter, r *http.Request) {
		if _, err := r.Cookie("session"); err != nil {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		greet(w, email)
	})
	return serve(mux)
}

func serveLatchkey() error {
	guard, err := newGuard(context.Background(), os.Getenv("STORE"), latchkey.Secret(os.Getenv("KEY")), nil)
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("/api/", guard.Handler())
	mux.Handle("/", guard.Protect(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		session, _ := latchkey.From(r.Context())
		greet(w, session.User.Email)
	})))
	return serve(mux)
}

// newGuard makes a guard with a store named by its URL, and a provider that answers immediately.
func newGuard(ctx context.Context, store string, key latchkey.Secret, change func(*latchkey.Config)) (*latchkey.Guard, error) {
	s, err := openStore(ctx, store)
	if err != nil {
		return nil, err
	}
	keys, err := latchkey.ParseKeys(string(key))
	if err != nil {
		return nil, err
	}
	config := latchkey.Config{Origin: "http://" + subjectHost, Provider: instant{}, Store: s, Keys: keys, Logger: slog.New(slog.DiscardHandler)}
	if change != nil {
		change(&config)
	}
	return latchkey.New(config)
}

func openStore(ctx context.Context, name string) (latchkey.Store, error) {
	scheme, rest, _ := strings.Cut(name, ":")
	switch scheme {
	case "memory":
		return memstore.New(), nil
	case "sqlite":
		return sqlitestore.Open(ctx, rest)
	case "postgres":
		return pgstore.Open(ctx, name)
	case "redis":
		return redisstore.Open(ctx, name)
	}
	return nil, errors.New("no such store")
}

// instant is a provider that accepts everything, and costs nothing.
type instant struct{}

func (instant) Login(_ context.Context, c latchkey.Credentials) (latchkey.Grant, error) {
	return granted(latchkey.User{ID: "8d6f2a52-6a3c-4c2e-9d2f-6f0b8f0f4c11", Email: c.LoginID, FirstName: "Ada", LastName: "Lovelace", Roles: []string{"reader"}}), nil
}

func (instant) Refresh(_ context.Context, r latchkey.Renewal) (latchkey.Grant, error) {
	return granted(r.User), nil
}

func (instant) Revoke(context.Context, string) error { return nil }

func granted(u latchkey.User) latchkey.Grant {
	return latchkey.Grant{
		User: u, Token: latchkey.Secret(strings.Repeat("x", 700)), TokenExpiresAt: time.Now().Add(time.Hour), // as long as a JWT with ES256
		RefreshToken: "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", RefreshTokenID: "5b7c9a0e-9f2e-4a2b-8f43-0c6f4d1b7e55",
	}
}

func serveUpstream() error {
	return serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		greet(w, email)
	}))
}

func serveProxy() error {
	target, err := url.Parse(os.Getenv("UPSTREAM"))
	if err != nil {
		return err
	}
	return serve(&httputil.ReverseProxy{
		Rewrite: func(pr *httputil.ProxyRequest) { pr.SetURL(target); pr.SetXForwarded() }, Transport: &http.Transport{MaxIdleConnsPerHost: 256},
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError), // at the end of each load wrk goes away without waiting
	})
}

func serveGateway() error {
	keys, err := latchkey.ParseKeys(os.Getenv("KEY"))
	if err != nil {
		return err
	}
	log := slog.New(slog.DiscardHandler)
	g, err := gateway.New(gateway.Config{Logger: log, Apps: []gateway.App{{
		Login:    latchkey.Config{Origin: "http://" + subjectHost, Provider: instant{}, Store: memstore.New(), Keys: keys, Logger: log},
		Upstream: os.Getenv("UPSTREAM"),
	}}})
	if err != nil {
		return err
	}
	return serve(g)
}
