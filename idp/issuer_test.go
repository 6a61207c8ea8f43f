package idp_test

import (
	"database/sql"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pressly/goose/v3"

	"github.com/latchkey-dev/latchkey/idp"
	"github.com/latchkey-dev/latchkey/idp/idptest"
)

// issuer is what the discovery document of the default tenant says, or of another.
func (w *world) issuer(tenantID string) string {
	w.t.Helper()
	if tenantID != "" {
		tenantID = "/" + tenantID
	}
	return w.send("GET", tenantID+"/.well-known/openid-configuration", "", "").want(http.StatusOK).text("issuer")
}

// setIssuer patches the issuer of ada's tenant, the default one.
func (w *world) setIssuer(name string) answer {
	w.t.Helper()
	return w.keyed("PATCH", "/api/tenant/"+w.user.TenantID, object{"tenant": object{"issuer": name}}.String())
}

// reopened is a provider on a file, with the clock of w.
func (w *world) reopened(path string, change func(*idp.Config)) *world {
	w.t.Helper()
	other := *w
	other.Provider = idptest.New(w.t, idptest.WithoutSocket(), idptest.WithConfig(func(c *idp.Config) {
		c.Path, c.Now = path, w.clock.now
		change(c)
	}))
	return &other
}

// TestIssuer_firstStart: a new database takes the provider's own URL, and keeps it when the address
// changes.
func TestIssuer_firstStart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "idp.db")
	w := newWorld(t, idptest.WithConfig(func(c *idp.Config) { c.Path, c.Postgres, c.URL = path, "", "https://auth.example.com" }))
	if got := w.issuer(""); got != "https://auth.example.com" || w.verified(w.token()).Iss != got {
		t.Errorf("issuer %q", got)
	}
	must(t, w.Close())
	w = w.reopened(path, func(c *idp.Config) { c.URL = "https://id.example.com" })
	if got := w.issuer(""); got != "https://auth.example.com" {
		t.Errorf("issuer %q after the address has changed", got)
	}
	must(t, w.Close())
	w = w.reopened(path, func(c *idp.Config) { c.Issuer = "https://id.example.com" })
	if got := w.issuer(""); got != "https://id.example.com" || w.verified(w.token()).Iss != got {
		t.Errorf("issuer %q, not that of the configuration", got)
	}
	must(t, w.Close())
	w = w.reopened(path, func(*idp.Config) {})
	if got := w.issuer(""); got != "https://id.example.com" {
		t.Errorf("issuer %q after the configuration no longer names one", got)
	}
}

// TestIssuer_changed: what is issued names the new issuer everywhere from that moment. Tokens that
// name the one before stay good until they expire, and not longer.
func TestIssuer_changed(t *testing.T) {
	w := newWorld(t)
	const next = "https://id.example.com/shop"
	before := w.login(nil).want(http.StatusOK)
	old, refresh := before.text("token"), before.text("refreshToken")
	w.clock.advance(30 * time.Minute)
	var changed struct{ Tenant struct{ Issuer string } }
	w.setIssuer(next).want(http.StatusOK).decode(&changed)
	if changed.Tenant.Issuer != next || w.issuer("") != next {
		t.Errorf("the tenant says %q, discovery %q", changed.Tenant.Issuer, w.issuer(""))
	}
	answer := w.refresh(refresh).want(http.StatusOK)
	fresh := answer.text("token")
	granted := w.exchange(answer.text("refreshToken")).want(http.StatusOK).text("access_token")
	for name, token := range map[string]string{"login": w.token(), "refresh": fresh, "/oauth2/token": granted} {
		if iss := w.verified(token).Iss; iss != next {
			t.Errorf("%s: issuer %q", name, iss)
		}
		if iss := w.introspect("token", token).want(http.StatusOK).text("iss"); iss != next {
			t.Errorf("%s: introspection says %q", name, iss)
		}
	}
	if iss := w.introspect("token", old).want(http.StatusOK).text("iss"); iss != w.URL || !w.valid(old) {
		t.Errorf("introspection of the old token says %q", iss)
	}
	w.send("GET", "/oauth2/userinfo", "", "", "Authorization", "Bearer "+old).want(http.StatusOK)
	w.clock.advance(30*time.Minute - time.Millisecond)
	if !w.valid(old) {
		t.Error("the old token is not good until it expires")
	}
	w.clock.advance(time.Millisecond)
	if w.valid(old) {
		t.Error("the old token is good for too long")
	}
}

// TestIssuer_formerEnds: an application's key can sign tokens of any length, but not in the name of
// an issuer of long ago, or of another provider.
func TestIssuer_formerEnds(t *testing.T) {
	w := newTwoTenants(t)
	long := w.forge(nil)
	if !w.valid(long) || w.valid(w.forge(object{"iss": "https://evil.example.com"})) || w.valid(w.forge(object{"iss": nil})) || w.valid(w.forge(object{"iss": "\x00"})) || w.valid(w.forge(object{"tid": "\x00"})) {
		t.Fatal("the issuer is not checked")
	}
	w.setIssuer("https://id.example.com").want(http.StatusOK) // the shop's tenant has no issuer of its own
	w.clock.advance(time.Hour + time.Minute - time.Millisecond)
	if !w.valid(long) {
		t.Error("a token of the former issuer is refused while such tokens live")
	}
	w.clock.advance(time.Millisecond)
	if w.valid(long) {
		t.Error("the former issuer is good forever")
	}
	if !w.valid(w.forge(object{"iss": "https://id.example.com"})) {
		t.Error("the new one is not")
	}
}

// TestIssuer_longLivedTokens: the application whose tokens live longest decides how long the former
// issuer is good.
func TestIssuer_longLivedTokens(t *testing.T) {
	w := newWorldOf(t, idp.Application{AccessTokenTTL: 5 * time.Hour})
	old := w.token()
	w.setIssuer("https://id.example.com").want(http.StatusOK)
	w.setIssuer("https://login.example.com").want(http.StatusOK)
	w.clock.advance(5*time.Hour - time.Second)
	if !w.valid(old) {
		t.Error("a token of five hours is refused before its end")
	}
}

// TestIssuer_ofTenants: a tenant without an issuer of its own has the default tenant's.
func TestIssuer_ofTenants(t *testing.T) {
	w := newTwoTenants(t)
	const own, path = "https://auth.example.com/shop", "/api/tenant/"
	say := func(issuer any) answer {
		t.Helper()
		return w.keyed("PATCH", path+w.tenant, object{"tenant": object{"issuer": issuer}}.String())
	}
	shops := func(want string) {
		t.Helper()
		token := w.login(object{"applicationId": w.shop.ID, "loginId": "bob@example.com"}).want(http.StatusOK).text("token")
		if iss := w.introspect("token", token, "client_id", w.shop.ID).want(http.StatusOK).text("iss"); w.issuer(w.tenant) != want || iss != want {
			t.Errorf("discovery %q, token %q; want %q", w.issuer(w.tenant), iss, want)
		}
	}
	shops(w.URL)
	w.keyed("PATCH", path+w.tenant, `{"tenant":{"name":"Renamed"}}`).want(http.StatusOK)
	w.setIssuer("https://auth.example.com").want(http.StatusOK)
	shops("https://auth.example.com") // the patch of the name gave it none
	say(own).want(http.StatusOK)
	w.setIssuer("https://id.example.com").want(http.StatusOK)
	shops(own)
	if got := w.send("GET", "/.well-known/openid-configuration?tenantId="+w.tenant, "", "").want(http.StatusOK).text("issuer"); got != own {
		t.Errorf("by parameter: %q", got)
	}
	say(nil).want(http.StatusOK)
	shops("https://id.example.com")
	w.setIssuer("").want(http.StatusOK) // the default tenant keeps its own
	shops("https://id.example.com")
	w.keyed("PUT", path+w.user.TenantID, `{"tenant":{"name":"Default"}}`).want(http.StatusOK)
	shops("https://id.example.com")
	must(t, w.EnsureTenant(t.Context(), idp.Tenant{ID: w.tenant, Name: "The shop's", Issuer: own}))
	shops(own)
}

// notIssuers are refused wherever an issuer is named, with what is wrong with them.
var notIssuers = map[string]string{
	"latchkeys": "absolute URL", "acme.com": "absolute URL", "ftp://example.com": "absolute URL", "https://": "absolute URL", "https://a\x00": "absolute URL",
	"https://example.com/": "slash", "https://example.com?x=1": "query", "https://example.com#x": "fragment", "https://ada@example.com": "user name",
	"https://" + strings.Repeat("a", 255): "longer than 255 bytes",
}

func TestIssuer_refused(t *testing.T) {
	w := newWorld(t)
	for bad, why := range notIssuers {
		for name, call := range map[string]answer{
			"PATCH": w.setIssuer(bad),
			"PUT":   w.keyed("PUT", "/api/tenant/"+w.user.TenantID, object{"tenant": object{"name": "Default", "issuer": bad}}.String()),
			"POST":  w.keyed("POST", "/api/tenant", object{"tenant": object{"name": "x", "issuer": bad}}.String()),
		} {
			if call.wantCode("[invalid]tenant.issuer"); !strings.Contains(call.body, why) {
				t.Errorf("%s %q: %s, want %q", name, bad, call.body, why)
			}
		}
		err := w.ChangeTenant(t.Context(), "", func(t *idp.Tenant) { t.Issuer = bad })
		if wrong, ok := err.(idp.ValidationError); !ok || len(wrong) != 1 || wrong[0].Code() != "[invalid]tenant.issuer" {
			t.Errorf("ChangeTenant %q: %v", bad, err)
		}
		for field, c := range map[string]idp.Config{"Issuer": {Secret: idp.Secret{1}, Issuer: bad}, "URL": {Secret: idp.Secret{1}, URL: bad}} {
			s, err := idp.Open(t.Context(), c)
			if err == nil {
				s.Close()
			}
			if err == nil || !strings.HasPrefix(err.Error(), "idp: Config."+field+": ") || !strings.Contains(err.Error(), why) {
				t.Errorf("Config.%s %q: %v, want %q", field, bad, err, why)
			}
		}
	}
	if w.issuer("") != w.URL {
		t.Error("what was refused is in force")
	}
}

// TestIssuer_ofConfiguration: what the configuration says, only the configuration changes: the next
// start would undo a patch.
func TestIssuer_ofConfiguration(t *testing.T) {
	const fixed = "https://id.example.com"
	w := newWorld(t, idptest.WithConfig(func(c *idp.Config) { c.Issuer = fixed }))
	if a := w.setIssuer("https://auth.example.com").wantCode("[invalid]tenant.issuer"); !strings.Contains(a.body, "configuration") {
		t.Error(a.body)
	}
	w.setIssuer(fixed).want(http.StatusOK)
	if w.issuer("") != fixed {
		t.Error(w.issuer(""))
	}
}

// TestIssuer_existingDatabase: a database from before there was a choice keeps its issuer, with
// whatever URL it is opened, until it is changed.
func TestIssuer_existingDatabase(t *testing.T) {
	path := filepath.Join(t.TempDir(), "idp.db")
	w := at(t, path)
	must(t, w.EnsureTenant(t.Context(), idp.Tenant{ID: otherTenant, Name: "Other"}))
	must(t, w.Close())
	db, err := sql.Open("sqlite", path)
	must(t, err)
	p, err := goose.NewProvider(goose.DialectSQLite3, db, os.DirFS("internal/database/schema/sqlite"))
	must(t, err)
	_, err = p.DownTo(t.Context(), 11)
	must(t, err)
	must(t, db.Close())

	w = w.reopened(path, func(c *idp.Config) { c.URL = "https://auth.example.com" })
	old := w.token()
	if w.issuer("") != "latchkey" || w.issuer(otherTenant) != "latchkey" || w.verified(old).Iss != "latchkey" {
		t.Errorf("issuer %q", w.issuer(""))
	}
	w.setIssuer("latchkey").want(http.StatusOK) // what was read is taken back
	w.setIssuer("https://auth.example.com").want(http.StatusOK)
	if w.issuer("") != "https://auth.example.com" || w.issuer(otherTenant) != "https://auth.example.com" || !w.valid(old) {
		t.Errorf("issuer %q after the change", w.issuer(""))
	}
	w.setIssuer("latchkey").wantCode("[invalid]tenant.issuer")
}

// TestIssuer_discovery: the addresses in the document are those at which the client reaches the
// provider, behind a proxy with TLS and a path of its own, too.
func TestIssuer_discovery(t *testing.T) {
	w := newTwoTenants(t)
	for _, c := range []struct{ issuer, tenant, keys string }{
		{"https://idp.test", "", "https://idp.test/.well-known/jwks.json"},
		{"https://idp.test/auth", "", "https://idp.test/auth/.well-known/jwks.json"},
		{"https://elsewhere.example.com", "", "http://idp.test/.well-known/jwks.json"},
	} {
		w.setIssuer(c.issuer).want(http.StatusOK)
		a := w.send("GET", "/.well-known/openid-configuration", "", "").want(http.StatusOK)
		if a.text("issuer") != c.issuer || a.text("jwks_uri") != c.keys {
			t.Errorf("%s: %s", c.issuer, a.body)
		}
	}
	must(t, w.ChangeTenant(t.Context(), w.tenant, func(t *idp.Tenant) { t.Issuer = "https://idp.test/" + t.ID }))
	a := w.send("GET", "/"+w.tenant+"/.well-known/openid-configuration", "", "").want(http.StatusOK)
	if a.text("issuer") != "https://idp.test/"+w.tenant || a.text("token_endpoint") != "https://idp.test/oauth2/token" {
		t.Error(a.body)
	}
}

// TestIssuer_nodes: nodes that start together on an empty database agree on the issuer of one of
// them, and a change at one is in force at all, at once.
func TestIssuer_nodes(t *testing.T) {
	url := sharedPostgres(t).Database(t)
	servers := make([]*idp.Server, 4)
	var all sync.WaitGroup
	for i := range servers {
		all.Go(func() {
			s, err := idp.Open(t.Context(), idp.Config{Postgres: idp.PostgresURL(url), Secret: idp.Secret{1}, URL: "https://" + string(rune('a'+i)) + ".example.com"})
			if err != nil {
				t.Error(err)
				return
			}
			t.Cleanup(func() { s.Close() })
			servers[i] = s
		})
	}
	all.Wait()
	if t.Failed() {
		return
	}
	first, err := servers[0].DefaultTenant(t.Context())
	must(t, err)
	if !strings.HasSuffix(first.Issuer, ".example.com") {
		t.Errorf("issuer %q", first.Issuer)
	}
	w := onURL(t, url)
	other := w.node(url)
	other.APIKey = w.APIKey
	old := w.token()
	if w.verified(old).Iss != first.Issuer || other.issuer("") != first.Issuer {
		t.Errorf("the nodes disagree: %q, %q, %q", w.verified(old).Iss, other.issuer(""), first.Issuer)
	}
	w.setIssuer("https://id.example.com").want(http.StatusOK)
	if other.issuer("") != "https://id.example.com" || w.verified(other.token()).Iss != "https://id.example.com" || !other.valid(old) || !other.valid(w.token()) {
		t.Error("the other node does not follow the change")
	}
	// of two changes at once the later stands, and tokens of every issuer on the way stay good
	all.Go(func() { w.setIssuer("https://one.example.com").want(http.StatusOK) })
	all.Go(func() { other.setIssuer("https://two.example.com").want(http.StatusOK) })
	all.Wait()
	if now := w.issuer(""); now != other.issuer("") || !w.valid(old) || !other.valid(w.token()) {
		t.Errorf("issuers %q and %q", now, other.issuer(""))
	}
}
