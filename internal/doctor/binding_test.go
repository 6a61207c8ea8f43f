package doctor_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/idp"
	"github.com/latchkey-dev/latchkey/idp/idptest"
	"github.com/latchkey-dev/latchkey/internal/doctor"
	"github.com/latchkey-dev/latchkey/latchkeytest"
)

// guarded serves a guard over TLS, and returns what to check. The front stands before it.
func guarded(t *testing.T, mode latchkey.DeviceBinding, front func(http.Handler) http.Handler) doctor.Config {
	t.Helper()
	w := latchkeytest.New(t)
	application := w.Provider().AddApplication(idp.Application{})
	w.Provider().AddUser("ada@example.com", application.ID)
	server := httptest.NewUnstartedServer(nil)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	config := w.Config("app", w.Client(application))
	config.Origin, config.DeviceBinding = server.URL, mode
	guard, err := latchkey.New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := guard.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	server.Config.Handler = front(guard.Handler())
	return doctor.Config{
		Apps:  []doctor.App{{Origin: server.URL, BasePath: "/api", NotBound: mode == latchkey.DeviceBindingOff}},
		Trial: &doctor.Trial{LoginID: "ada@example.com", Password: idptest.Password}, Transport: server.Client().Transport,
	}
}

// none is no front.
func none(next http.Handler) http.Handler { return next }

// refuses is a front that answers in Latchkey's place below a path.
func refuses(path string, status int) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !strings.HasPrefix(r.URL.Path, path) {
				next.ServeHTTP(w, r)
				return
			}
			w.Header().Set("Location", "https://login.example.com/?marker")
			w.WriteHeader(status)
		})
	}
}

// checksForBots is a front that wants to see a browser first, with the headers that we send, too.
func checksForBots(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/api/dbsc/register" {
			next.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("Cross-Origin-Resource-Policy", "same-origin")
		w.WriteHeader(http.StatusForbidden)
		io.WriteString(w, "<title>One moment</title>")
	})
}

// drops is a front that drops a header of every request.
func drops(name string) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			r.Header.Del(name)
			next.ServeHTTP(w, r)
		})
	}
}

// rewrites is a front that changes the headers of every response.
func rewrites(change func(http.Header)) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			next.ServeHTTP(rewriting{w, change}, r)
		})
	}
}

type rewriting struct {
	http.ResponseWriter
	change func(http.Header)
}

func (w rewriting) WriteHeader(status int) {
	w.change(w.Header())
	w.ResponseWriter.WriteHeader(status)
}

// What in front of a guard keeps browsers from binding sessions, and what the doctor says about it.
func TestDeviceBinding(t *testing.T) {
	dropped := func(name string) func(http.Header) {
		return func(h http.Header) { h.Del(name) }
	}
	for _, c := range []struct {
		name  string
		mode  latchkey.DeviceBinding
		front func(http.Handler) http.Handler
		want  string
		says  string
	}{
		{"nothing", latchkey.DeviceBindingOn, none, "", "proves it"},
		{"nothing, watching", latchkey.DeviceBindingWatch, none, "", "proves it"},
		{"nothing, and it is required", latchkey.DeviceBindingRequire, none, "", "proves it"},
		{"nothing, switched off", latchkey.DeviceBindingOff, none, "", "browsers reach the routes"},
		{"a login page", latchkey.DeviceBindingOn, refuses("/api/dbsc/", 302), "problem device_binding_routes", `POST /api/dbsc/refresh is redirected to "https://login.example.com/"`},
		{"a rate limit", latchkey.DeviceBindingOn, refuses("/api/dbsc/refresh", 429), "problem device_binding_routes", "429 instead of 503: browsers drop their key"},
		{"another 403", latchkey.DeviceBindingOn, refuses("/api/dbsc/register", 403), "problem device_binding_routes", "403, but not by Latchkey: no session is bound"},
		{"another 503", latchkey.DeviceBindingOn, refuses("/api/dbsc/refresh", 503), "problem device_binding_routes", "503, but not by Latchkey"},
		{"routes not mounted", latchkey.DeviceBindingOn, refuses("/api/dbsc/", 404), "problem device_binding_routes", "mount Guard.Handler"},
		{"no login at the app", latchkey.DeviceBindingOn, refuses("/api/login", 403), "skipped device_binding_trial", "status 403"},
		{"other headers of caches", latchkey.DeviceBindingOn, rewrites(func(h http.Header) { h.Set("Cache-Control", "private") }), "", "proves it"},
		{"other headers of resources", latchkey.DeviceBindingOn, rewrites(func(h http.Header) { h.Set("Cross-Origin-Resource-Policy", "cross-origin") }), "", "proves it"},
		{"a bot check that looks like us", latchkey.DeviceBindingOn, checksForBots, "problem device_binding_routes", "403, but not by Latchkey"},
		{"no offers", latchkey.DeviceBindingOn, rewrites(dropped("Secure-Session-Registration")), "problem device_binding_trial", "has no Secure-Session-Registration"},
		{"no challenges", latchkey.DeviceBindingOn, rewrites(dropped("Secure-Session-Challenge")), "problem device_binding_trial", "cannot prove its key: InvalidChallenge"},
		{"no responses to challenges", latchkey.DeviceBindingOn, drops("Secure-Session-Response"), "problem device_binding_trial", "cannot register its key"},
		{"no ids", latchkey.DeviceBindingOn, drops("Sec-Secure-Session-Id"), "problem device_binding_trial", "cannot prove its key: server_error"},
		{"no word of late proofs", latchkey.DeviceBindingOn, drops("Secure-Session-Skipped"), "problem device_binding_trial", "asked for a login instead of waiting"},
		{"no word of late proofs, and it is required", latchkey.DeviceBindingRequire, drops("Secure-Session-Skipped"), "problem device_binding_trial", "Secure-Session-Skipped"},
		{"no word of late proofs, watching", latchkey.DeviceBindingWatch, drops("Secure-Session-Skipped"), "", "proves it"},
		{"other cookies", latchkey.DeviceBindingOn, rewrites(func(h http.Header) {
			for i, line := range h["Set-Cookie"] {
				h["Set-Cookie"][i] = strings.Replace(line, "SameSite=Strict", "SameSite=Lax", 1)
			}
		}), "problem device_binding_trial", "attributes of cookies unchanged"},
	} {
		t.Run(c.name, func(t *testing.T) {
			found := doctor.Examine(t.Context(), guarded(t, c.mode, c.front))
			text := fmt.Sprintf("%+v", found)
			if got := strings.Join(bad(found), ", "); got != c.want || !strings.Contains(text, c.says) {
				t.Errorf("got  %s\nwant %s, and %q in %s", got, c.want, c.says, text)
			}
			if strings.Contains(text, idptest.Password) || strings.Contains(text, "marker") {
				t.Errorf("a secret is told: %s", text)
			}
		})
	}
}

// Where browsers bind nothing, the doctor says why.
func TestDeviceBinding_notPossible(t *testing.T) {
	good := guarded(t, latchkey.DeviceBindingOn, none)
	untrusted := good
	untrusted.Transport = nil
	plain := doctor.Config{Apps: []doctor.App{{Origin: "http://app.localhost:8080", BasePath: "/api"}}}
	away := doctor.Config{Apps: []doctor.App{{Origin: "https://127.0.0.1:1", BasePath: "/api"}}}
	for name, c := range map[string]struct {
		config doctor.Config
		want   doctor.Status
		says   string
	}{
		"plain HTTP":                 {plain, doctor.Skipped, "over https only"},
		"an untrusted certificate":   {untrusted, doctor.Warning, "even if the user accepts the certificate"},
		"nobody there":               {away, doctor.Skipped, "nothing listens"},
		"everything is as it should": {good, doctor.OK, "browsers reach"},
	} {
		var said []doctor.Finding
		for _, f := range doctor.Examine(t.Context(), c.config) {
			if strings.HasPrefix(f.Check, "device_binding") {
				said = append(said, f)
			}
		}
		if len(said) == 0 || said[0].Status != c.want || !strings.Contains(said[0].Message, c.says) {
			t.Errorf("%s: %+v", name, said)
		}
	}
}
