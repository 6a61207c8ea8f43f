package idp_test

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/latchkey-dev/latchkey/idp"
	"github.com/latchkey-dev/latchkey/idp/idptest"
)

// fuzzed is a provider with the limits of a fuzz target: whatever is sent, the
// answer is one that the contract knows, and a failure is empty or JSON.
func fuzzed(f *testing.F) func(t *testing.T, method, path, contentType, body string, statuses ...int) {
	p := idptest.New(f, idptest.WithoutSocket())
	app := p.AddApplication(idp.Application{ID: "00000000-0000-4000-8000-000000000001", ClientSecret: "secret"})
	p.AddUser("ada@example.com", app.ID)
	return func(t *testing.T, method, path, contentType, body string, statuses ...int) {
		r := httptest.NewRequest(method, path, strings.NewReader(body))
		r.Header.Set("Authorization", p.APIKey)
		if path == "/oauth2/token" {
			r.Header.Del("Authorization")
		}
		r.Header.Set("Content-Type", contentType)
		rec := httptest.NewRecorder()
		p.ServeHTTP(rec, r)
		for _, s := range statuses {
			if rec.Code == s {
				a := answer{t, rec.Code, rec.Header(), rec.Body.String()}.want(s)
				documented(t, method, path, "", "", a)
				return
			}
		}
		t.Errorf("status %d, want one of %v", rec.Code, statuses)
	}
}

func FuzzLogin(f *testing.F) {
	send := fuzzed(f)
	f.Add(`{"loginId":"ada@example.com","password":"correct horse battery","applicationId":"00000000-0000-4000-8000-000000000001"}`)
	f.Add(`{"loginId":"ada@example.com","password":"\u0000","loginIdTypes":["username",null]}`)
	f.Add(`{"loginId":"\ud800","password":1e999,"metaData":{"device":[]}}`)
	f.Add(`{"a":` + strings.Repeat("[", 100) + `}`)
	f.Fuzz(func(t *testing.T, body string) {
		send(t, "POST", "/api/login", "application/json", body, http.StatusOK, http.StatusBadRequest, http.StatusNotFound)
	})
}

func FuzzRefresh(f *testing.F) {
	send := fuzzed(f)
	f.Add(`{"refreshToken":"` + strings.Repeat("A", 71) + `","timeToLiveInSeconds":-1}`)
	f.Add(`{"refreshToken":null}`)
	f.Fuzz(func(t *testing.T, body string) {
		send(t, "POST", "/api/jwt/refresh", "application/json", body, http.StatusBadRequest)
	})
}

func FuzzToken(f *testing.F) {
	send := fuzzed(f)
	f.Add("grant_type=refresh_token&client_id=00000000-0000-4000-8000-000000000001&client_secret=secret&refresh_token=x")
	f.Add("grant_type=refresh_token&grant_type=&client_id=%ff;=&=&&")
	f.Fuzz(func(t *testing.T, body string) {
		send(t, "POST", "/oauth2/token", formType, body, http.StatusBadRequest, http.StatusUnauthorized)
	})
}

func FuzzRevoke(f *testing.F) {
	send := fuzzed(f)
	f.Add("application/json", `{"token":"x","userId":null,"eventInfo":{}}`)
	f.Add(formType, "userId="+uuid.NewString())
	f.Add("text/plain", "")
	f.Fuzz(func(t *testing.T, contentType, body string) {
		send(t, "DELETE", "/api/jwt/refresh", contentType, body,
			http.StatusOK, http.StatusBadRequest, http.StatusNotFound, http.StatusUnsupportedMediaType)
		send(t, "POST", "/api/logout", contentType, body, http.StatusOK)
	})
}

func FuzzChangePasswordID(f *testing.F) {
	p := idptest.New(f, idptest.WithoutSocket())
	f.Add("AQ")
	f.Add(strings.Repeat("A", 76))
	f.Fuzz(func(t *testing.T, id string) {
		body := object{"changePasswordId": id, "password": "a fresh password"}.String()
		r := httptest.NewRequest("POST", "/api/user/change-password", strings.NewReader(body))
		rec := httptest.NewRecorder()
		p.ServeHTTP(rec, r)
		if rec.Code != http.StatusNotFound && rec.Code != http.StatusBadRequest {
			t.Errorf("status %d", rec.Code)
		}
	})
}

// FuzzUserCalls: whatever is sent to the calls that write users, the answer is one that the
// contract knows.
func FuzzUserCalls(f *testing.F) {
	send := fuzzed(f)
	f.Add("POST", "/api/user", "application/json", `{"user":{"email":"a@b","password":"a passphrase of mine","data":{"a":[1]}}}`)
	f.Add("PATCH", "/api/user/00000000-0000-4000-8000-000000000009", "application/merge-patch+json", `{"user":{"email":null}}`)
	f.Add("POST", "/api/user/search", "application/json", `{"search":{"queryString":"%_!*","numberOfResults":-1}}`)
	f.Add("POST", "/api/user/import", "application/json", `{"users":[{"email":"a@b","encryptionScheme":"bcrypt","factor":"x","password":"$"}]}`)
	f.Add("POST", "/api/user/registration", "application/json", `{"user":{"email":"c@d","password":"a passphrase of mine"},"registration":{"applicationId":"00000000-0000-4000-8000-000000000001","roles":["\u0000"]}}`)
	paths := regexp.MustCompile(`^/api/user(/search|/import|/registration)?(/[0-9a-f-]{36})?$`)
	f.Fuzz(func(t *testing.T, method, path, contentType, body string) {
		if !paths.MatchString(path) || !slices.Contains([]string{"POST", "PUT", "PATCH"}, method) {
			t.Skip()
		}
		send(t, method, path, contentType, body, http.StatusOK, http.StatusBadRequest, http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusUnsupportedMediaType, http.StatusServiceUnavailable)
	})
}

// FuzzApplicationCalls is the same for the calls that write applications and their roles.
func FuzzApplicationCalls(f *testing.F) {
	send := fuzzed(f)
	const id = "/00000000-0000-4000-8000-000000000001"
	f.Add("POST", "", "application/json", `{"application":{"name":"x","roles":[{"name":"a","isDefault":null},{"id":"x"}]}}`)
	f.Add("PATCH", id, "application/json", `{"application":{"jwtConfiguration":{"timeToLiveInSeconds":1e99}}}`)
	f.Add("POST", id+"/role", "application/json", `{"role":{"name":"\u0000","description":1}}`)
	f.Add("PATCH", id+"/role"+id, "application/merge-patch+json", `{"role":null}`)
	paths := regexp.MustCompile(`^(/[0-9a-f-]{36})?(/role(/[0-9a-f-]{36})?)?$`)
	f.Fuzz(func(t *testing.T, method, path, contentType, body string) {
		if !paths.MatchString(path) || !slices.Contains([]string{"POST", "PUT", "PATCH"}, method) {
			t.Skip()
		}
		send(t, method, "/api/application"+path, contentType, body, http.StatusOK, http.StatusBadRequest, http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusUnsupportedMediaType)
	})
}

// FuzzAPIKeyCalls is the same for the calls that write API keys.
func FuzzAPIKeyCalls(f *testing.F) {
	send := fuzzed(f)
	f.Add("POST", "", "application/json", `{"apiKey":{"permissions":{"endpoints":{"/api/user":["GET",null]}},"expirationInstant":1e18}}`)
	f.Add("PATCH", "/00000000-0000-4000-8000-000000000001", "application/merge-patch+json", `{"apiKey":{"metaData":{"attributes":null}}}`)
	paths := regexp.MustCompile(`^(/[0-9a-f-]{36})?$`)
	f.Fuzz(func(t *testing.T, method, path, contentType, body string) {
		if !paths.MatchString(path) || !slices.Contains([]string{"POST", "PUT", "PATCH"}, method) {
			t.Skip()
		}
		send(t, method, "/api/api-key"+path, contentType, body, http.StatusOK, http.StatusBadRequest, http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusUnsupportedMediaType)
	})
}

// FuzzWebhookCalls is the same for the calls that write webhooks. Nothing is sent: nothing happens
// that they could want.
func FuzzWebhookCalls(f *testing.F) {
	send := fuzzed(f)
	f.Add("POST", "", "application/json", `{"webhook":{"url":"https://a.test/","global":true,"eventsEnabled":{"user.create":true,"x":null},"connectTimeout":1e99}}`)
	f.Add("PUT", "/00000000-0000-4000-8000-000000000001", "application/json", `{"webhook":{"url":"http://[::1","tenantIds":[null,""],"signatureConfiguration":{"enabled":null}}}`)
	f.Add("PATCH", "/00000000-0000-4000-8000-000000000001", "application/json-patch+json", `[{"op":"remove","path":"/webhook/url"}]`)
	paths := regexp.MustCompile(`^(/[0-9a-f-]{36})?$`)
	f.Fuzz(func(t *testing.T, method, path, contentType, body string) {
		if !paths.MatchString(path) || !slices.Contains([]string{"POST", "PUT", "PATCH"}, method) {
			t.Skip()
		}
		send(t, method, "/api/webhook"+path, contentType, body, http.StatusOK, http.StatusBadRequest, http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusUnsupportedMediaType)
	})
}
