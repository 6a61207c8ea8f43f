package latchkey_test

import (
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

// Whatever a client sends, it gets one of the documented answers: never a 500, never cookies
// without a login.
func FuzzRequest(f *testing.F) {
	provider := idptest.New(f, idptest.WithoutSocket())
	application := provider.AddApplication(idp.Application{})
	client, err := fusionauth.New(fusionauth.Config{
		URL: provider.URL, APIKey: latchkey.Secret(provider.APIKey), ApplicationID: application.ID, Transport: provider.Client.Transport,
	})
	must(f, err)
	guard, err := latchkey.New(latchkey.Config{Origin: "https://store.example.com", Provider: client, Store: memstore.New(), Keys: latchkey.KeyRing{latchkey.NewKey()}, Logger: discard})
	must(f, err)
	mux := http.NewServeMux()
	mux.Handle("/api/", guard.Handler())
	mux.Handle("/api/private", guard.Protect(http.NotFoundHandler()))

	f.Add("POST", "/api/login", "application/json", "same-origin", "https://store.example.com", "", `{"email":"ada@example.com","password":"p"}`)
	f.Add("POST", "/api/logout", "", "", "", "__Host-session=x; __Host-refresh=y", "")
	f.Add("GET", "/api/user", "", "cross-site", "null", "__Host-session=x; __Host-session=y", "")
	f.Add("PATCH", "/api/private", "text/plain", "none", "https://evil.example", "a=b", "x")
	documented := map[int]bool{204: true, 400: true, 401: true, 403: true, 404: true, 405: true, 413: true, 415: true}
	f.Fuzz(func(t *testing.T, method, path, contentType, site, origin, cookie, body string) {
		r := httptest.NewRequest("GET", "/", strings.NewReader(body))
		r.Method, r.URL.Path = method, "/api/"+strings.TrimPrefix(path, "/api/")
		for name, value := range map[string]string{"Content-Type": contentType, "Sec-Fetch-Site": site, "Origin": origin, "Cookie": cookie} {
			if value != "" {
				r.Header[name] = []string{value}
			}
		}
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, r)
		// the mux cleans the path
		redirected := w.Code == http.StatusTemporaryRedirect || w.Code == http.StatusMovedPermanently
		if !documented[w.Code] && !redirected {
			t.Errorf("%s %s: %d %s", method, r.URL.Path, w.Code, w.Body)
		}
		for _, c := range w.Result().Cookies() {
			if c.Value != "" {
				t.Errorf("%s %s: a cookie without a login", method, r.URL.Path)
			}
		}
	})
}
