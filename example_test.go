package latchkey_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"os"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/fusionauth"
	"github.com/latchkey-dev/latchkey/sqlitestore"
)

// The program of the README.
func Example() {
	provider, err := fusionauth.New(fusionauth.Config{
		URL: "http://127.0.0.1:9011", APIKey: latchkey.Secret(os.Getenv("FUSIONAUTH_API_KEY")),
		ApplicationID: os.Getenv("APPLICATION_ID"), ClientSecret: latchkey.Secret(os.Getenv("CLIENT_SECRET")),
	})
	check(err)
	keys, err := latchkey.LoadOrCreateKeys("session.keys") // of the cookies; made at first start
	check(err)
	store, err := sqlitestore.Open(context.Background(), "sessions.db")
	check(err)
	guard, err := latchkey.New(latchkey.Config{Origin: "http://localhost:8080", Provider: provider, Store: store, Keys: keys})
	check(err)
	http.Handle("/api/", guard.Handler()) // GET /api/user, POST /api/login, POST /api/logout
	http.Handle("/api/hello", guard.Protect(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		session, _ := latchkey.From(r.Context())
		fmt.Fprintf(w, "Hello %s", session.User.Email)
	})))
	fmt.Println("ready http://localhost:8080")
	check(http.ListenAndServe("127.0.0.1:8080", nil))
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// The login routes must not stand behind Protect: nobody could ever log in.
func ExampleGuard_Protect_incorrect() {
	var guard *latchkey.Guard // from New
	mux := http.NewServeMux()
	mux.Handle("/api/", guard.Handler())
	// wrong: POST /api/login answers 401
	log.Fatal(http.ListenAndServe("127.0.0.1:8080", guard.Protect(mux)))
}
