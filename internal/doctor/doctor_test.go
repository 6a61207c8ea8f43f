package doctor_test

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/fusionauth/fusionauthtest"
	"github.com/latchkey-dev/latchkey/idp"
	"github.com/latchkey-dev/latchkey/idp/idptest"
	"github.com/latchkey-dev/latchkey/internal/doctor"
)

const hookURL = "http://127.0.0.1:1/fusionauth/webhook" // nobody there

// healthy is a server that is set up as docs/fusionauth.md says, and a matching configuration.
func healthy(t *testing.T) (*fusionauthtest.Server, doctor.Config) {
	server := fusionauthtest.New(t)
	server.Change(func(s *fusionauthtest.State) {
		c := &s.Tenant.JWTConfiguration
		c.RefreshTokenExpirationPolicy = "SlidingWindowWithMaximumLifetime"
		c.RefreshTokenSlidingWindowConfiguration.MaximumTimeToLiveInMinutes = 90 * 24 * 60
		c.RefreshTokenUsagePolicy = "OneTimeUse"
		c.RefreshTokenOneTimeUseConfiguration.GracePeriodInSeconds = 60
		hook := fusionauthtest.Webhook{URL: hookURL, Global: true, EventsEnabled: map[string]bool{}}
		hook.SignatureConfiguration.Enabled = true
		s.Tenant.EventConfiguration.Events = map[string]fusionauthtest.EventSetting{}
		for _, e := range []string{"jwt.refresh-token.revoke", "user.deactivate", "user.delete", "user.password.update"} {
			hook.EventsEnabled[e] = true
			s.Tenant.EventConfiguration.Events[e] = fusionauthtest.EventSetting{Enabled: true}
		}
		s.Webhooks = []fusionauthtest.Webhook{hook}
		mails := &s.Tenant.EmailConfiguration
		mails.VerifyEmail, mails.Unverified.Behavior = true, "Gated"
		mails.VerificationEmailTemplateID, mails.ForgotPasswordEmailTemplateID = "86b6e1b5-5a3a-4f8c-9d0b-6f1d8ad5d1a1", "86b6e1b5-5a3a-4f8c-9d0b-6f1d8ad5d1a2"
	})
	return server, doctor.Config{
		URL: server.URL, APIKey: latchkey.Secret(server.APIKey), TenantID: fusionauthtest.TenantID, Issuer: "acme.com", WebhookURL: hookURL,
		Apps:  []doctor.App{{Origin: "https://store.example.com", ApplicationID: fusionauthtest.ApplicationID, ClientSecret: fusionauthtest.ClientSecret, Accounts: "verified"}},
		Trial: &doctor.Trial{LoginID: fusionauthtest.Email, Password: fusionauthtest.Password},
		Store: func(context.Context) (string, error) { return "the store answers", nil },
	}
}

// bad returns what is not ok, as "status check", each once.
func bad(found []doctor.Finding) (all []string) {
	for _, f := range found {
		if said := string(f.Status) + " " + f.Check; f.Status != doctor.OK && !slices.Contains(all, said) {
			all = append(all, said)
		}
	}
	return all
}

func TestHealthy(t *testing.T) {
	server, config := healthy(t)
	found := doctor.Examine(t.Context(), config)
	if len(bad(found)) > 0 || len(found) < 8 {
		t.Errorf("%+v", found)
	}
	if n := server.RefreshTokens(fusionauthtest.UserID); n != 0 {
		t.Errorf("the trial leaves %d refresh tokens", n)
	}
}

// One problem at a time, and the finding about it.
func TestFindings(t *testing.T) {
	type state = fusionauthtest.State
	type config = doctor.Config
	app := func(s *state) *fusionauthtest.Application { return &s.Applications[0] }
	jwt := func(s *state) *fusionauthtest.JWTConfiguration { return &s.Tenant.JWTConfiguration }
	for _, c := range []struct {
		name   string
		server func(*state)
		config func(*config)
		want   string // what is not ok, separated by commas
		says   string // in a message or in how to fix it
	}{
		{"application inactive", func(s *state) { app(s).Active = false }, nil, "problem application_active, problem client_secret, problem trial", "deactivated"},
		{"generateRefreshTokens", func(s *state) { app(s).LoginConfiguration.GenerateRefreshTokens = false }, nil, "problem generate_refresh_tokens, problem trial", "loginConfiguration.generateRefreshTokens"},
		{"allowTokenRefresh", func(s *state) { app(s).LoginConfiguration.AllowTokenRefresh = false }, func(c *config) { c.Apps[0].ClientSecret = "" }, "problem allow_token_refresh, problem trial", "loginConfiguration.allowTokenRefresh"},
		{"allowTokenRefresh is not needed with a secret", func(s *state) { app(s).LoginConfiguration.AllowTokenRefresh = false }, nil, "", ""},
		{"grant", func(s *state) { app(s).OAuthConfiguration.EnabledGrants = []string{"authorization_code"} }, nil, "problem refresh_grant, problem client_secret, problem trial", "Refresh Token grant"},
		{"client secret", nil, func(c *config) { c.Apps[0].ClientSecret = "wrong" }, "problem client_secret, problem trial", "secret is wrong"},
		{"requireAuthentication", func(s *state) { app(s).LoginConfiguration.RequireAuthentication = false }, nil, "warning require_authentication", "bypassing Latchkey's limits"},
		{"unknown application", nil, func(c *config) { c.Apps[0].ApplicationID = "6fa459ea-ee8a-3ca4-894e-db77e160355e" }, "problem application, problem client_secret, problem trial", "no application 6fa4"},
		{"no UUID", nil, func(c *config) { c.Apps[0].ApplicationID = "store" }, "problem application, problem client_secret, problem trial", "not a UUID"},
		{"unknown tenant", nil, func(c *config) { c.TenantID = "6fa459ea-ee8a-3ca4-894e-db77e160355e" }, "problem tenant", "no tenant 6fa4"},
		{"another tenant", func(s *state) { s.OtherTenantID = "6fa459ea-ee8a-3ca4-894e-db77e160355e" }, func(c *config) { c.TenantID = "6fa459ea-ee8a-3ca4-894e-db77e160355e" }, "problem tenant, problem trial", "belongs to tenant 3066"},
		{"several tenants, and the application says which", func(s *state) { s.OtherTenantID = "6fa459ea-ee8a-3ca4-894e-db77e160355e" }, func(c *config) { c.TenantID = "" }, "", ""},
		{"several tenants, and nothing says which", func(s *state) { s.OtherTenantID = "6fa459ea-ee8a-3ca4-894e-db77e160355e" }, func(c *config) { c.TenantID, c.Apps = "", nil }, "problem tenant", "needs the id of one"},
		{"issuer", nil, func(c *config) { c.Issuer = "https://auth.example.com" }, "problem issuer, problem trial", `"acme.com"`},
		{"wrong key", nil, func(c *config) { c.APIKey = "marker-of-a-wrong-key" }, "problem api_key, skipped application, skipped webhook", "refuses the API key"},
		{"no key", nil, func(c *config) { c.APIKey = "" }, "skipped api_key, skipped application, skipped webhook", "FUSIONAUTH_API_KEY"},
		{"key may only log in", func(s *state) { s.Keys["login-only"] = []string{"POST /api/login"} }, func(c *config) { c.SettingsKey, c.APIKey = c.APIKey, "login-only" }, "problem api_key", "may not DELETE"},
		{"key may only revoke", func(s *state) { s.Keys["revoke-only"] = []string{"DELETE /api/jwt/refresh"} }, func(c *config) { c.SettingsKey, c.APIKey = c.APIKey, "revoke-only" }, "problem api_key", "may not POST"},
		{"the backend's key alone", func(s *state) { s.Keys["backend"] = []string{"POST /api/login", "DELETE /api/jwt/refresh"} }, func(c *config) { c.APIKey = "backend" }, "skipped application, skipped webhook", "FUSIONAUTH_SETTINGS_KEY"},
		{"both keys", func(s *state) { s.Keys["backend"] = []string{"POST /api/login", "DELETE /api/jwt/refresh"} }, func(c *config) { c.SettingsKey, c.APIKey = c.APIKey, "backend" }, "", ""},
		{"one-time without grace", func(s *state) { jwt(s).RefreshTokenOneTimeUseConfiguration.GracePeriodInSeconds = 0 }, nil, "problem one_time_grace", "gracePeriodInSeconds"},
		{"a short grace", func(s *state) { jwt(s).RefreshTokenOneTimeUseConfiguration.GracePeriodInSeconds = 5 }, nil, "warning one_time_grace", "5s"},
		{"reusable needs no grace", func(s *state) {
			jwt(s).RefreshTokenUsagePolicy, jwt(s).RefreshTokenOneTimeUseConfiguration.GracePeriodInSeconds = "Reusable", 0
		}, nil, "", ""},
		{"fixed", func(s *state) { jwt(s).RefreshTokenExpirationPolicy = "Fixed" }, nil, "warning refresh_token_lifetime", "30 days from the login (Fixed)"},
		{"fixed and long", func(s *state) {
			jwt(s).RefreshTokenExpirationPolicy, jwt(s).RefreshTokenTimeToLiveInMinutes = "Fixed", 90*24*60
		}, nil, "", ""},
		{"refresh token shorter than a session id", func(s *state) { jwt(s).RefreshTokenTimeToLiveInMinutes = 60 }, nil, "problem refresh_token_lifetime", "expires before it is needed"},
		{"refresh token shorter than our cookies", func(s *state) { jwt(s).RefreshTokenTimeToLiveInMinutes = 7 * 24 * 60 }, nil, "warning refresh_token_lifetime", "7 days, but our cookies 30 days"},
		{"maximum", nil, func(c *config) { c.Session.Absolute = 180 * 24 * time.Hour }, "warning refresh_token_maximum", "90 days at most, but our sessions 180 days"},
		{"the application's own policies hold", func(s *state) {
			own := *jwt(s)
			own.Enabled, own.RefreshTokenOneTimeUseConfiguration.GracePeriodInSeconds = true, 0
			app(s).JWTConfiguration = own
		}, nil, "problem one_time_grace", ""},
		{"JWT shorter than the cap", func(s *state) { jwt(s).TimeToLiveInSeconds = 300 }, nil, "warning access_token_lifetime", "5m0s"},
		{"JWT shorter than the cap, renewed ahead", func(s *state) { jwt(s).TimeToLiveInSeconds = 300 }, func(c *config) { c.Session.RefreshAhead = time.Minute }, "", ""},
		{"JWT shorter than its renewal", func(s *state) { jwt(s).TimeToLiveInSeconds = 120 }, func(c *config) { c.Session.RefreshAhead = time.Minute }, "warning access_token_lifetime", "refresh_ahead"},
		{"JWT of a month", func(s *state) { jwt(s).TimeToLiveInSeconds = 30 * 86400 }, nil, "warning access_token_lifetime", "cannot be revoked"},
		{"onPasswordChanged", func(s *state) { jwt(s).RefreshTokenRevocationPolicy.OnPasswordChanged = false }, nil, "warning revoke_on_password_change", "onPasswordChanged"},
		{"onLoginPrevented", func(s *state) { jwt(s).RefreshTokenRevocationPolicy.OnLoginPrevented = false }, nil, "warning revoke_on_login_prevented", "onLoginPrevented"},
		{"no webhook", func(s *state) { s.Webhooks = nil }, func(c *config) { c.WebhookURL = "" }, "warning webhook", "within 1h0m0s"},
		{"no webhook of ours", nil, func(c *config) { c.WebhookURL = "https://elsewhere.example.com" }, "problem webhook", "no webhook has a URL like"},
		{"webhook whose URL is not known", nil, func(c *config) { c.WebhookURL = "" }, "", ""},
		{"webhook whose host does not matter", nil, func(c *config) { c.WebhookURL = "/fusionauth/webhook" }, "", ""},
		{"webhook of another path", nil, func(c *config) { c.WebhookURL = "/latchkey/webhook" }, "problem webhook", "/latchkey/webhook"},
		{"events are not taken", nil, func(c *config) { c.NoWebhook = true }, "warning webhook", "events are not configured"},
		{"webhook without signature", func(s *state) { s.Webhooks[0].SignatureConfiguration.Enabled = false }, nil, "problem webhook_signature", "Sign events"},
		{"webhook without an event", func(s *state) { delete(s.Webhooks[0].EventsEnabled, "user.delete") }, nil, "problem webhook_events", "does not receive user.delete"},
		{"webhook of another tenant", func(s *state) { s.Webhooks[0].Global = false }, nil, "problem webhook_tenant", `"Default"`},
		{"tenant without events", func(s *state) { s.Tenant.EventConfiguration.Events = nil }, nil, "problem webhook_tenant_events", "does not raise jwt.refresh-token.revoke, user.deactivate"},
		{"plain HTTP", nil, func(c *config) { c.Apps[0].Origin = "http://store.example.com" }, "problem cookies", "drop the cookies"},
		{"Safari", nil, func(c *config) { c.Apps[0].Origin = "http://store.localhost:8080" }, "warning cookies", "Safari"},
		{"one host twice", nil, func(c *config) {
			c.Apps = append(c.Apps, c.Apps[0])
			c.Apps[1].Origin = "https://store.example.com:8443"
		}, "problem cookies_host", "do not depend on the port"},
		{"no origin", nil, func(c *config) { c.Apps[0].Origin = "store.example.com" }, "problem cookies", "not an origin"},
		{"store", nil, func(c *config) {
			c.Store = func(context.Context) (string, error) { return "", errors.New("schema 9, this program knows 3") }
		}, "problem store", "schema 9"},
		{"issuer of before", func(s *state) { s.Tenant.Issuer = "latchkey" }, func(c *config) { c.Issuer = "" }, "warning issuer", "--issuer"},
		{"nobody verifies", func(s *state) { s.Tenant.EmailConfiguration.VerifyEmail = false }, nil, "problem verify_email", "emailConfiguration.verifyEmail"},
		{"not gated", func(s *state) { s.Tenant.EmailConfiguration.Unverified.Behavior = "Allow" }, nil, "warning unverified_behavior", "Gated"},
		{"no mail to prove an address", func(s *state) { s.Tenant.EmailConfiguration.VerificationEmailTemplateID = "" }, nil, "problem mail_verification", "verificationEmailTemplateId"},
		{"no mail for a forgotten password", func(s *state) { s.Tenant.EmailConfiguration.ForgotPasswordEmailTemplateID = "" }, func(c *config) { c.Apps[0].Accounts = "existing" }, "problem mail_forgot_password", "forgotPasswordEmailTemplateId"},
		{"existing users prove nothing", func(s *state) {
			s.Tenant.EmailConfiguration = fusionauthtest.EmailConfiguration{ForgotPasswordEmailTemplateID: "86b6e1b5-5a3a-4f8c-9d0b-6f1d8ad5d1a2"}
		}, func(c *config) { c.Apps[0].Accounts = "existing" }, "", ""},
		{"no accounts, no mails", func(s *state) { s.Tenant.EmailConfiguration = fusionauthtest.EmailConfiguration{} }, func(c *config) { c.Apps[0].Accounts = "" }, "", ""},
		{"the app behind is away", nil, func(c *config) { c.Apps[0].Upstream = "http://127.0.0.1:1/app" }, "warning upstream", "127.0.0.1:1"},
		{"the app behind answers", nil, func(c *config) { c.Apps[0].Upstream = c.URL }, "", "the app answers"},
		{"the page's server is away", nil, func(c *config) { c.Apps[0].DevServer = "http://127.0.0.1:1" }, "warning page", "127.0.0.1:1"},
		{"no page", nil, func(c *config) { c.Apps[0].Page = "testdata/none" }, "problem page", "index.html"},
		{"trial with a wrong password", nil, func(c *config) { c.Trial.Password = "marker-of-a-wrong-password" }, "problem trial", "wrong password"},
		{"trial of somebody who is not registered", func(s *state) { s.Users[0].Registrations = nil }, nil, "problem trial", "not registered"},
	} {
		t.Run(c.name, func(t *testing.T) {
			server, config := healthy(t)
			if c.server != nil {
				server.Change(c.server)
			}
			if c.config != nil {
				c.config(&config)
			}
			found := doctor.Examine(t.Context(), config)
			text := fmt.Sprintf("%+v", found)
			if got := strings.Join(bad(found), ", "); got != c.want || !strings.Contains(text, c.says) {
				t.Errorf("got  %s\nwant %s, and %q in %s", got, c.want, c.says, text)
			}
			for _, f := range found {
				if f.Status == doctor.Problem && f.Mend == "" {
					t.Errorf("%s: what is to be done?", f.Check)
				}
			}
			for _, secret := range []string{server.APIKey, fusionauthtest.ClientSecret, fusionauthtest.Password, "marker"} {
				if strings.Contains(text, secret) {
					t.Errorf("a secret is told: %s", text)
				}
			}
		})
	}
}

// Only an app on the parent domain of another is told that this is harmless.
func TestParentDomain(t *testing.T) {
	found := doctor.Examine(t.Context(), doctor.Config{Apps: []doctor.App{{Origin: "https://example.com"}, {Origin: "https://store.example.com"}, {Origin: "https://notexample.com"}}})
	n := 0
	for _, f := range found {
		if f.Check == "cookies_parent" {
			n++
		}
	}
	if n != 1 || len(bad(found)) != 0 {
		t.Errorf("%+v", found)
	}
}

func TestUnreachable(t *testing.T) {
	page := func(status int, contentType, body string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", contentType)
			w.Header().Set("Location", "https://user:marker@login.example.com/path?marker")
			w.WriteHeader(status)
			io.WriteString(w, body)
		})
	}
	serve := func(h http.Handler) string {
		s := httptest.NewServer(h)
		t.Cleanup(s.Close)
		return s.URL
	}
	secure := httptest.NewTLSServer(page(200, "application/json", `{"status":"ok"}`))
	t.Cleanup(secure.Close)
	secure.Config.ErrorLog = nil
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	for _, c := range []struct{ url, says string }{
		{"http://" + closed.Addr().String(), "nothing listens"},
		{secure.URL, "authority that this machine does not trust"},
		{strings.Replace(serve(page(200, "", "")), "http", "https", 1), "does not speak TLS"},
		{serve(page(200, "text/html", "<h1>nginx</h1>")), "another server"},
		{serve(page(404, "", "")), "another server"},
		{serve(page(301, "", "")), `"https://login.example.com/path"`},
		{serve(page(503, "", "")), "answers 503"},
		{serve(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })), "EOF"},
		{"auth.example.com", "invalid URL"},
		{"ftp://auth.example.com", "invalid URL"},
		{"https://user:marker@auth.example.com", "invalid URL"},
	} {
		t.Run(c.says, func(t *testing.T) {
			found := doctor.Examine(t.Context(), doctor.Config{URL: c.url, APIKey: "marker-of-a-key", Apps: []doctor.App{{ApplicationID: "x"}}})
			text := fmt.Sprintf("%+v", found)
			if len(found) != 1 || found[0].Status != doctor.Problem || !strings.Contains(text, c.says) || found[0].Mend == "" || strings.Contains(text, "marker") {
				t.Errorf("%s: %s", c.url, text)
			}
		})
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// Names are not really looked up here, because that takes long on a machine without a network.
func TestNames(t *testing.T) {
	for says, failure := range map[string]error{
		"unknown host":      &net.DNSError{IsNotFound: true},
		"cannot look up":    &net.DNSError{IsTimeout: true},
		"within 10 seconds": context.DeadlineExceeded,
	} {
		found := doctor.Examine(t.Context(), doctor.Config{
			URL: "https://auth.example.com", Transport: roundTrip(func(*http.Request) (*http.Response, error) { return nil, failure }),
		})
		if len(found) != 1 || !strings.Contains(found[0].Message, says) || found[0].Mend == "" {
			t.Errorf("%v: %+v", failure, found)
		}
	}
}

func TestClock(t *testing.T) {
	for off, want := range map[time.Duration]string{
		0: "", 3 * time.Second: "", -3 * time.Second: "", 20 * time.Second: "warning clock", -20 * time.Second: "warning clock",
		2 * time.Minute: "problem clock, problem trial_clock", -2 * time.Minute: "problem clock, problem trial_clock",
	} {
		server, config := healthy(t)
		config.Session.RefreshAhead = time.Second
		server.MoveClock(off)
		got := strings.Join(bad(doctor.Examine(t.Context(), config)), ", ")
		if strings.Replace(got, ", warning trial_clock", "", 1) != want {
			t.Errorf("%v: %s, want %s", off, got, want)
		}
	}
}

// The embedded provider shows its settings; a trial finds the rest.
func TestEmbeddedProvider(t *testing.T) {
	p := idptest.New(t)
	app := p.AddApplication(idp.Application{ClientSecret: "a client secret of the test"})
	p.AddUser("ada@example.com", app.ID)
	config := doctor.Config{
		URL: p.URL, APIKey: latchkey.Secret(p.APIKey), Apps: []doctor.App{{Origin: "https://store.example.com", ApplicationID: app.ID, ClientSecret: "a client secret of the test"}},
		Trial: &doctor.Trial{LoginID: "ada@example.com", Password: idptest.Password},
	}
	if got := strings.Join(bad(doctor.Examine(t.Context(), config)), ", "); got != "warning webhook" {
		t.Error(got)
	}
	hook := `{"webhook":{"url":"https://store.example.com/latchkey/webhook","global":true,"eventsEnabled":{"jwt.refresh-token.revoke":true,"user.deactivate":true,"user.delete":true,"user.password.update":true}}}`
	r, err := http.NewRequestWithContext(t.Context(), "POST", p.URL+"/api/webhook", strings.NewReader(hook))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", p.APIKey)
	if resp, err := p.Client.Do(r); err != nil || resp.StatusCode != http.StatusOK {
		t.Fatal(resp, err)
	}
	if got := strings.Join(bad(doctor.Examine(t.Context(), config)), ", "); got != "" {
		t.Error(got)
	}
	config.APIKey = "wrong"
	if got := strings.Join(bad(doctor.Examine(t.Context(), config)), ", "); got != "problem api_key, skipped application, skipped webhook" {
		t.Error(got)
	}
	config.URL = ""
	if got := bad(doctor.Examine(t.Context(), config)); got != nil {
		t.Error(got)
	}
}

func TestJSON(t *testing.T) {
	text, err := json.Marshal(doctor.Finding{Status: doctor.OK, Check: "clock", Message: "x"})
	if err != nil || string(text) != `{"status":"ok","check":"clock","message":"x"}` {
		t.Errorf("%s, %v", text, err)
	}
}

// What the database of the embedded provider says about the apps of the file.
func TestEmbeddedState(t *testing.T) {
	apps := []doctor.App{{Origin: "https://store.example.com", ApplicationID: fusionauthtest.ApplicationID, Accounts: "verified"}}
	for name, c := range map[string]struct {
		state    doctor.Embedded
		err      error
		accounts string
		want     []string
	}{
		"well":                        {doctor.Embedded{Made: true, Gated: true}, nil, "verified", []string{"ok provider"}},
		"not there yet":               {doctor.Embedded{}, nil, "verified", []string{"ok provider"}},
		"closed":                      {doctor.Embedded{}, errors.New("damaged"), "verified", []string{"problem provider"}},
		"not gated":                   {doctor.Embedded{Made: true}, nil, "verified", []string{"ok provider", "warning unverified_behavior"}},
		"imports":                     {doctor.Embedded{Made: true, Gated: true, UnverifiedImports: 7}, nil, "verified", []string{"ok provider", "warning unverified_imports"}},
		"imports, for whom no matter": {doctor.Embedded{Made: true, UnverifiedImports: 7}, nil, "existing", []string{"ok provider"}},
		"switched off":                {doctor.Embedded{Made: true, Gated: true, SwitchedOff: []string{fusionauthtest.ApplicationID}}, nil, "verified", []string{"ok provider", "problem application"}},
		"an issuer of before":         {doctor.Embedded{Made: true, Gated: true, Issuer: "latchkey"}, nil, "verified", []string{"ok provider", "warning issuer"}},
	} {
		apps[0].Accounts, c.state.Issuer = c.accounts, cmp.Or(c.state.Issuer, "http://127.0.0.1:9011")
		found := doctor.Examine(t.Context(), doctor.Config{Apps: apps, Embedded: func(context.Context) (doctor.Embedded, error) { return c.state, c.err }})
		var got []string
		for _, f := range found {
			if f.Check != "cookies" {
				got = append(got, string(f.Status)+" "+f.Check)
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
