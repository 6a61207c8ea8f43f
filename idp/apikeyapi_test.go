package idp_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
)

type apiKeyJSON struct {
	ID, Key, Name, TenantID string
	KeyManager, Retrievable bool
	ExpirationInstant       int64
	MetaData                struct{ Attributes struct{ Description string } }
	Permissions             struct{ Endpoints map[string][]string }
}

func (a answer) apiKey() apiKeyJSON {
	a.t.Helper()
	var body struct{ APIKey apiKeyJSON }
	a.want(http.StatusOK).decode(&body)
	return body.APIKey
}

// may is a request to make a key, or to change one.
func may(endpoints object, more ...any) string {
	key := object{"permissions": object{"endpoints": endpoints}}
	for i := 0; i < len(more); i += 2 {
		key[more[i].(string)] = more[i+1]
	}
	return object{"apiKey": key}.String()
}

func TestAPIKeys(t *testing.T) {
	w := newWorld(t)
	id := uuid.NewString()
	made := w.keyed("POST", "/api/api-key/"+id, may(object{"/api/user": []string{"GET"}}, "name", "reader", "metaData", object{"attributes": object{"description": "reads users"}})).apiKey()
	if made.ID != id || len(made.Key) < 32 || made.Retrievable || made.KeyManager || made.Name != "reader" {
		t.Fatalf("%+v", made)
	}
	path, user := "/api/api-key/"+id, "/api/user/"+w.user.ID
	as := func(key, method, path, body string) answer { return w.keyed(method, path, body, "Authorization", key) }
	as(made.Key, "GET", user, "").want(http.StatusOK)
	as(made.Key, "DELETE", user, "").wantEmpty(http.StatusUnauthorized)
	as(made.Key, "GET", path, "").wantEmpty(http.StatusUnauthorized)
	shown := w.keyed("GET", path, "")
	if got := shown.apiKey(); got.Key != "" || strings.Contains(shown.body, made.Key) || got.MetaData.Attributes.Description != "reads users" || got.Permissions.Endpoints["/api/user"][0] != "GET" {
		t.Errorf("%s", shown.body)
	}

	patched := w.keyed("PATCH", path, may(object{"/api/user": []string{"PUT", "GET"}, "/api/application": []string{"GET"}})).apiKey()
	if e := patched.Permissions.Endpoints; len(e["/api/user"]) != 2 || len(e["/api/application"]) != 1 || patched.Name != "reader" {
		t.Errorf("%+v", patched)
	}
	as(made.Key, "GET", "/api/application", "").want(http.StatusOK)
	soon := w.clock.now().Add(time.Minute).UnixMilli()
	if put := w.keyed("PUT", path, may(object{"/api/user": []string{"GET"}}, "expirationInstant", soon, "key", made.Key)).apiKey(); put.Name != "" || put.ExpirationInstant != soon {
		t.Errorf("%+v", put)
	}
	w.keyed("PUT", path, may(object{}, "key", strings.Repeat("k", 40))).wantCode("[invalid]apiKey.key")
	as(made.Key, "GET", user, "").want(http.StatusOK)
	w.clock.advance(time.Minute)
	as(made.Key, "GET", user, "").wantEmpty(http.StatusUnauthorized)

	w.keyed("DELETE", path, "").wantEmpty(http.StatusOK)
	w.keyed("DELETE", path, "").wantEmpty(http.StatusNotFound)
	w.keyed("GET", "/api/api-key/x", "").wantCode("[couldNotConvert]keyId")
	own := w.keyed("POST", "/api/api-key", may(object{}, "key", strings.Repeat("o", 40))).apiKey()
	if own.Key != strings.Repeat("o", 40) || !own.KeyManager {
		t.Errorf("%+v", own)
	}
	for code, body := range map[string]string{
		"[duplicate]apiKey.key":                      may(object{}, "key", own.Key),
		"[duplicate]apiKey.id":                       may(object{}, "id", own.ID),
		"[tooShort]apiKey.key":                       may(object{}, "key", "short"),
		"[couldNotConvert]apiKey.tenantId":           may(object{}, "tenantId", "x"),
		"[invalid]apiKey.tenantId":                   may(object{}, "tenantId", uuid.NewString()),
		"[invalid]apiKey.permissions.endpoints":      may(object{"/api/user": []string{"get"}}),
		"[invalid]apiKey.expirationInstant":          may(object{}, "expirationInstant", -1),
		"[notSupported]apiKey.ipAccessControlListId": may(object{}, "ipAccessControlListId", uuid.NewString()),
		"[invalid]apiKey.name":                       may(object{}, "name", "a\x00b"),
		"[notSupported]sourceKeyId":                  `{"sourceKeyId":"` + own.ID + `"}`,
	} {
		w.keyed("POST", "/api/api-key", body).wantCode(code)
	}
}

// TestAPIKeysGiveNoMore: a key makes, sees and changes only keys that may do no more than it may.
func TestAPIKeysGiveNoMore(t *testing.T) {
	w := newWorld(t)
	w.keyed("POST", "/api/tenant/"+otherTenant, `{"tenant":{"name":"other"}}`).want(http.StatusOK)
	later := w.clock.now().Add(time.Hour).UnixMilli()
	everything := w.keyed("POST", "/api/api-key", may(object{})).apiKey()
	manager := w.keyed("POST", "/api/api-key", may(object{"/api/api-key": []string{"GET", "POST", "PUT", "PATCH", "DELETE"}, "/api/user": []string{"GET"}}, "expirationInstant", later)).apiKey()
	confined := w.keyed("POST", "/api/api-key", may(object{}, "tenantId", otherTenant)).apiKey()
	as := func(key apiKeyJSON, method, path, body string) answer {
		return w.keyed(method, path, body, "Authorization", key.Key)
	}
	const path, more = "/api/api-key", "[invalid]apiKey.permissions.endpoints"
	for _, wrong := range []string{
		may(object{}, "expirationInstant", later), // everything
		may(object{"/api/user": []string{"GET", "DELETE"}}, "expirationInstant", later),
		may(object{"/api/tenant": []string{"GET"}}, "expirationInstant", later),
		may(object{"/api/user": []string{"GET"}}),                                 // forever
		may(object{"/api/user": []string{"GET"}}, "expirationInstant", later+1),   // for longer
		may(object{"/api/user": []string{"GET"}}, "expirationInstant", later)[:1], // no JSON
	} {
		if wrong == "{" {
			as(manager, "POST", path, wrong).wantCode("[invalidJSON]")
			continue
		}
		as(manager, "POST", path, wrong).wantCode(more)
		as(manager, "PUT", path+"/"+manager.ID, wrong).wantCode(more)
	}
	as(manager, "PATCH", path+"/"+manager.ID, `{"apiKey":{"permissions":null}}`).wantCode(more)
	as(manager, "PATCH", path+"/"+manager.ID, `{"apiKey":{"expirationInstant":null}}`).wantCode(more)
	less := as(manager, "POST", path, may(object{"/api/user": []string{"GET"}}, "expirationInstant", later)).apiKey()
	as(less, "GET", "/api/user/"+w.user.ID, "").want(http.StatusOK)
	for _, method := range []string{"GET", "PUT", "PATCH", "DELETE"} {
		as(manager, method, path+"/"+everything.ID, "").wantEmpty(http.StatusUnauthorized)
		as(confined, method, path+"/"+everything.ID, "").wantEmpty(http.StatusNotFound)
	}
	as(manager, "DELETE", path+"/"+less.ID, "").wantEmpty(http.StatusOK)
	as(less, "GET", "/api/user/"+w.user.ID, "").wantEmpty(http.StatusUnauthorized)

	as(confined, "POST", path, may(object{}, "tenantId", w.user.TenantID)).wantCode(more)
	if made := as(confined, "POST", path, may(object{})).apiKey(); made.TenantID != otherTenant {
		t.Errorf("%+v", made)
	}
	// A request that names a tenant is confined to it, too.
	if made := w.keyed("POST", path, may(object{}), "X-FusionAuth-TenantId", otherTenant).apiKey(); made.TenantID != otherTenant {
		t.Errorf("%+v", made)
	}
}

// A patch that takes the whole key away would leave one without a list, which may call everything.
func TestPatchesThatTakeAKeyAway(t *testing.T) {
	w := newWorld(t)
	path := "/api/api-key/" + w.keyed("POST", "/api/api-key", may(object{"/api/user": []string{"GET"}})).apiKey().ID
	for kind, patches := range map[string][]string{
		"application/json":             {`null`, `{"apiKey":null}`},
		"application/merge-patch+json": {`null`, `{"apiKey":null}`},
		"application/json-patch+json":  {`null`, `[{"op":"remove","path":"/apiKey"}]`, `[{"op":"replace","path":"","value":null}]`},
	} {
		for _, patch := range patches {
			w.send("PATCH", path, kind, patch, "Authorization", w.APIKey).want(http.StatusBadRequest)
			if k := w.keyed("GET", path, "").apiKey(); len(k.Permissions.Endpoints) != 1 {
				t.Errorf("%s %s: %v", kind, patch, k.Permissions.Endpoints)
			}
		}
	}
}
