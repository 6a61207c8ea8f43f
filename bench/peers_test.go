package bench

import (
	"net/http"
	"os"
	"time"

	"github.com/alexedwards/scs/redisstore"
	"github.com/alexedwards/scs/v2"
	"github.com/gomodule/redigo/redis"
	"github.com/gorilla/sessions"
)

// serveSCS is alexedwards/scs as its README has it, with a sliding expiry (IdleTimeout). Its
// default store is memory.
func serveSCS() error {
	manager := scs.New()
	manager.Lifetime, manager.IdleTimeout = 24*time.Hour, 30*time.Minute
	if address := os.Getenv("REDIS_ADDR"); address != "" {
		manager.Store = redisstore.New(&redis.Pool{MaxIdle: 64, Dial: func() (redis.Conn, error) { return redis.Dial("tcp", address) }})
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /login", func(w http.ResponseWriter, r *http.Request) {
		if err := manager.RenewToken(r.Context()); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		manager.Put(r.Context(), "email", email)
	})
	mux.HandleFunc("GET /", func(w http.ResponseWriter, r *http.Request) {
		if who := manager.GetString(r.Context(), "email"); who != "" {
			greet(w, who)
			return
		}
		w.WriteHeader(http.StatusUnauthorized)
	})
	return serve(manager.LoadAndSave(mux))
}

// serveGorilla is gorilla/sessions with its cookie store, signed and encrypted, and saved at each
// request for a sliding expiry. It has no server side: what a cookie says cannot be ended before it
// expires.
func serveGorilla() error {
	store := sessions.NewCookieStore([]byte("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"), []byte("0123456789abcdef0123456789abcdef"))
	store.Options = &sessions.Options{Path: "/", MaxAge: 1800, HttpOnly: true, SameSite: http.SameSiteStrictMode}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /login", func(w http.ResponseWriter, r *http.Request) {
		s, _ := store.Get(r, "session")
		s.Values["email"] = email
		if err := s.Save(r, w); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	})
	mux.HandleFunc("GET /", func(w http.ResponseWriter, r *http.Request) {
		s, err := store.Get(r, "session")
		who, ok := s.Values["email"].(string)
		if err != nil || !ok || s.Save(r, w) != nil {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		greet(w, who)
	})
	return serve(mux)
}
