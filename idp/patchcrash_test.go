package idp_test

import (
	"net/http"
	"testing"
)

// nullThenTest are operations that have crashed the library: what was replaced by null is tested
// against an array or an object.
func nullThenTest(path string) []string {
	return []string{
		`[{"op":"replace","path":"` + path + `","value":null},{"op":"test","path":"` + path + `","value":[]}]`,
		`[{"op":"replace","path":"` + path + `","value":null},{"op":"test","path":"` + path + `","value":{}}]`,
		`[{"op":"add","path":"` + path + `","value":{"a":null}},{"op":"test","path":"` + path + `","value":{"a":[]}}]`,
		`[{"op":"add","path":"` + path + `","value":[null]},{"op":"test","path":"` + path + `","value":[{}]}]`,
	}
}

// A patch that crashes the library is the request's fault, wherever it is applied.
func TestPatchesThatCrashTheLibrary(t *testing.T) {
	w := newWorld(t)
	role := w.keyed("POST", "/api/application/"+w.app.ID+"/role", `{"role":{"name":"user"}}`).want(http.StatusOK)
	var made struct{ Role struct{ ID string } }
	role.decode(&made)
	key := w.keyed("POST", "/api/api-key", `{"apiKey":{"description":"x"}}`).want(http.StatusOK)
	var apiKey struct{ APIKey struct{ ID string } }
	key.decode(&apiKey)
	for call, path := range map[string]string{
		"/api/user/" + w.user.ID:                                 "/user/preferredLanguages",
		"/api/user/registration/" + w.user.ID + "/" + w.app.ID:   "/registration/roles",
		"/api/application/" + w.app.ID:                           "/application/oauthConfiguration/enabledGrants",
		"/api/application/" + w.app.ID + "/role/" + made.Role.ID: "/role/description",
		"/api/tenant/" + w.user.TenantID:                         "/tenant/passwordValidationRules",
		"/api/api-key/" + apiKey.APIKey.ID:                       "/apiKey/permissions",
		"/api/webhook/" + w.hook("nobody.test", "user.create"):   "/webhook/tenantIds",
	} {
		for _, patch := range nullThenTest(path) {
			w.keyed("PATCH", call, patch, "Content-Type", "application/json-patch+json").want(http.StatusBadRequest)
		}
	}
	w.login(nil).want(http.StatusOK)
}
