package fusionauth_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/fusionauth"
	"github.com/latchkey-dev/latchkey/fusionauth/fusionauthtest"
	"github.com/latchkey-dev/latchkey/fusionauth/internal/backendtest"
)

const (
	jwtRefresh = "POST /api/jwt/refresh"
	oauthToken = "POST /oauth2/token"
	revoke     = "DELETE /api/jwt/refresh/{id}"
)

// refreshCalls runs a test with each of the two refresh calls.
func refreshCalls(t *testing.T, run func(t *testing.T, call string, change func(*fusionauth.Config))) {
	t.Run("jwt", func(t *testing.T) { run(t, jwtRefresh, func(*fusionauth.Config) {}) })
	t.Run("oauth", func(t *testing.T) {
		run(t, oauthToken, func(c *fusionauth.Config) { c.ClientSecret = fusionauthtest.ClientSecret })
	})
}

// policies are the refresh token policies of a server that is not ours.
var policies = map[string]func(*fusionauthtest.State){
	"as installed": func(*fusionauthtest.State) {},
	"one-time": func(s *fusionauthtest.State) {
		s.Applications[0].JWTConfiguration.Enabled = true
		s.Applications[0].JWTConfiguration.RefreshTokenUsagePolicy = "OneTimeUse"
		s.Applications[0].JWTConfiguration.RefreshTokenExpirationPolicy = "SlidingWindowWithMaximumLifetime"
	},
}

// The workflow with a server that is not ours: reusable or one-time tokens, a fixed or a sliding
// lifetime.
func TestWorkflow(t *testing.T) {
	for name, policy := range policies {
		t.Run(name, func(t *testing.T) {
			refreshCalls(t, func(t *testing.T, call string, change func(*fusionauth.Config)) {
				server := fusionauthtest.New(t)
				server.Change(policy)
				workflow(t, backendtest.New(t, server, nil, change), call)
			})
		})
	}
}

func workflow(t *testing.T, b *backendtest.Backend, refreshCall string) {
	br := b.Browser()
	br.Want(br.Get("/api/user"), 404, "not_logged_in", "")
	br.Want(br.Send("POST", "/api/login", `{"email":"ada@example.com","password":"wrong"}`), 401, "invalid_credentials", "")
	br.Want(br.Send("POST", "/api/login", `{"email":"nobody@example.com","password":"wrong"}`), 401, "invalid_credentials", "")
	if got := br.Login(); got.Status != 200 || strings.Contains(got.Body, "only for the backend") || strings.Contains(got.Body, "only-for-the-backend") {
		t.Fatalf("login: %d %s", got.Status, got.Body)
	}
	tried := b.Provider.Calls(refreshCall)
	if got := br.Get("/api/private"); got.Status != 200 || got.Body != "ada@example.com user" || got.SetsCookie("__Host-session") {
		t.Fatalf("with a session: %+v", got)
	}
	for i := range 3 { // silent refreshes
		b.Provider.Change(func(s *fusionauthtest.State) { s.Users[0].Registrations[0].Roles = []string{"user", "admin"} })
		b.Pass(time.Hour)
		if got := br.Get("/api/private"); got.Status != 200 || got.Body != "ada@example.com user admin" || !got.SetsCookie("__Host-session") {
			t.Fatalf("refresh %d: %+v", i, got)
		}
		b.Pass(2 * time.Minute)
		br.Want(br.Get("/api/private"), 200, "", "")
	}
	if n := b.Provider.Calls(refreshCall) - tried; n != 3 {
		t.Errorf("%d calls of %s, want 3", n, refreshCall)
	}
	second := b.Browser()
	second.Login()
	if n := b.Provider.RefreshTokens(fusionauthtest.UserID); n != 2 {
		t.Fatalf("%d refresh tokens, want 2", n)
	}
	br.Want(br.Send("POST", "/api/logout", ""), 204, "", "")
	b.Until("logout revokes the token", func() bool { return b.Provider.RefreshTokens(fusionauthtest.UserID) == 1 })
	br.Want(br.Get("/api/private"), 401, "login_required", "")

	b.Provider.Change(func(s *fusionauthtest.State) { s.Users[0].Inactive = true })
	b.Pass(time.Hour)
	second.Want(second.Get("/api/private"), 401, "login_required", "refresh_refused")
	second.Want(second.Login(), 401, "invalid_credentials", "") // 423 would reveal to anyone that the account is locked
	b.Provider.Change(func(s *fusionauthtest.State) { s.Users[0].Inactive = false })
	second.Want(second.Login(), 200, "", "")
}

// Each documented obstacle to a login reaches the page by its code.
func TestObstacles(t *testing.T) {
	server := fusionauthtest.New(t)
	b := backendtest.New(t, server, nil)
	for _, c := range []struct {
		name   string
		change func(*fusionauthtest.State)
		status int
		code   string
	}{
		{"202", func(s *fusionauthtest.State) { s.Users[0].Registrations = nil }, 403, "not_registered"},
		{"203", func(s *fusionauthtest.State) { s.Users[0].PasswordChangeReason = "Breached" }, 409, "password_change_required"},
		{"212", func(s *fusionauthtest.State) { s.Users[0].Unverified = true }, 403, "email_not_verified"},
		{"213", func(s *fusionauthtest.State) { s.Users[0].Registrations[0].Unverified = true }, 403, "email_not_verified"},
		{"242", func(s *fusionauthtest.State) { s.Users[0].TwoFactor = true }, 409, "two_factor_required"},
		{"409", func(s *fusionauthtest.State) { s.Users[0].Prevented = true }, 401, "invalid_credentials"},
		{"410", func(s *fusionauthtest.State) { s.Users[0].Expired = true }, 401, "invalid_credentials"},
		{"423", func(s *fusionauthtest.State) { s.Users[0].Inactive = true }, 401, "invalid_credentials"},
		{"generateRefreshTokens", func(s *fusionauthtest.State) {
			s.Applications[0].LoginConfiguration.GenerateRefreshTokens = false
		}, 503, "provider_unavailable"},
		{"another application", func(s *fusionauthtest.State) { s.Applications[0].ID = fusionauthtest.TenantID }, 503, "provider_unavailable"},
		{"a key that may not", func(s *fusionauthtest.State) { s.Keys = map[string][]string{server.APIKey: {"GET /api/user"}} }, 503, "provider_unavailable"},
	} {
		t.Run(c.name, func(t *testing.T) {
			user, registration := fusionauthtest.User{}, fusionauthtest.Registration{}
			var app fusionauthtest.Application
			server.Change(func(s *fusionauthtest.State) {
				user, registration, app = *s.Users[0], s.Users[0].Registrations[0], s.Applications[0]
				c.change(s)
			})
			br := b.Browser()
			br.Want(br.Login(), c.status, c.code, "")
			server.Change(func(s *fusionauthtest.State) {
				*s.Users[0] = user
				s.Users[0].Registrations[0], s.Applications[0], s.Keys = registration, app, map[string][]string{server.APIKey: nil}
			})
			br.Want(br.Login(), 200, "", "")
		})
	}
	for _, secret := range []string{fusionauthtest.Password, server.APIKey} {
		if strings.Contains(b.Log.String(), secret) {
			t.Error("a secret is in the log")
		}
	}
	if !strings.Contains(b.Log.String(), "generateRefreshTokens") {
		t.Error("the operator is not told what to switch on")
	}
}

// A response that is not the API's ends nothing and logs nobody out: the cookies stay, and when the
// server is back the session continues.
func TestDisturbedServer(t *testing.T) {
	page := func(status int, contentType, body string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", contentType)
			w.Header().Set("Retry-After", "30")
			w.Header().Set("Location", "https://elsewhere.example/")
			w.WriteHeader(status)
			io.WriteString(w, body)
		})
	}
	refreshCalls(t, func(t *testing.T, call string, change func(*fusionauth.Config)) {
		server := fusionauthtest.New(t)
		b := backendtest.New(t, server, nil, change)
		br := b.Browser()
		br.Want(br.Login(), 200, "", "")
		for name, disturbance := range map[string]http.Handler{
			"HTML 400":           page(400, "text/html", "<h1>Bad Request</h1>"),
			"HTML 401":           page(401, "text/html", "<h1>Unauthorized</h1>"),
			"HTML 404":           page(404, "text/html", "<h1>Not Found</h1>"),
			"JSON 401":           page(401, "application/json", `{"message":"No API key found in request"}`),
			"JSON 404":           page(404, "application/json", `{"message":"no Route matched with those values"}`),
			"HTML 200":           page(200, "text/html", "<h1>Maintenance</h1>"),
			"empty 200":          page(200, "", ""),
			"empty 400":          page(400, "", ""),
			"tenant unknown":     page(400, "application/json", `{"generalErrors":[{"code":"[invalid]X-FusionAuth-TenantId"}]}`),
			"tenant required":    page(400, "application/json", `{"fieldErrors":{},"generalErrors":[{"code":"[TenantIdRequired]"}]}`),
			"wrong secret":       page(401, "application/json", `{"error":"invalid_client","error_reason":"invalid_client_authentication"}`),
			"grant disabled":     page(400, "application/json", `{"error":"unauthorized_client","error_reason":"grant_type_disabled"}`),
			"denied by somebody": page(400, "application/json", `{"error":"access_denied"}`),
			"301":                page(301, "", ""),
			"302":                page(302, "text/html", "moved"),
			"308":                page(308, "", ""),
			"429":                page(429, "", ""),
			"500":                page(500, "application/json", `{"generalErrors":[{"code":"[Exception]"}]}`),
			"503":                page(503, "", ""),
			"504":                page(504, "", ""),
			"cut off": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Length", "1000")
				io.WriteString(w, `{"token":`)
			}),
			"hangs up": http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }),
		} {
			t.Run(name, func(t *testing.T) {
				server.Answer(call, disturbance)
				b.Pass(time.Hour)
				br.Want(br.Get("/api/private"), 503, "provider_unavailable", "")
				server.Answer(call, nil)
				br.Want(br.Get("/api/private"), 200, "", "")
			})
		}
		t.Run("slow", func(t *testing.T) {
			server.Answer(call, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				io.Copy(io.Discard, r.Body)
				<-r.Context().Done()
			}))
			b.Pass(time.Hour)
			br.Want(br.Get("/api/private"), 503, "provider_unavailable", "")
			server.Answer(call, nil)
			br.Want(br.Get("/api/private"), 200, "", "")
		})
	})
}

// What the API says about the user rather than the token ends the session too: otherwise the user
// could neither continue nor log in.
func TestRefusedForTheUser(t *testing.T) {
	json := func(body string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(400)
			io.WriteString(w, body)
		})
	}
	for call, bodies := range map[string][]string{
		jwtRefresh: {
			`{"generalErrors":[{"code":"[UserLockedException]"}]}`, `{"generalErrors":[{"code":"[UserExpiredException]"}]}`, `{"generalErrors":[{"code":"[LoginPreventedException]"}]}`,
		},
		oauthToken: {
			`{"error":"access_denied","error_reason":"user_locked"}`, `{"error":"access_denied","error_reason":"user_expired"}`, `{"error":"access_denied","error_reason":"login_prevented"}`,
			`{"error":"change_password_required","error_reason":"change_password_expired","change_password_id":"x"}`, `{"error":"two_factor_required","error_reason":"multi_factor_challenge_required"}`,
		},
	} {
		for _, body := range bodies {
			t.Run(body, func(t *testing.T) {
				server := fusionauthtest.New(t)
				b := backendtest.New(t, server, nil, func(c *fusionauth.Config) {
					if call == oauthToken {
						c.ClientSecret = fusionauthtest.ClientSecret
					}
				})
				br := b.Browser()
				br.Want(br.Login(), 200, "", "")
				server.Answer(call, json(body))
				b.Pass(time.Hour)
				br.Want(br.Get("/api/private"), 401, "login_required", "refresh_refused")
			})
		}
	}
}

// A lost response with a one-time token: within the grace period the next request brings the
// session back, without one it ends.
func TestLostAnswerOfAOneTimeToken(t *testing.T) {
	for grace, status := range map[int]int{60: 200, 0: 401} {
		server := fusionauthtest.New(t)
		server.Change(func(s *fusionauthtest.State) {
			s.Tenant.JWTConfiguration.RefreshTokenUsagePolicy = "OneTimeUse"
			s.Tenant.JWTConfiguration.RefreshTokenOneTimeUseConfiguration.GracePeriodInSeconds = grace
		})
		b := backendtest.New(t, server, nil)
		br := b.Browser()
		br.Want(br.Login(), 200, "", "")
		b.Pass(time.Hour)
		lost := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			server.Answer(jwtRefresh, nil)
			server.ServeHTTP(discard{http.Header{}}, r)
			panic(http.ErrAbortHandler)
		})
		server.Answer(jwtRefresh, lost)
		br.Want(br.Get("/api/private"), 503, "provider_unavailable", "")
		if got := br.Get("/api/private"); got.Status != status {
			t.Errorf("with a grace period of %d s: %+v", grace, got)
		}
	}
}

type discard struct{ header http.Header }

func (d discard) Header() http.Header       { return d.header }
func (discard) Write(p []byte) (int, error) { return len(p), nil }
func (discard) WriteHeader(int)             {}

// A server older than 1.37 sends no id with the refresh token; logout must end the token all the
// same.
func TestRefreshTokenIDFromTheJWT(t *testing.T) {
	refreshCalls(t, func(t *testing.T, call string, change func(*fusionauth.Config)) {
		server := fusionauthtest.New(t)
		b := backendtest.New(t, server, nil, change, func(c *fusionauth.Config) {
			c.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
				resp, err := http.DefaultTransport.RoundTrip(r)
				if err != nil {
					return nil, err
				}
				body, err := io.ReadAll(resp.Body)
				resp.Body.Close()
				less := strings.NewReplacer(`"refreshTokenId"`, `"x"`, `"refresh_token_id"`, `"x"`).Replace(string(body))
				resp.Body, resp.ContentLength = io.NopCloser(strings.NewReader(less)), int64(len(less))
				return resp, err
			})
		})
		br := b.Browser()
		for _, after := range []time.Duration{0, time.Hour} {
			br.Want(br.Login(), 200, "", "")
			b.Pass(after)
			br.Want(br.Get("/api/private"), 200, "", "")
			br.Want(br.Send("POST", "/api/logout", ""), 204, "", "")
			b.Until("logout revokes the token", func() bool { return server.RefreshTokens(fusionauthtest.UserID) == 0 })
		}
		if server.Calls(revoke) != 2 || server.Calls(call) != 2 { // the first login tries whether it may refresh
			t.Errorf("%d revocations, %d refreshes", server.Calls(revoke), server.Calls(call))
		}
	})
}

// The wrong tenant is our mistake: if it can be detected, nobody is told that the password is
// wrong, and no session ends for it.
func TestWrongTenant(t *testing.T) {
	const other, nowhere = "6fa459ea-ee8a-3ca4-894e-db77e160355e", "16fd2706-8baf-433b-82eb-8c7fada847da"
	refreshCalls(t, func(t *testing.T, call string, change func(*fusionauth.Config)) {
		server := fusionauthtest.New(t)
		server.Change(func(s *fusionauthtest.State) { s.OtherTenantID = other })
		of := func(tenant string) *fusionauth.Client {
			return backendtest.New(t, server, nil, change, func(c *fusionauth.Config) { c.TenantID = tenant }).Client
		}
		credentials := latchkey.Credentials{LoginID: fusionauthtest.Email, Password: fusionauthtest.Password}
		grant, err := of(fusionauthtest.TenantID).Login(t.Context(), credentials)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := of("").Login(t.Context(), credentials); err != nil {
			t.Errorf("without a tenant: %v", err)
		}
		if _, err := of(nowhere).Login(t.Context(), credentials); err == nil || errors.As(err, new(*latchkey.ProviderError)) {
			t.Errorf("a login in a nonexistent tenant: %v", err)
		}
		for _, tenant := range []string{other, nowhere} {
			if _, err := of(tenant).Refresh(t.Context(), latchkey.Renewal{RefreshToken: grant.RefreshToken}); err == nil || errors.As(err, new(*latchkey.ProviderError)) || !strings.Contains(err.Error(), "tenant") {
				t.Errorf("a refresh in tenant %s: %v", tenant, err)
			}
		}
		if _, err := of(fusionauthtest.TenantID).Refresh(t.Context(), latchkey.Renewal{RefreshToken: grant.RefreshToken}); err != nil {
			t.Errorf("the token afterwards: %v", err)
		}
	})
}
