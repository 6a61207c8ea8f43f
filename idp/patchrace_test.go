package idp_test

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey/idp"
	"github.com/latchkey-dev/latchkey/idp/idptest"
)

// interrupted is a world whose clock does something when it is looked at for the nth time, which is
// between any two steps of a call.
func interrupted(t *testing.T) (w *world, at func(n int64, do func())) {
	t.Helper()
	var left atomic.Int64
	var do func()
	now := func() time.Time {
		if left.Add(-1) == 0 {
			do()
		}
		return time.Date(2030, 1, 1, 12, 0, 0, 0, time.UTC) // stands still
	}
	w = newWorld(t, idptest.WithConfig(func(c *idp.Config) { c.Now, c.LeaveEvents = now, true }))
	return w, func(n int64, what func()) { left.Store(0); do = what; left.Store(n) }
}

// A patch changes what it names. What somebody else writes while it is under way stays, whatever
// the moment: it may be what closes a door.
func TestPatchesOvertaken(t *testing.T) {
	w, at := interrupted(t)
	made := func(path, body string) string {
		var shown struct{ Role, APIKey, Webhook struct{ ID string } }
		w.keyed("POST", path, body).want(http.StatusOK).decode(&shown)
		return shown.Role.ID + shown.APIKey.ID + shown.Webhook.ID
	}
	app := "/api/application/" + w.app.ID
	role := made(app+"/role", `{"role":{"name":"r"}}`)
	key := made("/api/api-key", `{"apiKey":{"name":"k","permissions":{"endpoints":{"/api/user":["GET"]}}}}`)
	hook := made("/api/webhook", `{"webhook":{"url":"https://example.com/","global":true,"eventsEnabled":{"user.delete":true}}}`)
	for name, c := range map[string]struct{ path, open, shut, other, want string }{
		"tenant": {"/api/tenant/" + w.user.TenantID, `{"tenant":{"emailConfiguration":{"unverified":{"behavior":"Allow"}}}}`, `{"tenant":{"emailConfiguration":{"unverified":{"behavior":"Gated"}}}}`, `{"tenant":{"name":"new"}}`, `"Gated"`},
		"application": {app, `{"application":{"oauthConfiguration":{"clientAuthenticationPolicy":"NotRequired"}}}`, `{"application":{"oauthConfiguration":{"clientAuthenticationPolicy":"Required"}}}`,
			`{"application":{"name":"new"}}`, `"Required"`},
		"role":    {app + "/role/" + role, `{"role":{"isDefault":true}}`, `{"role":{"isDefault":false}}`, `{"role":{"name":"new"}}`, `"isDefault":false`},
		"API key": {"/api/api-key/" + key, `{"apiKey":{"permissions":{"endpoints":null}}}`, `{"apiKey":{"permissions":{"endpoints":{"/api/user":["GET"]}}}}`, `{"apiKey":{"name":"new"}}`, `{"/api/user":["GET"]}`},
		"webhook": {"/api/webhook/" + hook, `{"webhook":{"description":"open"}}`, `{"webhook":{"description":"shut"}}`, `{"webhook":{"eventsEnabled":{"user.create":true}}}`, `"shut"`},
	} {
		for n, interrupted := int64(1), true; interrupted; n++ {
			w.keyed("PATCH", c.path, c.open).want(http.StatusOK)
			interrupted = false
			at(n, func() { w.keyed("PATCH", c.path, c.shut).want(http.StatusOK); interrupted = true })
			w.keyed("PATCH", c.path, c.other).want(http.StatusOK)
			at(0, nil)
			got := w.keyed("GET", c.path, "")
			if name == "role" {
				got = w.keyed("GET", app, "")
			}
			if interrupted && (!strings.Contains(got.body, c.want) || !strings.Contains(got.body, `"new"`) && name != "webhook") {
				t.Errorf("%s, interrupted at %d: %s", name, n, got.body)
			}
		}
	}
}
