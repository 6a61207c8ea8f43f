package idp_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/latchkey-dev/latchkey/idp"
	"github.com/latchkey-dev/latchkey/idp/idptest"
)

type userBody struct {
	User struct {
		ID, TenantID, Email, Username, FirstName, LastName string
		Active, Verified, PasswordChangeRequired           bool
		PreferredLanguages                                 []string
		Data                                               map[string]any
		Registrations                                      []struct {
			ID, ApplicationID string
			Roles             []string
		}
	}
	Registration struct {
		ID, ApplicationID string
		Roles             []string
	}
	Token string
	Total int
	Users []struct{ ID, Email string }
}

func (a answer) user() (b userBody) {
	a.t.Helper()
	a.want(http.StatusOK)
	a.decode(&b)
	return b
}

const newPassword = "a passphrase of Grace's"

func TestCreateUserOverHTTP(t *testing.T) {
	w := newWorld(t)
	id := uuid.NewString()
	made := w.keyed("POST", "/api/user/"+strings.ToUpper(id), object{
		"applicationId": w.app.ID, "skipVerification": true,
		"user": object{"email": "Grace@Example.com", "password": newPassword, "firstName": "Grace", "active": false, "twoFactor": object{}, "data": object{"a": 1}},
	}.String()).user()
	if u := made.User; u.ID != id || u.Email != "grace@example.com" || !u.Active || !u.Verified || u.FirstName != "Grace" || u.Data["a"] != 1.0 || made.Token == "" {
		t.Errorf("%+v", made)
	}
	w.login(object{"loginId": "grace@example.com", "password": newPassword, "applicationId": nil}).want(http.StatusOK)
	if got := w.send("GET", "/api/user", "", "", "Authorization", "Bearer "+made.Token).user(); got.User.ID != id {
		t.Errorf("the user of the JWT is %+v", got)
	}
	w.send("GET", "/api/user", "", "", "Authorization", "Bearer x").wantEmpty(http.StatusUnauthorized)

	for code, body := range map[string]object{
		"[duplicate]user.email":              {"user": object{"email": "ada@example.com", "password": newPassword}},
		"[blank]user.email":                  {"user": object{"password": newPassword}},
		"[tooShort]user.password":            {"user": object{"email": "b@example.com", "password": "short"}},
		"[invalid]applicationId":             {"applicationId": uuid.NewString(), "user": object{"email": "b@example.com", "password": newPassword}},
		"[invalid]user.passwordChangeReason": {"user": object{"email": "b@example.com", "password": newPassword, "passwordChangeReason": "Boredom"}},
		"[invalid]user.expiry":               {"user": object{"email": "b@example.com", "password": newPassword, "expiry": -1}},
		"[notSupported]sendSetPasswordEmail": {"sendSetPasswordEmail": true, "user": object{"email": "b@example.com"}},
	} {
		if code == "[invalid]user.passwordChangeReason" {
			body["user"].(object)["email"] = "c@example.com"
		}
		w.keyed("POST", "/api/user", body.String()).wantCode(code)
	}
	w.send("POST", "/api/user", "application/json", "{}").wantEmpty(http.StatusUnauthorized)
}

func TestFindUser(t *testing.T) {
	w := newWorld(t)
	for query, status := range map[string]int{
		"email=ADA%40example.com": 200, "loginId=ada%40example.com": 200, "loginId=ada%40example.com&loginIdTypes=email": 200,
		"username=ada%40example.com": 404, "loginId=ada%40example.com&loginIdTypes=username": 404, "email=nobody%40example.com": 404,
	} {
		a := w.keyed("GET", "/api/user?"+query, "")
		if a.status != status || status == 200 && a.user().User.ID != w.user.ID {
			t.Errorf("%s: %d %s, want %d", query, a.status, a.body, status)
		}
	}
	id := w.keyed("POST", "/api/user/forgot-password", object{"loginId": "ada@example.com", "sendForgotPasswordMessage": false}.String()).want(http.StatusOK).text("changePasswordId")
	if a := w.keyed("GET", "/api/user?changePasswordId="+id, "").want(http.StatusOK); a.user().User.ID != w.user.ID {
		t.Errorf("changePasswordId: %s", a.body)
	}
	// the id alone shows no user
	w.send("GET", "/api/user?changePasswordId="+id, "", "").wantEmpty(http.StatusUnauthorized)
	w.send("POST", "/api/user/change-password/"+id, "application/json", object{"password": anotherPassword}.String()).want(http.StatusOK)
	w.keyed("GET", "/api/user?changePasswordId="+id, "").wantEmpty(http.StatusNotFound)
	w.keyed("GET", "/api/user", "").wantCode("[blank]loginId")
	w.keyed("GET", "/api/user?loginId=a;b", "").wantCode("[invalidQuery]")
}

func TestPutUser(t *testing.T) {
	w := newWorld(t)
	path := "/api/user/" + w.user.ID
	token, _ := w.loggedIn()
	put := func(user object) answer { return w.keyed("PUT", path, object{"user": user}.String()) }
	got := put(object{"email": "ada@example.com", "username": "Ada", "lastName": "Lovelace"}).user()
	if u := got.User; u.Username != "Ada" || u.LastName != "Lovelace" || len(u.Registrations) != 1 || u.Verified != w.user.Verified || got.Token != "" {
		t.Errorf("%+v", got)
	}
	w.refresh(token).want(http.StatusOK) // without a password nothing is revoked
	token, _ = w.loggedIn()
	if u := put(object{"email": "ada@example.com"}).user().User; u.Username != "" || u.LastName != "" {
		t.Errorf("what is not sent is not cleared: %+v", u)
	}
	put(object{"email": "ada@example.com", "password": newPassword, "passwordChangeRequired": false}).user()
	w.refresh(token).wantEmpty(http.StatusNotFound)
	w.login(nil).wantEmpty(http.StatusNotFound)
	w.login(object{"password": newPassword}).want(http.StatusOK)
	if u := put(object{"email": "countess@example.com"}).user().User; u.Verified {
		t.Error("another address counts as verified")
	}
	other := w.AddUser("grace@example.com")
	put(object{"email": "GRACE@example.com"}).wantCode("[duplicate]user.email")
	put(object{}).wantCode("[blank]user.email")
	put(object{"email": "ada@example.com", "password": "short"}).wantCode("[tooShort]user.password")
	put(object{"email": "ada@example.com", "expiry": -1}).wantCode("[invalid]user.expiry")
	w.keyed("PUT", "/api/user/"+uuid.NewString(), `{"user":{"email":"x@example.com"}}`).wantEmpty(http.StatusNotFound)
	if other.Email != "grace@example.com" {
		t.Error("somebody else was changed")
	}
}

func TestPatchUser(t *testing.T) {
	w := newWorld(t)
	path := "/api/user/" + w.user.ID
	patch := func(contentType string, user object) answer {
		return w.send("PATCH", path, contentType, object{"user": user}.String(), "Authorization", w.APIKey)
	}
	patch("application/json", object{"firstName": "Ada", "preferredLanguages": []string{"en"}, "data": object{"a": object{"b": 1}, "c": 2}}).user()
	u := patch("application/json", object{"lastName": "Lovelace", "preferredLanguages": []string{"fr"}, "data": object{"a": object{"d": 3}, "c": nil}}).user().User
	inner, _ := u.Data["a"].(map[string]any)
	if u.Email != "ada@example.com" || u.FirstName != "Ada" || u.LastName != "Lovelace" || strings.Join(u.PreferredLanguages, " ") != "en fr" ||
		inner["b"] != 1.0 || inner["d"] != 3.0 || len(u.Data) != 1 {
		t.Errorf("merged into %+v", u)
	}
	u = patch("application/merge-patch+json", object{"firstName": nil, "preferredLanguages": []string{"de"}}).user().User
	if u.FirstName != "" || strings.Join(u.PreferredLanguages, " ") != "de" {
		t.Errorf("RFC 7396: %+v", u)
	}
	w.login(nil).want(http.StatusOK) // the password is the same
	patch("application/json-patch+json", object{}).wantCode("[invalidJSON]")
	patch("application/x-patch", object{}).wantEmpty(http.StatusUnsupportedMediaType)
	patch("application/json", object{"email": nil}).wantCode("[blank]user.email")
	patch("application/json", object{"expiry": -1}).wantCode("[invalid]user.expiry")
	if err := w.SetUserExpiry(t.Context(), w.user.ID, time.UnixMilli(0)); err == nil {
		t.Error("an expiry in 1970 is taken, and would mean never")
	}
	w.keyed("PATCH", path, `{"user":{"firstName":1}}`).want(http.StatusBadRequest)
}

func TestDeleteUser(t *testing.T) {
	w := newWorld(t)
	path := "/api/user/" + w.user.ID
	token, _ := w.loggedIn()
	w.keyed("DELETE", path, "").wantEmpty(http.StatusOK)
	if u := w.keyed("GET", path, "").user().User; u.Active {
		t.Error("still active")
	}
	w.refresh(token).wantEmpty(http.StatusNotFound)
	if u := w.keyed("PUT", path+"?reactivate=true", "").user().User; !u.Active {
		t.Error("not active again")
	}
	token, _ = w.loggedIn()
	w.keyed("DELETE", path+"?hardDelete=true", "").wantEmpty(http.StatusOK)
	w.keyed("GET", path, "").wantEmpty(http.StatusNotFound)
	w.keyed("DELETE", path, `{"hardDelete":true}`).wantEmpty(http.StatusNotFound)
	w.refresh(token).wantEmpty(http.StatusNotFound)
	w.AddUser("ada@example.com") // the address is free
}

func TestSearchUsers(t *testing.T) {
	w := newWorld(t)
	for _, email := range []string{"grace@example.com", "a_b@example.com", "axb@example.com"} {
		w.clock.advance(time.Second) // they are listed by age
		w.AddUser(email)
	}
	for query, want := range map[string]int{"": 4, "*": 4, "GRACE": 1, "a_b@": 1, "example.com": 4, "g*example": 1, "nobody": 0, "%": 0} {
		if got := w.keyed("POST", "/api/user/search", object{"search": object{"queryString": query, "numberOfResults": 2}}.String()).user(); got.Total != want || len(got.Users) != min(want, 2) {
			t.Errorf("%q finds %d, shows %d; want %d", query, got.Total, len(got.Users), want)
		}
	}
	first := w.keyed("POST", "/api/user/search", `{"search":{"numberOfResults":3}}`).user()
	rest := w.keyed("POST", "/api/user/search", `{"search":{"numberOfResults":3,"startRow":3}}`).user()
	if len(first.Users) != 3 || len(rest.Users) != 1 || first.Users[0].Email != "ada@example.com" {
		t.Errorf("pages %+v %+v", first.Users, rest.Users)
	}
	if got := w.keyed("GET", "/api/user/search?ids="+w.user.ID+"&ids="+uuid.NewString(), "").user(); got.Total != 1 || got.Users[0].ID != w.user.ID {
		t.Errorf("by ids: %+v", got)
	}
	w.keyed("POST", "/api/user/search", `{"search":{"numberOfResults":501}}`).wantCode("[invalid]search.numberOfResults")
	w.keyed("GET", "/api/user/search?ids=x", "").wantCode("[couldNotConvert]userId")
}

func TestRegistrations(t *testing.T) {
	w := newWorld(t)
	other := w.AddApplication(idp.Application{})
	path := "/api/user/registration/" + w.user.ID
	body := func(roles ...string) string {
		// as Go's client sends it
		return object{"user": object{"active": false, "data": object{}}, "registration": object{"applicationId": other.ID, "roles": roles}}.String()
	}
	if got := w.keyed("POST", path, body("admin")).user(); got.Registration.ApplicationID != other.ID || got.Registration.Roles[0] != "admin" {
		t.Errorf("%+v", got)
	}
	w.keyed("POST", path, body()).wantCode("[duplicate]registration")
	if got := w.keyed("GET", path+"/"+other.ID, "").user(); got.Registration.ID == "" {
		t.Errorf("%+v", got)
	}
	if got := w.keyed("PATCH", path, body("admin", "user")).user(); strings.Join(got.Registration.Roles, " ") != "admin user" {
		t.Errorf("patched: %+v", got.Registration)
	}
	if got := w.keyed("PUT", path+"/"+other.ID, body("user")).user(); strings.Join(got.Registration.Roles, " ") != "user" {
		t.Errorf("put: %+v", got.Registration)
	}
	w.keyed("DELETE", path+"/"+other.ID, "").wantEmpty(http.StatusOK)
	w.keyed("GET", path+"/"+other.ID, "").wantEmpty(http.StatusNotFound)
	w.keyed("DELETE", path+"/"+other.ID, "").wantEmpty(http.StatusNotFound)
	w.keyed("POST", path, `{"registration":{}}`).wantCode("[blank]registration.applicationId")
	w.keyed("POST", path, object{"registration": object{"applicationId": uuid.NewString()}}.String()).wantCode("[invalid]registration.applicationId")
	w.keyed("POST", "/api/user/registration/"+uuid.NewString(), body()).wantEmpty(http.StatusNotFound)

	both := w.keyed("POST", "/api/user/registration", object{
		"user": object{"email": "grace@example.com", "password": newPassword}, "registration": object{"applicationId": other.ID, "roles": []string{"user"}},
	}.String()).user()
	if both.User.Email != "grace@example.com" || both.Registration.ApplicationID != other.ID || both.Token == "" || len(both.User.Registrations) != 1 {
		t.Errorf("in one step: %+v", both)
	}
	w.keyed("POST", "/api/user/registration", object{
		"user": object{"email": "grace@example.com", "password": newPassword}, "registration": object{"applicationId": other.ID},
	}.String()).wantCode("[duplicate]user.email")
}

func TestImport(t *testing.T) {
	w := newWorld(t)
	users := []object{
		{"email": "plain@example.com", "password": newPassword, "verified": true, "registrations": []object{{"applicationId": w.app.ID, "roles": []string{"user"}}}},
		{"email": "pbkdf2@example.com", "encryptionScheme": "salted-pbkdf2-hmac-sha256", "factor": "24000", "salt": "huT0jZQYfZ2frJeZx29J4YTL7SWqeqAIoFQ35TdkTkI=", "password": "jHsm+KgtcleCjG/jyC7SuY088G2n/2eiZyNYYEianwU="},
		{"email": "md5@example.com", "encryptionScheme": "salted-md5", "factor": 1, "salt": "", "password": "X03MO1qnZdYdgyfeuILPmQ==", "active": false},
	}
	w.keyed("POST", "/api/user/import", object{"users": users}.String()).wantEmpty(http.StatusOK)
	login := func(email, password string) answer {
		return w.login(object{"loginId": email, "password": password, "applicationId": nil})
	}
	login("plain@example.com", newPassword).want(http.StatusOK)
	for range 2 { // checked against the old hash, and then against ours
		login("pbkdf2@example.com", "password").want(http.StatusOK)
		login("pbkdf2@example.com", "Password").wantEmpty(http.StatusNotFound)
	}
	login("md5@example.com", "password").wantEmpty(http.StatusLocked)
	if u := w.keyed("GET", "/api/user?email=plain%40example.com", "").user().User; !u.Verified || len(u.Registrations) != 1 {
		t.Errorf("%+v", u)
	}
	for code, users := range map[string][]object{
		"[invalid]users":                     {},
		"[duplicate]users[1].email":          {{"email": "x@example.com", "password": newPassword}, {"email": "plain@example.com", "password": newPassword}},
		"[invalid]users[0].encryptionScheme": {{"email": "x@example.com", "encryptionScheme": "rot13", "password": "x"}},
		"[invalid]users[0].password":         {{"email": "x@example.com", "encryptionScheme": "salted-md5", "password": "x"}},
		"[invalid]users[0].expiry":           {{"email": "x@example.com", "password": newPassword, "expiry": -1}},
		"[invalid]users[0].lastLoginInstant": {{"email": "x@example.com", "password": newPassword, "lastLoginInstant": -1}},
		"[invalid]users[0].registrations":    {{"email": "x@example.com", "password": newPassword, "registrations": []object{{"applicationId": uuid.NewString()}}}},
	} {
		w.keyed("POST", "/api/user/import", object{"users": users}.String()).wantCode(code)
	}
	// all or none
	w.keyed("GET", "/api/user?email=x%40example.com", "").wantEmpty(http.StatusNotFound)
}

// The calls for users obey the tenant and the permissions of the key.
func TestUserCallsAreConfined(t *testing.T) {
	w := newWorld(t)
	must(t, w.EnsureTenant(t.Context(), idp.Tenant{ID: otherTenant, Name: "other"}))
	foreign := strings.Repeat("f", 40)
	must(t, w.EnsureAPIKey(t.Context(), idp.APIKey{Key: foreign, TenantID: otherTenant}))
	reader := strings.Repeat("r", 40)
	must(t, w.EnsureAPIKey(t.Context(), idp.APIKey{Key: reader, Endpoints: map[string][]string{"/api/user": {"GET"}}}))
	path := "/api/user/" + w.user.ID
	for _, method := range []string{"GET", "PUT", "PATCH", "DELETE"} {
		w.keyed(method, path, `{"user":{"email":"x@example.com"}}`, "Authorization", foreign).wantEmpty(http.StatusNotFound)
	}
	w.keyed("GET", "/api/user/registration/"+w.user.ID+"/"+w.app.ID, "", "Authorization", foreign).wantEmpty(http.StatusNotFound)
	w.keyed("POST", "/api/user/registration", object{"user": object{"email": "x@example.com", "password": newPassword}, "registration": object{"applicationId": w.app.ID}}.String(),
		"Authorization", foreign).wantCode("[invalid]registration.applicationId")
	if got := w.keyed("POST", "/api/user/search", `{"search":{}}`, "Authorization", foreign).user(); got.Total != 0 {
		t.Errorf("another tenant's users are found: %+v", got)
	}
	w.keyed("GET", path, "", "Authorization", reader).want(http.StatusOK)
	for _, method := range []string{"POST", "PUT", "PATCH", "DELETE"} {
		w.keyed(method, path, "{}", "Authorization", reader).wantEmpty(http.StatusUnauthorized)
	}
	w.keyed("POST", "/api/user/import", "{}", "Authorization", reader).wantEmpty(http.StatusUnauthorized)
	w.login(object{"loginId": "ada@example.com", "password": idptest.Password}, "X-FusionAuth-TenantId", "").want(http.StatusOK)
}

const otherTenant = "11111111-1111-4111-8111-111111111111"

// TestPatchesOfBothRFCs reach every object that can be patched.
func TestPatchesOfBothRFCs(t *testing.T) {
	w := newWorld(t)
	must(t, w.Register(t.Context(), w.user.ID, w.app.ID, "a", "b"))
	operate := func(path, operations string) answer {
		t.Helper()
		return w.send("PATCH", path, "application/json-patch+json", operations, "Authorization", w.APIKey)
	}
	merge := func(path string, patch object) answer {
		t.Helper()
		return w.send("PATCH", path, "application/merge-patch+json", patch.String(), "Authorization", w.APIKey)
	}
	user, registration := "/api/user/"+w.user.ID, "/api/user/registration/"+w.user.ID+"/"+w.app.ID
	u := operate(user, `[{"op":"test","path":"/user/email","value":"ada@example.com"},{"op":"add","path":"/user/firstName","value":"Ada"},{"op":"add","path":"/user/data/a","value":[1]}]`).user().User
	if u.FirstName != "Ada" || u.Email != "ada@example.com" {
		t.Errorf("%+v", u)
	}
	operate(user, `[{"op":"replace","path":"/user/firstName","value":"Bea"},{"op":"test","path":"/user/email","value":"x@example.com"}]`).wantCode("[patchTestFailed]")
	operate(user, `[{"op":"remove","path":"/user/email"}]`).wantCode("[blank]user.email")
	operate(user, `[{"op":"replace","path":"","value":[]}]`).wantCode("[invalidJSON]")
	if u := w.keyed("GET", user, "").user().User; u.FirstName != "Ada" {
		t.Errorf("a patch that was refused has changed %+v", u)
	}

	roles := func(a answer) string {
		t.Helper()
		var body struct{ Registration struct{ Roles []string } }
		a.want(http.StatusOK).decode(&body)
		return strings.Join(body.Registration.Roles, " ")
	}
	if got := roles(operate(registration, `[{"op":"remove","path":"/registration/roles/0"},{"op":"add","path":"/registration/roles/-","value":"c"}]`)); got != "b c" {
		t.Errorf("roles %s", got)
	}
	if got := roles(merge(registration, object{"registration": object{"roles": []string{"d"}}})); got != "d" {
		t.Errorf("roles %s", got)
	}
	if got := roles(merge("/api/user/registration/"+w.user.ID, object{"registration": object{"applicationId": w.app.ID, "roles": nil}})); got != "" {
		t.Errorf("roles %s", got)
	}
	operate("/api/user/registration/"+w.user.ID, `[]`).wantCode("[blank]registration.applicationId")
	w.send("PUT", registration, "application/merge-patch+json", `{}`, "Authorization", w.APIKey).wantEmpty(http.StatusUnsupportedMediaType)

	app := "/api/application/" + w.app.ID
	if got := operate(app, `[{"op":"replace","path":"/application/name","value":"Shop"},{"op":"replace","path":"/application/oauthConfiguration/enabledGrants","value":[]}]`).app().Application; got.Name != "Shop" || len(got.OAuthConfiguration.EnabledGrants) != 0 {
		t.Errorf("%+v", got)
	}
	if got := merge(app, object{"application": object{"name": "shop"}}).app().Application; got.Name != "shop" || !got.LoginConfiguration.GenerateRefreshTokens {
		t.Errorf("%+v", got)
	}
	tenant := "/api/tenant/" + w.user.TenantID
	if a := operate(tenant, `[{"op":"replace","path":"/tenant/emailConfiguration/unverified/behavior","value":"Gated"}]`).want(http.StatusOK); !strings.Contains(a.body, `"Gated"`) {
		t.Errorf("%s", a.body)
	}
	if a := merge(tenant, object{"tenant": object{"name": "one"}}).want(http.StatusOK); !strings.Contains(a.body, `"Gated"`) || !strings.Contains(a.body, `"one"`) {
		t.Errorf("%s", a.body)
	}
}
