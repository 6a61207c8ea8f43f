package latchkey_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/fusionauth"
	"github.com/latchkey-dev/latchkey/idp"
	"github.com/latchkey-dev/latchkey/idp/idptest"
	"github.com/latchkey-dev/latchkey/memstore"
)

// BenchmarkProtect compares a handler behind Protect, with the memory store, with the same handler
// that only reads a cookie. The difference is what a login costs each request; more than 3
// allocations fail. A bound session has a proof besides, which costs no allocation.
func BenchmarkProtect(b *testing.B) {
	guard, session := loggedIn(b)
	served := 0
	protected := guard.Protect(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if s, ok := latchkey.From(r.Context()); ok && s.User.Email == "ada@example.com" {
			served++
		}
	}))
	bare := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if _, err := r.Cookie(sessionCookie); err == nil {
			served++
		}
	})
	request, bound := session(), cookiesOf(boundBrowser(b, guard), "GET", "/api/cart")
	for _, c := range []struct {
		name    string
		handler http.Handler
		request *http.Request
	}{
		{"protected", protected, request},
		{"bound", protected, bound},
		{"bare", bare, request},
	} {
		b.Run(c.name, func(b *testing.B) {
			w := nowhere{make(http.Header)}
			if n := testing.AllocsPerRun(100, func() { c.handler.ServeHTTP(w, c.request) }); n > 3 {
				b.Errorf("%v allocations, the budget is 3", n)
			}
			b.ReportAllocs()
			served = 0
			for b.Loop() {
				c.handler.ServeHTTP(w, c.request)
			}
			if served < b.N {
				b.Errorf("served %d of %d", served, b.N)
			}
		})
	}
}

// BenchmarkProtectInParallel has every processor serve sessions of its own. Time per request that
// falls with -cpu 1,2,4 says that they do not wait for one another.
func BenchmarkProtectInParallel(b *testing.B) {
	guard, cookies := loggedIn(b)
	handler := guard.Protect(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	b.RunParallel(func(pb *testing.PB) {
		request, w := cookies(), nowhere{make(http.Header)}
		for pb.Next() {
			handler.ServeHTTP(w, request)
		}
	})
}

// loggedIn returns a guard with the memory store, and a way to get a request of one more session.
func loggedIn(b *testing.B) (*latchkey.Guard, func() *http.Request) {
	provider := idptest.New(b)
	application := provider.AddApplication(idp.Application{})
	provider.AddUser("ada@example.com", application.ID)
	client, err := fusionauth.New(fusionauth.Config{URL: provider.URL, APIKey: latchkey.Secret(provider.APIKey), ApplicationID: application.ID})
	must(b, err)
	guard, err := latchkey.New(latchkey.Config{
		Origin: "https://store.example.com", Provider: client, Store: memstore.New(), Keys: latchkey.KeyRing{latchkey.NewKey()}, Logger: discard,
	})
	must(b, err)
	b.Cleanup(func() { guard.Close(context.Background()) })
	return guard, func() *http.Request {
		answer := httptest.NewRecorder()
		guard.ServeLogin(answer, loginRequest())
		request := httptest.NewRequest("GET", "/api/cart", nil)
		for _, c := range answer.Result().Cookies() {
			request.AddCookie(&http.Cookie{Name: c.Name, Value: c.Value})
		}
		return request
	}
}

func loginRequest() *http.Request {
	r := httptest.NewRequest("POST", "https://store.example.com/api/login", strings.NewReader(`{"email":"ada@example.com","password":"`+idptest.Password+`"}`))
	r.Header.Set("Content-Type", "application/json")
	return r
}

// nowhere is a ResponseWriter that costs nothing.
type nowhere struct{ header http.Header }

func (n nowhere) Header() http.Header         { return n.header }
func (n nowhere) Write(b []byte) (int, error) { return len(b), nil }
func (n nowhere) WriteHeader(int)             {}

var discard = slog.New(slog.DiscardHandler)
