package main

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/latchkey-dev/latchkey/fusionauth/fusionauthtest"
	"github.com/latchkey-dev/latchkey/idp"
	"github.com/latchkey-dev/latchkey/idp/idptest"
	"github.com/latchkey-dev/latchkey/internal/configfile"
	"github.com/latchkey-dev/latchkey/internal/pgtest"
	"github.com/latchkey-dev/latchkey/internal/redistest"
	"github.com/latchkey-dev/latchkey/sqlitestore"
)

// The scripts check a FusionAuth that is set up well, one with a beginner's settings, and an
// embedded provider.
func TestDoctorScripts(t *testing.T) {
	good, bad, embedded := fusionauthtest.New(t), fusionauthtest.New(t), idptest.New(t)
	good.Change(setUpWell)
	bad.Change(func(s *fusionauthtest.State) {
		s.Applications[0].LoginConfiguration.GenerateRefreshTokens, s.Applications[0].LoginConfiguration.AllowTokenRefresh = false, false
		s.Keys[good.APIKey] = nil
	})
	app := embedded.AddApplication(idp.Application{})
	embedded.AddUser("ada@example.com", app.ID)
	nobody, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody.Close()
	testscript.Run(t, testscript.Params{
		Dir: "testdata/doctor",
		Setup: func(env *testscript.Env) error {
			for name, value := range map[string]string{
				"GOOD": good.URL, "BAD": bad.URL, "KEY": good.APIKey, "APPLICATION": fusionauthtest.ApplicationID,
				"IDP": embedded.URL, "IDP_APPLICATION": app.ID, "NOBODY": nobody.Addr().String(),
			} {
				env.Setenv(name, value)
			}
			return os.WriteFile(filepath.Join(env.WorkDir, "idp.key"), []byte(embedded.APIKey+"\n"), 0o600)
		},
	})
}

// setUpWell is what docs/fusionauth.md asks for.
func setUpWell(s *fusionauthtest.State) {
	c := &s.Tenant.JWTConfiguration
	c.RefreshTokenExpirationPolicy = "SlidingWindowWithMaximumLifetime"
	c.RefreshTokenSlidingWindowConfiguration.MaximumTimeToLiveInMinutes = 129600
	hook := fusionauthtest.Webhook{URL: "http://127.0.0.1:1/webhook", Global: true, EventsEnabled: map[string]bool{}}
	hook.SignatureConfiguration.Enabled = true
	s.Tenant.EventConfiguration.Events = map[string]fusionauthtest.EventSetting{}
	for _, e := range []string{"jwt.refresh-token.revoke", "user.deactivate", "user.delete", "user.password.update"} {
		hook.EventsEnabled[e] = true
		s.Tenant.EventConfiguration.Events[e] = fusionauthtest.EventSetting{Enabled: true}
	}
	s.Webhooks = []fusionauthtest.Webhook{hook}
}

// The store is checked while a server has it open, and while none has.
func TestDoctorLooksAtTheStore(t *testing.T) {
	file := &configfile.File{Data: t.TempDir(), Store: "sqlite"}
	path := filepath.Join(file.Data, "sessions.db")
	if _, _, err := sqlitestore.Check(t.Context(), path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
	store, err := sqlitestore.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	for _, state := range []string{"open", "closed"} {
		if seen, err := checkStore(t.Context(), file); err != nil || !strings.Contains(seen, "the newest") {
			t.Errorf("%s: %q, %v", state, seen, err)
		}
		if state == "open" {
			if err := store.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, nobody := range []string{"redis://u:p0ssw0rd@127.0.0.1:1", "postgres://u:p0ssw0rd@127.0.0.1:1/x"} {
		file.Store = nobody
		if seen, err := checkStore(t.Context(), file); err == nil || strings.Contains(err.Error(), "p0ssw0rd") {
			t.Errorf("%s: %q, %v", nobody, seen, err)
		}
	}
	for says, start := range map[string]func(*testing.T) string{
		"PostgreSQL has schema 0: latchkey serve brings it to": func(t *testing.T) string { return pgtest.Start(t).Database(t) },
		"Redis answers, and is new enough":                     func(t *testing.T) string { return redistest.Start(t).URL() },
	} {
		t.Run(says, func(t *testing.T) {
			if seen, err := checkStore(t.Context(), &configfile.File{Store: start(t)}); err != nil || !strings.Contains(seen, says) {
				t.Errorf("%q, %v", seen, err)
			}
		})
	}
}
