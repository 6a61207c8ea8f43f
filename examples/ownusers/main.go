// Command ownusers is an app with a table of users of its own: e-mail, bcrypt, role. See
// docs/own-users.md.
package main

import (
	"context"
	"crypto/rand"
	_ "embed"
	"fmt"
	"log"
	"net/http"
	"os"
	"path/filepath"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/sqlitestore"
)

//go:embed index.html
var page []byte

func main() {
	ctx, dir := context.Background(), "ownusers-data"
	check(os.MkdirAll(dir, 0o700))
	users, err := OpenUsers(ctx, filepath.Join(dir, "users.db"))
	check(err)
	password := latchkey.Secret(rand.Text())
	if users.Add(ctx, "ada@example.com", "admin", password) == nil { // at the first start
		fmt.Println("log in as ada@example.com with", string(password))
	}
	keys, err := latchkey.LoadOrCreateKeys(filepath.Join(dir, "session.keys"))
	check(err)
	store, err := sqlitestore.Open(ctx, filepath.Join(dir, "sessions.db"))
	check(err)
	guard, err := latchkey.New(latchkey.Config{Origin: "http://localhost:8080", Provider: users, Store: store, Keys: keys})
	check(err)
	fmt.Println("ready http://localhost:8080")
	check(http.ListenAndServe("127.0.0.1:8080", routes(guard, users)))
}

func routes(guard *latchkey.Guard, users Users) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/api/", guard.Handler())
	mux.Handle("POST /api/disable", guard.Require(latchkey.Requirements{AnyRole: []string{"admin"}})(disable(guard, users)))
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Write(page)
	})
	return mux
}

// disable ends a user's sessions once they may no longer log in.
func disable(guard *latchkey.Guard, users Users) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := r.URL.Query().Get("user")
		_, err := users.db.ExecContext(r.Context(), `UPDATE users SET disabled = 1 WHERE id = ?`, id)
		if err == nil {
			_, err = guard.EndUser(r.Context(), id, latchkey.EndUserDeactivated)
		}
		if err != nil {
			latchkey.WriteError(w, err)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	})
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
