package schemes

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/fusionauth"
	"github.com/latchkey-dev/latchkey/idp"
	"github.com/latchkey-dev/latchkey/idp/idptest"
	"github.com/latchkey-dev/latchkey/memstore"
)

const (
	appOrigin     = "https://store.example.com"
	userEmail     = "ada@example.com"
	sessionCookie = "__Host-session"
	refreshCookie = "__Host-refresh"
	echoCookie    = "__Host-echo"
)

// latchkeyApp is the real thing: two guards with their defaults on one store, and the embedded
// provider.
type latchkeyApp struct {
	*testing.T
	nodes     [2]*latchkey.Guard
	protected [2]http.Handler
}

func newLatchkey(t *testing.T, o *outside) Scheme {
	quiet := slog.New(slog.DiscardHandler)
	provider := idptest.New(t, idptest.WithoutSocket(), idptest.WithFaults(o.wrap), idptest.WithConfig(func(c *idp.Config) { c.Logger = quiet }))
	application := provider.AddApplication(idp.Application{})
	provider.AddUser(userEmail, application.ID)
	client, err := fusionauth.New(fusionauth.Config{
		URL: provider.URL, APIKey: latchkey.Secret(provider.APIKey), ApplicationID: application.ID, Transport: provider.Client.Transport,
	})
	if err != nil {
		t.Fatal(err)
	}
	app := &latchkeyApp{T: t}
	store, keys := &cutStore{memstore.New(), o}, latchkey.KeyRing{latchkey.NewKey()}
	for i := range app.nodes {
		guard, err := latchkey.New(latchkey.Config{Origin: appOrigin, Provider: client, Store: store, Keys: keys, Logger: quiet})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { guard.Close(context.Background()) })
		app.nodes[i] = guard
		app.protected[i] = guard.Protect(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }))
	}
	return app
}

// wrap delays and fails calls of the provider: a refresh is in flight for a while, and may be in
// trouble.
func (o *outside) wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/api/jwt/refresh" || r.Method != http.MethodPost {
			next.ServeHTTP(w, r)
			return
		}
		time.Sleep(providerWay)
		if o.providerDown.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		next.ServeHTTP(w, r)
		time.Sleep(providerWay)
		if o.answersLost.Load() {
			panic(http.ErrAbortHandler)
		}
	})
}

// send sends a request like the app's page.
func (a *latchkeyApp) send(h http.Handler, method, path, body string, jar Jar) (status int, set Jar) {
	r := httptest.NewRequest(method, appOrigin+path, strings.NewReader(body))
	r.Header.Set("Origin", appOrigin)
	r.Header.Set("Content-Type", "application/json")
	for name, value := range map[string]string{sessionCookie: jar.Session, refreshCookie: jar.Refresh, echoCookie: jar.Echo} {
		if value != "" {
			r.AddCookie(&http.Cookie{Name: name, Value: value})
		}
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	for _, c := range w.Result().Cookies() {
		switch c.Name {
		case sessionCookie:
			set.Session = c.Value
		case refreshCookie:
			set.Refresh = c.Value
		case echoCookie:
			set.Echo = c.Value
		}
	}
	return w.Code, set
}

func (a *latchkeyApp) Login() Jar {
	status, jar := a.send(a.nodes[0].Handler(), "POST", "/api/login", `{"email":"`+userEmail+`","password":"`+idptest.Password+`"}`, Jar{})
	if status != http.StatusOK {
		a.Fatalf("login: %d", status)
	}
	return jar
}

func (a *latchkeyApp) Request(node int, jar Jar) Reply {
	status, set := a.send(a.protected[node], "GET", "/api/cart", "", jar)
	if status == http.StatusTemporaryRedirect {
		return Reply{Asked: set.Echo}
	}
	return Reply{Served: status == http.StatusNoContent, Set: set, Ended: status == http.StatusUnauthorized}
}

func (a *latchkeyApp) Logout(jar Jar) {
	if status, _ := a.send(a.nodes[0].Handler(), "POST", "/api/logout", "", jar); status != http.StatusNoContent {
		a.Errorf("logout: %d", status)
	}
}

// cutStore is a store that is unreachable at times. Login and logout do not happen then.
type cutStore struct {
	latchkey.Store
	outside *outside
}

func (s *cutStore) Get(ctx context.Context, id latchkey.ID) (*latchkey.Record, error) {
	if s.outside.storeDown.Load() {
		return nil, context.DeadlineExceeded
	}
	return s.Store.Get(ctx, id)
}

func (s *cutStore) Swap(ctx context.Context, next *latchkey.Record) error {
	if s.outside.storeDown.Load() {
		return context.DeadlineExceeded
	}
	return s.Store.Swap(ctx, next)
}
