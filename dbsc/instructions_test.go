package dbsc_test

import (
	"encoding/json"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/latchkey-dev/latchkey/dbsc"
)

func boundCookie() *http.Cookie {
	return &http.Cookie{Name: "__Host-bound", Value: "v", Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteStrictMode, MaxAge: 720}
}

func instructions(t *testing.T) dbsc.Instructions {
	t.Helper()
	credential, err := dbsc.CredentialOf(boundCookie())
	if err != nil {
		t.Fatal(err)
	}
	return dbsc.Instructions{
		SessionID:   "sess1",
		RefreshURL:  "/dbsc/refresh",
		Scope:       dbsc.Scope{Rules: []dbsc.ScopeRule{{Type: dbsc.Exclude, Domain: "*", Path: "/dbsc/register"}}},
		Credentials: []dbsc.Credential{credential},
	}
}

func TestInstructions(t *testing.T) {
	want := instructions(t)
	text, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	const wantText = `{"session_identifier":"sess1","refresh_url":"/dbsc/refresh",` +
		`"scope":{"include_site":false,"scope_specification":[{"type":"exclude","domain":"*","path":"/dbsc/register"}]},` +
		`"credentials":[{"type":"cookie","name":"__Host-bound","attributes":"Path=/; HttpOnly; Secure; SameSite=Strict"}]}`
	if string(text) != wantText {
		t.Errorf("%s", text)
	}
	var got dbsc.Instructions
	if err := json.Unmarshal(text, &got); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestTermination(t *testing.T) {
	text, err := json.Marshal(dbsc.Termination{SessionID: "sess1"})
	if err != nil || string(text) != `{"session_identifier":"sess1","continue":false}` {
		t.Errorf("%s, %v", text, err)
	}
	if _, err := json.Marshal(dbsc.Termination{}); err == nil {
		t.Error("no id")
	}
}

func TestInstructions_refused(t *testing.T) {
	for why, change := range map[string]func(*dbsc.Instructions){
		"no id":                       func(i *dbsc.Instructions) { i.SessionID = "" },
		"an id that no header holds":  func(i *dbsc.Instructions) { i.SessionID = "sess\n" },
		"a refresh URL without TLS":   func(i *dbsc.Instructions) { i.RefreshURL = "http://example.com/refresh" },
		"a refresh URL without host":  func(i *dbsc.Instructions) { i.RefreshURL = "https:refresh" },
		"no credential":               func(i *dbsc.Instructions) { i.Credentials = nil },
		"an invalid credential":       func(i *dbsc.Instructions) { i.Credentials[0].Attributes += "; Max-Age=1" },
		"an origin with a path":       func(i *dbsc.Instructions) { i.Scope.Origin = "https://example.com/" },
		"an origin without TLS":       func(i *dbsc.Instructions) { i.Scope.Origin = "http://example.com" },
		"a rule without type":         func(i *dbsc.Instructions) { i.Scope.Rules[0].Type = "" },
		"a rule without domain":       func(i *dbsc.Instructions) { i.Scope.Rules[0].Domain = "" },
		"a rule for half a host name": func(i *dbsc.Instructions) { i.Scope.Rules[0].Domain = "a*.example.com" },
		"a rule for a URL":            func(i *dbsc.Instructions) { i.Scope.Rules[0].Domain = "https://example.com" },
		"a rule without path":         func(i *dbsc.Instructions) { i.Scope.Rules[0].Path = "" },
	} {
		i := instructions(t)
		change(&i)
		if text, err := json.Marshal(i); err == nil {
			t.Errorf("%s: %s", why, text)
		}
	}
	for why, change := range map[string]func(*dbsc.Instructions){
		"the URL of the request": func(i *dbsc.Instructions) { i.RefreshURL = "" },
		"an absolute URL":        func(i *dbsc.Instructions) { i.RefreshURL = "https://example.com/refresh" },
		"a site":                 func(i *dbsc.Instructions) { i.Scope.IncludeSite, i.Scope.Origin = true, "https://example.com:8443" },
		"all hosts below":        func(i *dbsc.Instructions) { i.Scope.Rules[0].Domain = "*.example.com" },
	} {
		i := instructions(t)
		change(&i)
		if _, err := json.Marshal(i); err != nil {
			t.Errorf("%s: %v", why, err)
		}
	}
}

func TestCredential(t *testing.T) {
	for _, c := range []struct {
		name, attributes string
		ok               bool
	}{
		{"__Host-bound", "Path=/; Secure; HttpOnly; SameSite=Lax", true},
		{"__Host-bound", "samesite=lax;httponly;secure;path=/", true},
		{"__Secure-bound", "Path=/; Domain=example.com; Secure", true},
		{"bound", "Path=/app", true},
		{"bound", "Path=/; Secure; SameSite=None", true},
		{"__Http-bound", "Path=/; Secure; HttpOnly", true},
		{"__Host-Http-bound", "Path=/; Secure; HttpOnly", false},
		{"__host-http-bound", "Path=/; Secure; HttpOnly", false},
		{"__Http-bound", "Path=/; Secure", false},
		{"__Host-bound", "Path=/", false},
		{"__HOST-bound", "Path=/", false},
		{"__Host-bound", "Path=/app; Secure", false},
		{"__Host-bound", "Secure", false},
		{"__Host-bound", "Path=/; Domain=example.com; Secure", false},
		{"__Secure-bound", "Path=/", false},
		{"bound", "", false},
		{"bound", "Path=app", false},
		{"bound", "Path=/; SameSite=None", false},
		{"bound", "Path=/; SameSite=Default", false},
		{"bound", "Path=/; Max-Age=600", false},
		{"bound", "Path=/; Expires=Wed, 21 Oct 2026 07:28:00 GMT", false},
		{"bound", "Path=/; Partitioned; Secure", false},
		{"bound", "Path=/; Priority=High", false},
		{"bo und", "Path=/", false},
		{"", "Path=/", false},
	} {
		if err := (dbsc.Credential{Name: c.name, Attributes: c.attributes}).Validate(); (err == nil) != c.ok {
			t.Errorf("%s: %s: %v", c.name, c.attributes, err)
		}
	}
}

// TestCredentialOf: what Set-Cookie says is what the attributes say.
func TestCredentialOf(t *testing.T) {
	for _, c := range []*http.Cookie{
		boundCookie(),
		{Name: "bound", Path: "/app", Domain: ".example.com", Secure: true, SameSite: http.SameSiteNoneMode},
		{Name: "bound", Path: "/", SameSite: http.SameSiteDefaultMode},
		{Name: "bound", Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode},
	} {
		credential, err := dbsc.CredentialOf(c)
		if err != nil {
			t.Fatal(err)
		}
		sent := *c
		sent.MaxAge = 0
		if got, want := credential.Name+"="+c.Value+"; "+credential.Attributes, sent.String(); got != want {
			t.Errorf("%s, want %s", got, want)
		}
		back, err := credential.Cookie()
		if err != nil || back.Path != c.Path || back.Domain != strings.TrimPrefix(c.Domain, ".") || back.Secure != c.Secure || back.HttpOnly != c.HttpOnly {
			t.Errorf("%+v, %v", back, err)
		}
	}
	for why, change := range map[string]func(*http.Cookie){
		"no name":                func(c *http.Cookie) { c.Name = "" },
		"a path for two headers": func(c *http.Cookie) { c.Path = "/\n" },
		"not secure":             func(c *http.Cookie) { c.Secure = false },
		"no path":                func(c *http.Cookie) { c.Path = "" },
		"partitioned":            func(c *http.Cookie) { c.Partitioned = true },
	} {
		c := boundCookie()
		change(c)
		if got, err := dbsc.CredentialOf(c); err == nil {
			t.Errorf("%s: %+v", why, got)
		}
	}
}
