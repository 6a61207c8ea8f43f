package fusionauth_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/fusionauth"
	"github.com/latchkey-dev/latchkey/idp"
	"github.com/latchkey-dev/latchkey/idp/idptest"
)

const device = "Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0"

var credentials = latchkey.Credentials{LoginID: "ada@example.com", Password: idptest.Password, Device: latchkey.Device{UserAgent: device, IP: "203.0.113.7"}}

func client(t *testing.T, change func(*fusionauth.Config)) *fusionauth.Client {
	t.Helper()
	config := fusionauth.Config{URL: "http://idp.test", APIKey: "an API key of the test", ApplicationID: "5f0cbb7e-9b53-4d4e-8a5c-0d1f6c1e4a01"}
	change(&config)
	c, err := fusionauth.New(config)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// scripted is a server that gives one response, and a working /api/status if it is healthy.
func scripted(t *testing.T, works bool, status int, contentType, body string, change ...func(*fusionauth.Config)) *fusionauth.Client {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/api/status" && works {
			w.Header().Set("Content-Type", "application/json")
			io.WriteString(w, `{"status":"ok"}`)
			return
		}
		if contentType != "" {
			w.Header().Set("Content-Type", contentType)
		}
		w.Header().Set("Location", "http://127.0.0.1:1/elsewhere")
		w.Header().Set("Retry-After", "7")
		w.WriteHeader(status)
		io.WriteString(w, body)
	}))
	t.Cleanup(server.Close)
	return client(t, func(c *fusionauth.Config) {
		c.URL = server.URL + "/"
		for _, f := range change {
			f(c)
		}
	})
}

const jsonType = "application/json;charset=UTF-8"

// LGN-16: every documented status of POST /api/login has its code, and only a complete 200 is a
// login.
func TestLGN16_LoginStatuses(t *testing.T) {
	first := func(c *fusionauth.Config) { c.PasswordCheckedFirst = true }
	for _, c := range []struct {
		status  int
		body    string
		code    latchkey.Code // with a server that checks the password first
		careful latchkey.Code // with one that does not
		says    string
	}{
		{200, ``, "", "", "without JSON"},
		{200, `{}`, "", "", "without a token"},
		{200, `{"token":"e30.e30.eA"}`, "", "", "without a token or a user"},
		{200, `{"token":"e30.e30.eA","user":{"id":"u"}}`, "", "", "generateRefreshTokens"},
		{200, `{"token":"e30.e30.eA","refreshToken":"r","user":{"id":"u"}}`, "", "", "sub or exp"},
		{201, `{}`, "", "", "201"},
		{202, `{"token":"t","user":{"id":"u"}}`, latchkey.CodeNotRegistered, latchkey.CodeNotRegistered, ""},
		{203, `{"changePasswordId":"c","changePasswordReason":"Expired"}`, latchkey.CodePasswordChangeRequired, latchkey.CodePasswordChangeRequired, ""},
		{204, ``, "", "", "204"},
		{212, `{"user":{}}`, latchkey.CodeEmailNotVerified, latchkey.CodeEmailNotVerified, ""},
		{213, `{"user":{}}`, latchkey.CodeEmailNotVerified, latchkey.CodeEmailNotVerified, ""},
		{242, `{"twoFactorId":"f","methods":[{"method":"authenticator"},{"method":"email"}]}`, latchkey.CodeTwoFactorRequired, latchkey.CodeTwoFactorRequired, ""},
		{299, `{"token":"t"}`, "", "", "299"},
		{302, ``, "", "", "302"},
		{400, `{"fieldErrors":{"loginId":[{"code":"[blank]loginId","message":"secret words"}]}}`, "", "", "[blank]loginId"},
		{400, `{"generalErrors":[{"code":"[TenantIdRequired]"}]}`, "", "", "[TenantIdRequired]"},
		{400, `{"generalErrors":[{"code":"[LoginPreventedException]"}]}`, latchkey.CodeLoginPrevented, latchkey.CodeInvalidCredentials, ""},
		{400, `{"generalErrors":[{"code":"[UserLockedException]"}]}`, latchkey.CodeAccountLocked, latchkey.CodeInvalidCredentials, ""},
		{401, ``, "", "", "API key"},
		{403, ``, "", "", "403"},
		{404, `{"message":"no Route matched"}`, "", "", "404"},
		{404, ``, latchkey.CodeInvalidCredentials, latchkey.CodeInvalidCredentials, ""},
		{409, `{"actions":[]}`, latchkey.CodeLoginPrevented, latchkey.CodeInvalidCredentials, ""},
		{410, ``, latchkey.CodeLoginPrevented, latchkey.CodeInvalidCredentials, ""},
		{421, ``, "", "", "421"},
		{423, ``, latchkey.CodeAccountLocked, latchkey.CodeInvalidCredentials, ""},
		{429, ``, latchkey.CodeTooManyAttempts, latchkey.CodeTooManyAttempts, ""},
		{500, `{"generalErrors":[{"code":"[Exception]"}]}`, "", "", "500"},
		{503, ``, "", "", "503"},
		{504, ``, "", "", "504"},
	} {
		for want, change := range map[*latchkey.Code][]func(*fusionauth.Config){&c.code: {first}, &c.careful: nil} {
			_, err := scripted(t, true, c.status, typeOf(c.body), c.body, change...).Login(t.Context(), credentials)
			var e *latchkey.ProviderError
			errors.As(err, &e)
			switch {
			case err == nil:
				t.Errorf("%d %s: a login", c.status, c.body)
			case *want == "" && (e != nil || !strings.Contains(err.Error(), c.says)):
				t.Errorf("%d %s: %v, want an error with %q", c.status, c.body, err, c.says)
			case *want != "" && (e == nil || e.Code != *want):
				t.Errorf("%d %s: %v, want %s", c.status, c.body, err, *want)
			}
			if strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), idptest.Password) {
				t.Errorf("%d: the error tells too much: %v", c.status, err)
			}
			if e != nil && e.Code == latchkey.CodeTwoFactorRequired && strings.Join(e.Methods, " ") != "authenticator email" ||
				e != nil && e.Code == latchkey.CodePasswordChangeRequired && e.Reason != "Expired" ||
				e != nil && e.Code == latchkey.CodeTooManyAttempts && e.RetryAfter != 7*time.Second {
				t.Errorf("%d: %+v", c.status, e)
			}
		}
		if c.code != "" { // the same status from something that is no provider
			if _, err := scripted(t, true, c.status, "text/html", "<h1>x</h1>").Login(t.Context(), credentials); errors.As(err, new(*latchkey.ProviderError)) && c.status != 429 {
				t.Errorf("%d with HTML: %v", c.status, err)
			}
		}
	}
}

func typeOf(body string) string {
	if body == "" {
		return ""
	}
	return jsonType
}

// REF-10: which responses to a refresh end the session.
func TestREF10_RefreshRefusals(t *testing.T) {
	oauth := func(c *fusionauth.Config) { c.ClientSecret = "a client secret of the test" }
	jwt := func(*fusionauth.Config) {}
	named := `{"fieldErrors":{"refreshToken":[{"code":"[invalid]refreshToken"}]}}`
	for _, c := range []struct {
		call   func(*fusionauth.Config)
		works  bool
		status int
		kind   string
		body   string
		ends   bool
	}{
		{jwt, false, 400, jsonType, named, true},
		{jwt, true, 400, jsonType, `{"fieldErrors":{"timeToLiveInSeconds":[{"code":"[x]"}]}}`, false},
		{jwt, true, 400, "", "", false},
		{jwt, true, 400, "text/html", named, false},
		{jwt, true, 401, "", "", true},
		{jwt, true, 404, "", "", true},
		{jwt, false, 401, "", "", false},
		{jwt, false, 404, "", "", false},
		{jwt, true, 404, "text/html", "<h1>Not found</h1>", false},
		{jwt, true, 403, "", "", false},
		{jwt, true, 429, "", "", false},
		{jwt, true, 500, jsonType, named, false},
		{jwt, true, 200, jsonType, `{}`, false},
		{oauth, false, 400, jsonType, `{"error":"invalid_grant"}`, true},
		{oauth, true, 400, jsonType, `{"error":"invalid_request"}`, false},
		{oauth, true, 401, jsonType, `{"error":"invalid_client"}`, false},
		{oauth, true, 401, jsonType, `{"error":"invalid_grant"}`, false},
		{oauth, true, 404, "", "", false},
		{oauth, true, 400, "text/html", `{"error":"invalid_grant"}`, false},
	} {
		_, err := scripted(t, c.works, c.status, c.kind, c.body, c.call).Refresh(t.Context(), latchkey.Renewal{RefreshToken: "marker-refresh-token"})
		var e *latchkey.ProviderError
		ended := errors.As(err, &e) && e.Code == latchkey.CodeRefreshRefused
		if err == nil || ended != c.ends || strings.Contains(err.Error(), "marker") {
			t.Errorf("%d %s (server works: %v): %v; want an end: %v", c.status, c.body, c.works, err, c.ends)
		}
	}
}

// The real provider: what is sent, and what comes back.
func TestAgainstTheEmbeddedProvider(t *testing.T) {
	for name, secret := range map[string]string{"/api/jwt/refresh": "", "/oauth2/token": "a client secret of the test"} {
		t.Run(name, func(t *testing.T) {
			p := idptest.New(t)
			app := p.AddApplication(idp.Application{ClientSecret: secret})
			ada := p.AddUser("ada@example.com", app.ID)
			c := client(t, func(c *fusionauth.Config) {
				c.URL, c.APIKey, c.ApplicationID, c.ClientSecret = p.URL, latchkey.Secret(p.APIKey), app.ID, latchkey.Secret(secret)
			})
			grant, err := c.Login(t.Context(), credentials)
			if err != nil || grant.User.ID != ada.ID || grant.User.Email != "ada@example.com" || !grant.User.EmailVerified || strings.Join(grant.User.Roles, " ") != "user" ||
				grant.Token == "" || grant.RefreshToken == "" || grant.RefreshTokenID == "" || time.Until(grant.TokenExpiresAt) < 50*time.Minute {
				t.Fatalf("%+v, %v", grant, err)
			}
			renewed, err := c.Refresh(t.Context(), latchkey.Renewal{RefreshToken: grant.RefreshToken, User: grant.User, Device: credentials.Device})
			if err != nil || renewed.RefreshToken == grant.RefreshToken || renewed.RefreshTokenID != grant.RefreshTokenID || renewed.User.ID != ada.ID ||
				strings.Join(renewed.User.Roles, " ") != "user" || renewed.User.Email != "ada@example.com" || !renewed.User.EmailVerified {
				t.Fatalf("%+v, %v", renewed, err)
			}
			if p.Calls(name) != 2 { // the first login tries whether it may refresh
				t.Errorf("%d calls of %s", p.Calls(name), name)
			}
			for range 2 { // again is no error
				if err := c.Revoke(t.Context(), grant.RefreshTokenID); err != nil {
					t.Error(err)
				}
			}
			_, err = c.Refresh(t.Context(), latchkey.Renewal{RefreshToken: renewed.RefreshToken, User: grant.User})
			var e *latchkey.ProviderError
			if !errors.As(err, &e) || e.Code != latchkey.CodeRefreshRefused {
				t.Errorf("after revocation: %v", err)
			}
		})
	}
}

// What is sent: the caller's address and device, the tenant, the key where it belongs, and no
// cookie of the last response.
func TestARC02_WhatIsSent(t *testing.T) {
	p := idptest.New(t)
	app := p.AddApplication(idp.Application{})
	p.AddUser("ada@example.com", app.ID)
	tenant, err := p.DefaultTenant(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var sent []*http.Request
	var bodies []string
	relay := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		sent, bodies = append(sent, r), append(bodies, string(body))
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		w.Header().Add("Set-Cookie", "refresh_token=old; Path=/; HttpOnly")
		p.ServeHTTP(w, r)
	}))
	defer relay.Close()
	tenants := []string{}
	c := client(t, func(c *fusionauth.Config) {
		c.URL, c.APIKey, c.ApplicationID, c.TenantID = relay.URL, latchkey.Secret(p.APIKey), app.ID, tenant.ID
		c.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
			tenants = append(tenants, r.Header.Get("X-FusionAuth-TenantId"))
			return http.DefaultTransport.RoundTrip(r)
		})
	})
	grant, err := c.Login(t.Context(), credentials)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Refresh(t.Context(), latchkey.Renewal{RefreshToken: grant.RefreshToken, Device: credentials.Device}); err != nil {
		t.Fatal(err)
	}
	if err := c.Revoke(t.Context(), grant.RefreshTokenID); err != nil {
		t.Fatal(err)
	}
	for i, want := range []struct{ call, authorization string }{
		{"POST /api/login", p.APIKey}, {"POST /api/jwt/refresh", ""}, {"POST /api/jwt/refresh", ""}, {"DELETE /api/jwt/refresh/" + grant.RefreshTokenID, p.APIKey},
	} {
		r := sent[i]
		if r.Method+" "+r.URL.Path != want.call || r.Header.Get("Authorization") != want.authorization || r.Header.Get("Cookie") != "" || r.URL.RawQuery != "" || tenants[i] != []string{tenant.ID, "", "", ""}[i] {
			t.Errorf("call %d: %s %s, %v", i, r.Method, r.URL, r.Header)
		}
		if i < 3 && (r.Header.Get("X-Forwarded-For") != "203.0.113.7" || !strings.Contains(bodies[i], `"ipAddress":"203.0.113.7"`) || !strings.Contains(bodies[i], device)) {
			t.Errorf("call %d does not say on whose behalf it is made: %v %s", i, r.Header, bodies[i])
		}
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// ARC-11: a redirect is not followed, so that key and password go nowhere else.
func TestARC11_RedirectsAreNotFollowed(t *testing.T) {
	elsewhere := 0
	thief := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere++ }))
	defer thief.Close()
	server := httptest.NewServer(http.RedirectHandler(thief.URL, http.StatusTemporaryRedirect))
	defer server.Close()
	c := client(t, func(c *fusionauth.Config) { c.URL = server.URL })
	if _, err := c.Login(t.Context(), credentials); err == nil || elsewhere != 0 {
		t.Errorf("%v, %d requests elsewhere", err, elsewhere)
	}
}

// A call to a server that hangs ends after Timeout, ten seconds by default.
func TestTimeout(t *testing.T) {
	for timeout, want := range map[time.Duration]time.Duration{0: 10 * time.Second, time.Minute: time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			c := client(t, func(c *fusionauth.Config) {
				c.Timeout = timeout
				c.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
					<-r.Context().Done()
					return nil, r.Context().Err()
				})
			})
			began := time.Now()
			if _, err := c.Login(t.Context(), credentials); err == nil || time.Since(began) != want {
				t.Errorf("Timeout %v: %v after %v", timeout, err, time.Since(began))
			}
		})
	}
}

func TestTimeLimit(t *testing.T) {
	release := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-release }))
	defer server.Close()
	defer close(release)
	c := client(t, func(c *fusionauth.Config) { c.URL, c.Timeout = server.URL, 50*time.Millisecond })
	if _, err := c.Login(t.Context(), credentials); err == nil || strings.Contains(err.Error(), idptest.Password) {
		t.Errorf("got %v", err)
	}
}

// A proxy's 404 is not taken for the server's, although the server is back when it is asked whether
// it works.
func TestRevocationAsTheServerComesBack(t *testing.T) {
	var deletions atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/api/status":
			w.Header().Set("Content-Type", "application/json")
			io.WriteString(w, `{"status":"ok"}`)
		case deletions.Add(1) == 1:
			w.WriteHeader(http.StatusNotFound) // a proxy that has no server yet
		}
	}))
	defer server.Close()
	c := client(t, func(c *fusionauth.Config) { c.URL = server.URL })
	if err := c.Revoke(t.Context(), "5f0cbb7e-9b53-4d4e-8a5c-0d1f6c1e4a01"); err != nil || deletions.Load() != 2 {
		t.Errorf("%v after %d deletions, want the second to count", err, deletions.Load())
	}
}

// withNotBefore postpones the token of an answer by an hour.
func withNotBefore(r *http.Request) (*http.Response, error) {
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	var answer map[string]any
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		return nil, err
	}
	resp.Body.Close()
	segments := strings.Split(answer["token"].(string), ".")
	payload, err := base64.RawURLEncoding.DecodeString(segments[1])
	if err != nil {
		return nil, err
	}
	text := strings.Replace(string(payload), "{", fmt.Sprintf(`{"nbf":%d,`, time.Now().Add(time.Hour).Unix()), 1)
	answer["token"] = segments[0] + "." + base64.RawURLEncoding.EncodeToString([]byte(text)) + "." + segments[2]
	body, err := json.Marshal(answer)
	if err != nil {
		return nil, err
	}
	resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	return resp, nil
}

// REF-15: a token is checked even if it came from the server itself.
func TestREF15_TokensAreChecked(t *testing.T) {
	p := idptest.New(t)
	app, other := p.AddApplication(idp.Application{}), p.AddApplication(idp.Application{})
	p.AddUser("ada@example.com", app.ID, other.ID)
	swap := func(r *http.Request) (*http.Response, error) { // asks for a login at the other application
		body, _ := io.ReadAll(r.Body)
		changed := strings.Replace(string(body), app.ID, other.ID, 1)
		r.Body, r.ContentLength = io.NopCloser(strings.NewReader(changed)), int64(len(changed))
		return http.DefaultTransport.RoundTrip(r)
	}
	for name, change := range map[string]func(*fusionauth.Config){
		"for another application": func(c *fusionauth.Config) { c.Transport = roundTrip(swap) },
		"from another issuer":     func(c *fusionauth.Config) { c.Issuer = "acme.example" },
		"not valid yet":           func(c *fusionauth.Config) { c.Transport = roundTrip(withNotBefore) },
		"expired":                 func(c *fusionauth.Config) { c.Now = func() time.Time { return time.Now().Add(2 * time.Hour) } },
	} {
		c := client(t, func(c *fusionauth.Config) {
			c.URL, c.APIKey, c.ApplicationID = p.URL, latchkey.Secret(p.APIKey), app.ID
			change(c)
		})
		if _, err := c.Login(t.Context(), credentials); err == nil || errors.As(err, new(*latchkey.ProviderError)) || !strings.Contains(err.Error(), "access token") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestConfig(t *testing.T) {
	_, err := fusionauth.New(fusionauth.Config{Timeout: -1})
	for _, field := range []string{"URL", "APIKey", "ApplicationID", "Timeout"} {
		if err == nil || !strings.Contains(err.Error(), "Config."+field) {
			t.Errorf("nothing about %s: %v", field, err)
		}
	}
	for _, bad := range []string{"auth.example.com", "ftp://x", "https://", "https://u:p@x", "https://x?y", "://"} {
		if _, err := fusionauth.New(fusionauth.Config{URL: bad, APIKey: "k", ApplicationID: "a"}); err == nil || strings.Contains(err.Error(), "u:p") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}
