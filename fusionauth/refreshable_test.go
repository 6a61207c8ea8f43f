package fusionauth_test

import (
	"bytes"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/fusionauth"
	"github.com/latchkey-dev/latchkey/fusionauth/fusionauthtest"
	"github.com/latchkey-dev/latchkey/idp"
	"github.com/latchkey-dev/latchkey/idp/idptest"
)

// logged returns a client and its log.
func logged(t *testing.T, change func(*fusionauth.Config)) (*fusionauth.Client, *bytes.Buffer) {
	var log bytes.Buffer
	return client(t, func(c *fusionauth.Config) {
		c.Logger = slog.New(slog.NewTextHandler(&log, nil))
		change(c)
	}), &log
}

func wantAlarms(t *testing.T, log *bytes.Buffer, n int, names string) {
	t.Helper()
	if got := strings.Count(log.String(), "level=ERROR"); got != n || n > 0 && !strings.Contains(log.String(), names) {
		t.Errorf("%d alarms, want %d that name %s: %s", got, n, names, log)
	}
}

// wantNoRefusal expects a refresh to fail without ending the session.
func wantNoRefusal(t *testing.T, c *fusionauth.Client, grant latchkey.Grant) {
	t.Helper()
	_, err := c.Refresh(t.Context(), latchkey.Renewal{RefreshToken: grant.RefreshToken, User: grant.User})
	var no *latchkey.ProviderError
	if err == nil || errors.As(err, &no) {
		t.Errorf("a refresh that the settings forbid: %v, want an error that ends no session", err)
	}
}

// An application that forbids refreshing is reported at the first login, and ends no session.
func TestRefreshForbiddenByTheEmbeddedProvider(t *testing.T) {
	p := idptest.New(t)
	app := p.AddApplication(idp.Application{})
	p.AddUser("ada@example.com", app.ID)
	app.AllowTokenRefresh = false
	if err := p.EnsureApplication(t.Context(), app); err != nil {
		t.Fatal(err)
	}
	c, log := logged(t, func(c *fusionauth.Config) {
		c.URL, c.APIKey, c.ApplicationID = p.URL, latchkey.Secret(p.APIKey), app.ID
	})
	var grant latchkey.Grant
	for range 3 {
		var err error
		if grant, err = c.Login(t.Context(), credentials); err != nil {
			t.Fatal(err)
		}
		wantAlarms(t, log, 1, "allowTokenRefresh")
	}
	wantNoRefusal(t, c, grant)

	app.AllowTokenRefresh = true
	if err := p.EnsureApplication(t.Context(), app); err != nil {
		t.Fatal(err)
	}
	if grant, err := c.Refresh(t.Context(), latchkey.Renewal{RefreshToken: grant.RefreshToken, User: grant.User}); err != nil || grant.RefreshToken == "" {
		t.Errorf("once it is allowed: %v", err)
	}
	_, err := c.Refresh(t.Context(), latchkey.Renewal{RefreshToken: "nonsense"})
	var no *latchkey.ProviderError
	if !errors.As(err, &no) || no.Code != latchkey.CodeRefreshRefused {
		t.Errorf("and then a dead token: %v", err)
	}
	wantAlarms(t, log, 1, "allowTokenRefresh")
}

// With a client secret there are other reasons.
func TestRefreshForbiddenToTheClient(t *testing.T) {
	for name, c := range map[string]struct {
		app    idp.Application
		secret string
		names  string
	}{
		"wrong secret":      {idp.Application{ClientSecret: "a secret of the application's"}, "another secret", "ClientSecret"},
		"grant not enabled": {idp.Application{ClientSecret: "a secret of the application's", EnabledGrants: []string{"password"}}, "a secret of the application's", "enabledGrants"},
	} {
		t.Run(name, func(t *testing.T) {
			p := idptest.New(t)
			app := p.AddApplication(c.app)
			p.AddUser("ada@example.com", app.ID)
			client, log := logged(t, func(f *fusionauth.Config) {
				f.URL, f.APIKey, f.ApplicationID, f.ClientSecret = p.URL, latchkey.Secret(p.APIKey), app.ID, latchkey.Secret(c.secret)
			})
			grant, err := client.Login(t.Context(), credentials)
			if err != nil {
				t.Fatal(err)
			}
			wantAlarms(t, log, 1, c.names)
			wantNoRefusal(t, client, grant)
			if strings.Contains(log.String(), c.secret) {
				t.Error("the secret is in the log")
			}
		})
	}
}

// Trying leaves the tokens as they were, whatever the server's policy.
func TestTryingUsesNothingUp(t *testing.T) {
	for name, policy := range policies {
		t.Run(name, func(t *testing.T) {
			refreshCalls(t, func(t *testing.T, _ string, change func(*fusionauth.Config)) {
				server := fusionauthtest.New(t)
				server.Change(policy)
				c, log := logged(t, func(c *fusionauth.Config) {
					c.URL, c.APIKey, c.ApplicationID = server.URL, latchkey.Secret(server.APIKey), fusionauthtest.ApplicationID
					change(c)
				})
				grant, err := c.Login(t.Context(), latchkey.Credentials{LoginID: fusionauthtest.Email, Password: fusionauthtest.Password})
				if err != nil {
					t.Fatal(err)
				}
				for range 3 {
					if grant, err = c.Refresh(t.Context(), latchkey.Renewal{RefreshToken: grant.RefreshToken, User: grant.User}); err != nil {
						t.Fatal(err)
					}
				}
				wantAlarms(t, log, 0, "")
				if n := server.RefreshTokens(fusionauthtest.UserID); n != 1 {
					t.Errorf("%d refresh tokens", n)
				}
			})
		})
	}
}

// A refresh that hangs or fails neither delays nor fails the login.
func TestTryingDelaysNoLogin(t *testing.T) {
	for _, status := range []int{0, 401, 404, 500, 502} {
		synctest.Test(t, func(t *testing.T) {
			p := idptest.New(t, idptest.WithoutSocket(), idptest.WithFaults(func(next http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					switch {
					case r.URL.Path != "/api/jwt/refresh":
						next.ServeHTTP(w, r)
					case status == 0:
						<-r.Context().Done()
					default:
						w.WriteHeader(status)
					}
				})
			}))
			app := p.AddApplication(idp.Application{})
			p.AddUser("ada@example.com", app.ID)
			c, log := logged(t, func(c *fusionauth.Config) {
				c.URL, c.APIKey, c.ApplicationID, c.Transport = p.URL, latchkey.Secret(p.APIKey), app.ID, p.Client.Transport
			})
			began := time.Now()
			if _, err := c.Login(t.Context(), credentials); err != nil || time.Since(began) > 2*time.Second {
				t.Errorf("%d: %v after %v", status, err, time.Since(began))
			}
			wantAlarms(t, log, 0, "")
		})
	}
}

// A setting that changes while the process runs is reported at the first login after a refused
// refresh, and ends no session from then on.
func TestRefreshForbiddenLater(t *testing.T) {
	p := idptest.New(t)
	app := p.AddApplication(idp.Application{})
	p.AddUser("ada@example.com", app.ID)
	c, log := logged(t, func(c *fusionauth.Config) {
		c.URL, c.APIKey, c.ApplicationID = p.URL, latchkey.Secret(p.APIKey), app.ID
	})
	grant, err := c.Login(t.Context(), credentials)
	if err != nil {
		t.Fatal(err)
	}
	app.AllowTokenRefresh = false
	if err := p.EnsureApplication(t.Context(), app); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Refresh(t.Context(), latchkey.Renewal{RefreshToken: grant.RefreshToken, User: grant.User}); err == nil {
		t.Fatal("the application refreshes")
	}
	if grant, err = c.Login(t.Context(), credentials); err != nil {
		t.Fatal(err)
	}
	wantAlarms(t, log, 1, "allowTokenRefresh")
	wantNoRefusal(t, c, grant)
}
