package idp_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/latchkey-dev/latchkey/idp"
	"github.com/latchkey-dev/latchkey/idp/idptest"
)

// TestEvents: each call raises its events, in this order, and no others.
func TestEvents(t *testing.T) {
	const revoked = "jwt.refresh-token.revoke"
	seen := map[string]bool{}
	var all []string
	ada := func(w *world) string { return "/api/user/" + w.user.ID }
	for _, c := range []struct {
		name string
		call func(w *world)
		want []string
	}{
		{"create", func(w *world) {
			w.keyed("POST", "/api/user", `{"user":{"email":"bob@example.com","password":"a passphrase of mine"}}`).want(200)
		}, []string{"user.create"}},
		{"create with registration", func(w *world) {
			w.keyed("POST", "/api/user/registration", object{"user": object{"email": "bob@example.com", "password": "a passphrase of mine"}, "registration": object{"applicationId": w.app.ID}}.String()).want(200)
		}, []string{"user.create", "user.registration.create"}},
		{"update", func(w *world) { w.keyed("PATCH", ada(w), `{"user":{"firstName":"Ada"}}`).want(200) }, []string{"user.update"}},
		{"update with password", func(w *world) {
			w.loggedIn()
			w.keyed("PATCH", ada(w), `{"user":{"password":"a passphrase of mine"}}`).want(200)
		}, []string{"user.login.success", "user.update", "user.password.update", revoked}},
		{"deactivate and reactivate", func(w *world) {
			w.loggedIn()
			w.keyed("DELETE", ada(w), "").want(200)
			w.keyed("PUT", ada(w)+"?reactivate=true", "").want(200)
		}, []string{"user.login.success", "user.deactivate", revoked, "user.reactivate"}},
		{"deactivate without tokens", func(w *world) { w.keyed("DELETE", ada(w), "").want(200) }, []string{"user.deactivate"}},
		{"delete", func(w *world) { w.keyed("DELETE", ada(w)+"?hardDelete=true", "").want(200) }, []string{"user.delete"}},
		{"import", func(w *world) {
			w.keyed("POST", "/api/user/import", `{"users":[{"email":"bob@example.com","password":"a passphrase of mine"},{"email":"eve@example.com","password":"a passphrase of mine"}]}`).want(200)
		}, []string{"user.bulk.create"}},
		{"verify", func(w *world) { must(w.t, w.SetUserVerified(w.t.Context(), w.user.ID, true)) }, []string{"user.email.verified"}},
		{"verify by mail", func(w *world) {
			w.keyed("POST", "/api/user", `{"user":{"email":"bob@example.com","password":"a passphrase of mine"}}`).want(200)
			id := w.keyed("PUT", "/api/user/verify-email?sendVerifyEmail=false&email=bob@example.com", "").want(200).text("verificationId")
			w.send("POST", "/api/user/verify-email", "application/json", object{"verificationId": id}.String()).wantEmpty(200)
		}, []string{"user.create", "user.email.verified"}},
		{"login fails", func(w *world) {
			w.login(object{"password": "wrong"}).wantEmpty(404)
			w.login(object{"loginId": "nobody@example.com"}).wantEmpty(404)
		}, []string{"user.login.failed"}},
		{"second factor", func(w *world) {
			enrolled(w)
			must(w.t, w.DisableTwoFactor(w.t.Context(), w.user.ID))
			must(w.t, w.DisableTwoFactor(w.t.Context(), w.user.ID)) // it is gone
		}, []string{"user.two-factor.method.add", "user.two-factor.method.remove"}},
		{"registration", func(w *world) {
			path := "/api/user/registration/" + w.user.ID + "/" + w.app.ID
			w.loggedIn()
			w.keyed("PUT", path, `{"registration":{"roles":["admin"]}}`).want(200)
			w.keyed("DELETE", path, "").want(200)
			w.keyed("DELETE", path, "").want(404)
			w.keyed("POST", "/api/user/registration/"+w.user.ID, object{"registration": object{"applicationId": w.app.ID}}.String()).want(200)
		}, []string{"user.login.success", "user.registration.update", "user.registration.delete", revoked, "user.registration.create"}},
		{"logout", func(w *world) {
			token, _ := w.loggedIn()
			for range 2 { // the second ends nothing
				w.send("POST", "/api/logout?refreshToken="+token, "", "").want(200)
			}
		}, []string{"user.login.success", revoked}},
		{"tokens of a user", func(w *world) {
			w.loggedIn()
			for range 2 {
				w.keyed("DELETE", "/api/jwt/refresh?userId="+w.user.ID, "").want(200)
			}
		}, []string{"user.login.success", revoked}},
		{"delete an application", func(w *world) {
			w.loggedIn()
			must(w.t, w.DeleteApplication(w.t.Context(), w.app.ID))
		}, []string{"user.login.success", revoked}},
		{"change password by login id", func(w *world) {
			w.keyed("POST", "/api/user/change-password", `{"loginId":"ada@example.com","password":"a passphrase of mine"}`).want(200)
		}, []string{"user.password.update"}},
		{"refused", func(w *world) {
			w.keyed("POST", "/api/user", `{"user":{"email":"ada@example.com","password":"a passphrase of mine"}}`).want(400)
			w.AddUser("bob@example.com")
			w.keyed("PUT", ada(w), `{"user":{"email":"bob@example.com"}}`).want(400)
			w.keyed("DELETE", "/api/user/"+uuid.NewString()+"?hardDelete=true", "").want(404)
			w.keyed("POST", "/api/user/import", `{"users":[{"email":"new@example.com","password":"a passphrase of mine"},{"email":"bob@example.com","password":"a passphrase of mine"}]}`).want(400)
		}, []string{"user.create"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHearing(t)
			w := newWorld(t, h.option())
			if all = w.eventTypes(); !slices.Contains(all, revoked) {
				t.Fatal(all)
			}
			w.hook("all.test")
			c.call(w)
			w.keyed("POST", "/api/user/import", `{"users":[{"email":"last@example.com","password":"a passphrase of mine"}]}`).want(200)
			var got []heard
			for range len(c.want) + 1 {
				got = append(got, h.next())
			}
			list := types(got)
			if slices.Contains(c.want, "user.login.failed") { // it is raised in the background
				slices.Sort(list)
				list = append(list[1:], list[0])
			}
			if want := append(slices.Clone(c.want), "user.bulk.create"); !slices.Equal(list, want) {
				t.Fatalf("%v, want %v", list, want)
			}
			for _, one := range got {
				seen[one.event.Type] = true
				w.plausible(one)
			}
		})
	}
	for _, eventType := range all {
		if !seen[eventType] {
			t.Errorf("nothing has raised %s", eventType)
		}
	}
}

// plausible holds an event to what is true of all of its type.
func (w *world) plausible(one heard) {
	w.t.Helper()
	e := one.event
	if _, err := uuid.Parse(e.ID); err != nil || e.CreateInstant == 0 || e.TenantID != w.user.TenantID || one.header.Get("Content-Type") != "application/json" {
		w.t.Errorf("%s %v", one.body, one.header)
	}
	if strings.Contains(one.body, idptest.Password) || strings.Contains(one.body, "passphrase") || strings.Contains(one.body, `"token"`) || strings.Contains(one.body, "argon2") {
		w.t.Errorf("%s has a secret in it", one.body)
	}
	aboutUser := e.UserID != "" && e.User["id"] == e.UserID
	switch e.Type {
	case "user.bulk.create":
		aboutUser = e.UserID == "" && len(e.Users) > 0 && e.Users[0]["id"] != ""
	case "user.deactivate":
		aboutUser = aboutUser && e.User["active"] == false
	case "user.update":
		aboutUser = aboutUser && e.Original["id"] == e.UserID && e.Original["firstName"] == nil
	case "user.login.failed":
		aboutUser = aboutUser && e.Reason.Code == "credentials" && e.Info.IPAddress == "192.0.2.1"
	case "user.login.success":
		aboutUser = aboutUser && e.ApplicationID == w.app.ID && e.AuthenticationType == "PASSWORD" && e.Info.IPAddress == "192.0.2.1"
	case "user.registration.create", "user.registration.update", "user.registration.delete":
		aboutUser = aboutUser && e.ApplicationID == w.app.ID && e.Registration["applicationId"] == w.app.ID
	case "user.two-factor.method.add", "user.two-factor.method.remove":
		aboutUser = aboutUser && e.Method.Method == "authenticator" && e.Method.ID != ""
	case "jwt.refresh-token.revoke":
		if e.UserID == "" {
			aboutUser = e.ApplicationID == w.app.ID
		}
		if ttl := e.ApplicationTimeToLiveInSeconds; len(ttl) != 1 || ttl[w.app.ID] != 3600 {
			w.t.Errorf("times to live in %s", one.body)
		}
	}
	if !aboutUser {
		w.t.Errorf("%s", one.body)
	}
}

// TestRevocationShapes: of one token, of a user, of a user in an application, of an application.
func TestRevocationShapes(t *testing.T) {
	h := newHearing(t)
	w := newWorld(t, h.option())
	w.hook("all.test", "jwt.refresh-token.revoke")
	forums := w.AddApplication(idp.Application{})
	must(t, w.Register(t.Context(), w.user.ID, forums.ID, "user"))
	for _, c := range []struct {
		query, user, application string
		one                      bool
		ttls                     int
	}{
		{"/{id}", w.user.ID, w.app.ID, true, 1},
		{"?userId=" + w.user.ID, w.user.ID, "", false, 2},
		{"?userId=" + w.user.ID + "&applicationId=" + w.app.ID, w.user.ID, w.app.ID, false, 1},
		{"?applicationId=" + w.app.ID, "", w.app.ID, false, 1},
	} {
		_, id := w.loggedIn()
		w.login(object{"applicationId": forums.ID}).want(http.StatusOK)
		w.keyed("DELETE", "/api/jwt/refresh"+strings.ReplaceAll(c.query, "{id}", id), "").wantEmpty(http.StatusOK)
		one := h.next()
		e := one.event
		if e.UserID != c.user || e.ApplicationID != c.application || len(e.ApplicationTimeToLiveInSeconds) != c.ttls || (e.RefreshToken["id"] == id) != c.one || e.RefreshToken["token"] != nil {
			t.Errorf("%s: %s", c.query, one.body)
		}
		w.clock.advance(1000_000_000)
	}
}

func TestWebhooks(t *testing.T) {
	h := newHearing(t)
	w := newWorld(t, h.option())
	id := uuid.NewString()
	request := func(more object) string {
		hook := object{"url": "https://a.test/x?y=z", "global": true, "eventsEnabled": object{"user.create": true, "user.delete": false, "jwt.refresh": false}}
		for k, v := range more {
			hook[k] = v
		}
		return object{"webhook": hook}.String()
	}
	made := w.keyed("POST", "/api/webhook/"+id, request(object{"description": "ours"})).webhook()
	if made.ID != id || made.URL != "https://a.test/x?y=z" || made.Description != "ours" || made.ConnectTimeout != 1000 || made.ReadTimeout != 2000 || !made.Global ||
		!made.EventsEnabled["user.create"] || made.EventsEnabled["user.delete"] || !made.SignatureConfiguration.Enabled {
		t.Errorf("%+v", made)
	}
	path := "/api/webhook/" + id
	put := w.keyed("PUT", path, request(object{"global": false, "tenantIds": []string{strings.ToUpper(w.user.TenantID)}, "connectTimeout": 5, "signatureConfiguration": object{"enabled": false}, "eventsEnabled": object{"user.delete": true}})).webhook()
	if put.Global || len(put.TenantIDs) != 1 || put.TenantIDs[0] != w.user.TenantID || put.ConnectTimeout != 5 || put.SignatureConfiguration.Enabled || put.EventsEnabled["user.create"] || !put.EventsEnabled["user.delete"] || put.Description != "" {
		t.Errorf("%+v", put)
	}
	patched := w.keyed("PATCH", path, `{"webhook":{"eventsEnabled":{"user.create":true},"readTimeout":7}}`).webhook()
	if !patched.EventsEnabled["user.create"] || !patched.EventsEnabled["user.delete"] || patched.ReadTimeout != 7 || patched.ConnectTimeout != 5 {
		t.Errorf("%+v", patched)
	}
	w.keyed("PATCH", path, `{"webhook":{"eventsEnabled":{"jwt.refresh":true}}}`).wantCode("[notSupported]webhook.eventsEnabled")
	if got := w.keyed("GET", path, "").webhook(); got.ConnectTimeout != 5 || len(got.TenantIDs) != 1 {
		t.Errorf("%+v", got)
	}
	var list struct{ Webhooks []webhookJSON }
	w.keyed("GET", "/api/webhook", "").want(http.StatusOK).decode(&list)
	if len(list.Webhooks) != 1 || list.Webhooks[0].ID != id {
		t.Errorf("%+v", list)
	}
	for code, more := range map[string]object{
		"[duplicate]webhook.id":                                     {"id": id},
		"[couldNotConvert]webhook.id":                               {"id": "x"},
		"[blank]webhook.url":                                        {"url": ""},
		"[invalid]webhook.url":                                      {"url": "ftp://a.test"},
		"[invalid]webhook.description":                              {"description": "a\x00b"},
		"[invalid]webhook.connectTimeout":                           {"connectTimeout": 60_001},
		"[invalid]webhook.readTimeout":                              {"readTimeout": -1},
		"[blank]webhook.tenantIds":                                  {"global": false},
		"[invalid]webhook.tenantIds":                                {"global": false, "tenantIds": []string{uuid.NewString()}},
		"[couldNotConvert]webhook.tenantIds":                        {"global": false, "tenantIds": []string{"x"}},
		"[notSupported]webhook.eventsEnabled":                       {"eventsEnabled": object{"jwt.refresh": true}},
		"[notSupported]webhook.headers":                             {"headers": object{"X-Secret": "s"}},
		"[notSupported]webhook.httpAuthenticationUsername":          {"httpAuthenticationUsername": "u"},
		"[notSupported]webhook.httpAuthenticationPassword":          {"httpAuthenticationPassword": "p"},
		"[notSupported]webhook.sslCertificate":                      {"sslCertificate": "c"},
		"[notSupported]webhook.sslCertificateKeyId":                 {"sslCertificateKeyId": uuid.NewString()},
		"[notSupported]webhook.signatureConfiguration.signingKeyId": {"signatureConfiguration": object{"signingKeyId": uuid.NewString()}},
	} {
		w.keyed("POST", "/api/webhook", request(more)).wantCode(code)
	}
	for _, url := range []string{"/hook", "https://", "https://user:password@a.test", "https://a.test/#f", "http://a b", "https://a.test/" + strings.Repeat("x", 2000)} {
		w.keyed("POST", "/api/webhook", request(object{"url": url})).wantCode("[invalid]webhook.url")
	}
	w.keyed("GET", "/api/webhook/x", "").wantCode("[couldNotConvert]webhookId")
	w.keyed("DELETE", path, "").wantEmpty(http.StatusOK)
	w.keyed("GET", path, "").wantEmpty(http.StatusNotFound)
	w.keyed("PUT", path, request(nil)).wantEmpty(http.StatusNotFound)
	w.keyed("DELETE", path, "").wantEmpty(http.StatusNotFound)
}

// TestWebhookTenants: a webhook hears of its tenants, and who is confined to a tenant sees its
// webhooks only.
func TestWebhookTenants(t *testing.T) {
	h := newHearing(t)
	w := newWorld(t, h.option())
	w.keyed("POST", "/api/tenant/"+otherTenant, `{"tenant":{"name":"other"}}`).want(http.StatusOK)
	global := w.hook("global.test", "user.create")
	as := []string{"X-FusionAuth-TenantId", otherTenant}
	body := `{"webhook":{"url":"https://other.test","eventsEnabled":{"user.create":true}}}`
	other := w.keyed("POST", "/api/webhook", body, as...).webhook()
	if len(other.TenantIDs) != 1 || other.TenantIDs[0] != otherTenant {
		t.Errorf("%+v", other)
	}
	w.keyed("POST", "/api/webhook", strings.Replace(body, "{\"url", "{\"global\":true,\"url", 1), as...).wantCode("[invalid]webhook.tenantIds")
	for method, request := range map[string]string{"GET": "", "PUT": body, "DELETE": ""} {
		w.keyed(method, "/api/webhook/"+global, request, as...).wantEmpty(http.StatusNotFound)
	}
	if list := w.keyed("GET", "/api/webhook", "", as...).want(http.StatusOK).body; strings.Contains(list, global) || !strings.Contains(list, other.ID) {
		t.Error(list)
	}
	user := `{"user":{"email":"bob@example.com","password":"a passphrase of mine"}}`
	w.keyed("POST", "/api/user", user, "X-FusionAuth-TenantId", w.user.TenantID).want(http.StatusOK)
	w.keyed("POST", "/api/user", user, as...).want(http.StatusOK)
	hosts := map[string]int{}
	for range 3 {
		hosts[h.next().host]++
	}
	if hosts["global.test"] != 2 || hosts["other.test"] != 1 {
		t.Errorf("%v", hosts)
	}
}
