package idp_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/uuid"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/fusionauth/webhook"
	"github.com/latchkey-dev/latchkey/idp"
	"github.com/latchkey-dev/latchkey/idp/idptest"
)

// twoTenants is a bank and a shop, each in a tenant of its own. The shop's tokens are signed with a
// secret that its backend knows.
type twoTenants struct {
	*world
	shop           idp.Application // the bank is world.app
	buyer          idp.User        // of the shop; the bank's is world.user
	key, kid       string
	secret, tenant string // of the shop
}

func newTwoTenants(t *testing.T) *twoTenants {
	t.Helper()
	w := &twoTenants{world: newWorld(t), secret: strings.Repeat("s", 32), tenant: uuid.NewString()}
	must(t, w.EnsureTenant(t.Context(), idp.Tenant{ID: w.tenant, Name: "The shop's"}))
	w.shop = w.AddApplication(idp.Application{TenantID: w.tenant, Name: "Shop", ClientSecret: clientSecret})
	var err error
	w.buyer, err = w.CreateUser(t.Context(), idp.NewUser{TenantID: w.tenant, Email: "bob@example.com", Password: idptest.Password})
	must(t, err)
	must(t, w.Register(t.Context(), w.buyer.ID, w.shop.ID, "buyer"))
	var k shownKey
	w.keyed("POST", "/api/key/import", object{"key": object{"algorithm": "HS256", "name": "the shop's", "secret": w.secret}}.String()).want(http.StatusOK).decode(&k)
	w.key, w.kid = k.Key.ID, k.Key.KID
	w.shopSignsWith(w.key)
	return w
}

func (w *twoTenants) shopSignsWith(id string) {
	w.t.Helper()
	must(w.t, w.ChangeApplication(w.t.Context(), w.shop.ID, func(a *idp.Application) { a.AccessTokenKeyID = id }))
}

// forge is a token that the shop's backend makes up.
func (w *twoTenants) forge(change object) string {
	w.t.Helper()
	now := w.clock.now().Unix()
	claims := object{"iss": w.URL, "sub": w.buyer.ID, "aud": w.shop.ID, "tid": w.tenant, "iat": now, "exp": now + 10*3600, "jti": uuid.NewString(), "auth_time": now, "authenticationType": "PASSWORD", "email_verified": false, "roles": []string{"admin"}, "applicationId": w.shop.ID}
	maps.Copy(claims, change)
	maps.DeleteFunc(claims, func(_ string, v any) bool { return v == nil })
	return signedBy(w.t, jose.HS256, []byte(w.secret), w.kid, claims.String())
}

func signedBy(t *testing.T, algorithm jose.SignatureAlgorithm, key any, kid, payload string) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: algorithm, Key: key}, (&jose.SignerOptions{}).WithType("JWT").WithHeader("kid", kid))
	must(t, err)
	jws, err := signer.Sign([]byte(payload))
	must(t, err)
	text, err := jws.CompactSerialize()
	must(t, err)
	return text
}

// answers are the statuses of every call that takes a JWT; introspection, which answers 200, has
// its word instead.
func (w *twoTenants) answers(token, applicationID string) map[string]int {
	w.t.Helper()
	bearer := []string{"Authorization", "Bearer " + token}
	active := 0
	if is, _ := w.introspect("token", token, "client_id", applicationID).active(); is {
		active = 1
	}
	change := object{"currentPassword": "wrong", "password": anotherPassword}.String()
	return map[string]int{
		"user":       w.send("GET", "/api/user", "", "", bearer...).status,
		"validate":   w.send("GET", "/api/jwt/validate", "", "", bearer...).status,
		"userinfo":   w.send("GET", "/oauth2/userinfo", "", "", bearer...).status,
		"introspect": active,
		"revoke":     w.send("DELETE", "/api/jwt/refresh/"+uuid.NewString(), "", "", bearer...).status,
		"password":   w.send("POST", "/api/user/change-password", "application/json", change, bearer...).status,
	}
}

var (
	taken   = map[string]int{"user": 200, "validate": 200, "userinfo": 200, "introspect": 1, "revoke": 404, "password": 404}
	refused = map[string]int{"user": 401, "validate": 401, "userinfo": 401, "introspect": 0, "revoke": 401, "password": 401}
)

func (w *twoTenants) wantAnswers(what, token, applicationID string, want map[string]int) {
	w.t.Helper()
	if got := w.answers(token, applicationID); !maps.Equal(got, want) {
		w.t.Errorf("%s: %v, want %v", what, got, want)
	}
}

// The key of one application speaks for that application, in its tenant, and for nobody else.
func TestKeysAreOfTheirApplication(t *testing.T) {
	w := newTwoTenants(t)
	w.wantAnswers("its own token", w.forge(nil), w.shop.ID, taken)
	bank := object{"sub": w.user.ID, "aud": w.app.ID, "tid": w.user.TenantID, "applicationId": w.app.ID}
	w.wantAnswers("a token of the bank", w.forge(bank), w.app.ID, refused)
	bank["tid"] = w.tenant
	w.wantAnswers("a token of the bank in the shop's tenant", w.forge(bank), w.app.ID, refused)
	w.wantAnswers("another tenant", w.forge(object{"tid": w.user.TenantID}), w.shop.ID, refused)
	w.wantAnswers("no tenant", w.forge(object{"tid": nil}), w.shop.ID, refused)
	w.wantAnswers("an application that is not there", w.forge(object{"aud": uuid.NewString()}), w.app.ID, refused)
	// Without an application, and for somebody of another tenant, there is nothing to introspect.
	for name, token := range map[string]string{"no application": w.forge(object{"aud": nil}), "a user of another tenant": w.forge(object{"sub": w.user.ID})} {
		for path, header := range map[string]string{"/api/user": "GET", "/oauth2/userinfo": "POST"} {
			w.send(header, path, "", "", "Authorization", "Bearer "+token).want(http.StatusUnauthorized)
		}
		if w.valid(token) && name == "no application" {
			t.Errorf("%s: valid", name)
		}
		change := object{"currentPassword": idptest.Password, "password": anotherPassword}.String()
		w.send("POST", "/api/user/change-password", "application/json", change, "Authorization", "Bearer "+token).want(http.StatusUnauthorized)
	}
	// The other application of the tenant has no key, nor do the provider's own tokens need one.
	other := w.AddApplication(idp.Application{TenantID: w.tenant, ClientSecret: clientSecret})
	w.wantAnswers("another application of the tenant", w.forge(object{"aud": other.ID}), other.ID, refused)
	w.wantAnswers("the bank's own", w.token(), w.app.ID, taken)
	none := w.keyed("POST", "/api/login", object{"loginId": "bob@example.com", "password": idptest.Password}.String(), tenantHeader, w.tenant).want(http.StatusOK).text("token")
	w.send("GET", "/api/user", "", "", "Authorization", "Bearer "+none).want(http.StatusOK)
}

// A client that reads applicationId and roles instead of aud does not see another application
// either.
func TestKeysNameTheirApplication(t *testing.T) {
	w := newTwoTenants(t)
	other := w.AddApplication(idp.Application{TenantID: w.tenant, ClientSecret: clientSecret})
	w.wantAnswers("the roles of another application", w.forge(object{"applicationId": other.ID}), w.shop.ID, refused)
	w.wantAnswers("somebody who is not registered", w.forge(object{"applicationId": nil, "roles": nil}), w.shop.ID, taken)
}

// The grace of a key ends with the key: another one under its id has none.
func TestRemovedKeysHaveNoGrace(t *testing.T) {
	w := newTwoTenants(t)
	w.shopSignsWith("")
	w.wantAnswers("within the grace", w.forge(nil), w.shop.ID, taken)
	w.keyed("DELETE", "/api/key/"+w.key, "").want(http.StatusOK)
	var k shownKey
	w.secret = strings.Repeat("x", 32)
	w.keyed("POST", "/api/key/import/"+w.key, object{"key": object{"algorithm": "HS256", "name": "another", "secret": w.secret}}.String()).want(http.StatusOK).decode(&k)
	w.kid = k.Key.KID
	w.wantAnswers("another key of its id", w.forge(nil), w.shop.ID, refused)
}

// A key that somebody has removed, because it leaked, is worthless at once on every node.
func TestNodesRefuseRemovedKeys(t *testing.T) {
	url := sharedPostgres(t).Database(t)
	w := onURL(t, url)
	other := w.node(url)
	other.APIKey = w.APIKey
	var k shownKey
	w.keyed("POST", "/api/key/generate", `{"key":{"algorithm":"EdDSA","name":"k"}}`).want(http.StatusOK).decode(&k)
	signWith := func(id string) {
		t.Helper()
		must(t, w.ChangeApplication(t.Context(), w.app.ID, func(a *idp.Application) { a.AccessTokenKeyID = id }))
	}
	signWith(k.Key.ID)
	token := other.login(nil).want(http.StatusOK).text("token") // so that this node knows the key
	signWith("")
	validate := func(n *world) int {
		return n.send("GET", "/api/jwt/validate", "", "", "Authorization", "Bearer "+token).status
	}
	if a, b := validate(w), validate(other); a != http.StatusOK || b != http.StatusOK {
		t.Errorf("within the grace: %d and %d", a, b)
	}
	w.keyed("DELETE", "/api/key/"+k.Key.ID, "").want(http.StatusOK)
	if a, b := validate(w), validate(other); a != http.StatusUnauthorized || b != http.StatusUnauthorized {
		t.Errorf("when it is gone: %d and %d", a, b)
	}
}

// A key that was replaced verifies as long as a token that it signed may live, and no longer; so
// does the provider's own after an application got a key.
func TestKeysEndWithTheirTokens(t *testing.T) {
	w := newTwoTenants(t)
	lives := func(d time.Duration) {
		t.Helper()
		// of tokens to come
		must(t, w.ChangeApplication(t.Context(), w.shop.ID, func(a *idp.Application) { a.AccessTokenTTL = d }))
	}
	w.shopSignsWith("") // tokens of the key before live for an hour
	lives(10 * time.Hour)
	own := w.login(object{"loginId": "bob@example.com", "applicationId": w.shop.ID}).want(http.StatusOK).text("token")
	forged := w.forge(nil)
	w.clock.advance(59 * time.Minute)
	w.wantAnswers("the key before", forged, w.shop.ID, taken)
	w.wantAnswers("the provider's own", own, w.shop.ID, taken)
	w.clock.advance(time.Hour)
	w.wantAnswers("the key before, when its tokens are over", forged, w.shop.ID, refused)
	w.wantAnswers("the provider's own", own, w.shop.ID, taken)
	lives(time.Hour)
	w.shopSignsWith(w.key)
	w.wantAnswers("the key again", forged, w.shop.ID, taken)
	w.wantAnswers("the provider's own, just replaced", own, w.shop.ID, taken)
	lives(2 * time.Hour) // changes no key
	w.clock.advance(59 * time.Minute)
	w.wantAnswers("the provider's own, an hour later", own, w.shop.ID, taken)
	w.clock.advance(time.Hour)
	w.wantAnswers("the provider's own, when its tokens are over", own, w.shop.ID, refused)
	w.wantAnswers("the key again", forged, w.shop.ID, taken)
}

// An application that is switched over and back at once has both keys all the time.
func TestKeysSwitchedBackAndForth(t *testing.T) {
	w := newTwoTenants(t)
	for range 3 {
		w.shopSignsWith("")
		w.shopSignsWith(w.key)
	}
	w.wantAnswers("its key", w.forge(nil), w.shop.ID, taken)
	must(t, w.DeleteApplication(t.Context(), w.shop.ID))
	w.wantAnswers("an application that is gone", w.forge(nil), w.app.ID, refused)
}

// A user is made for an application of their own tenant only: the token of the answer is for both.
func TestNewUserOfAnotherTenant(t *testing.T) {
	w := newTwoTenants(t)
	body := object{"applicationId": w.app.ID, "user": object{"tenantId": w.tenant, "email": "new@example.com", "password": idptest.Password}}
	w.keyed("POST", "/api/user", body.String()).wantCode("[invalid]applicationId")
}

// Events are signed by the provider's own keys: one signed by an application's key is
// refused by a receiver that reads the published set.
func TestEventsOfAnApplicationsKey(t *testing.T) {
	w := newWorld(t)
	var set struct{ Keys []map[string]any }
	for _, algorithm := range []string{"ES256", "EdDSA"} {
		k := w.generateKey(algorithm).Key
		w.signWith(k.ID).want(http.StatusOK)
		w.send("GET", "/.well-known/jwks.json", "", "").decode(&set)
		for _, published := range set.Keys {
			applications, marked := published["latchkey_aud"].([]any)
			switch {
			case published["kid"] != k.KID:
			case !marked || len(applications) != 1 || applications[0] != w.app.ID:
				t.Errorf("the key of an application is published as %v", published)
			}
		}
	}
	if _, marked := set.Keys[0]["latchkey_aud"]; marked || len(set.Keys) != 3 {
		t.Errorf("%v", set.Keys)
	}

	private, pem := newECKey(t)
	var k shownKey
	w.keyed("POST", "/api/key/import", object{"key": object{"algorithm": "ES256", "name": "brought", "privateKey": pem}}.String()).want(http.StatusOK).decode(&k)
	rc, err := webhook.New(webhook.Config{
		Apps: []webhook.App{{ApplicationID: w.app.ID, Guard: &latchkey.Guard{}}}, KeySetURL: w.URL + "/.well-known/jwks.json", Transport: w.Client.Transport, Now: w.clock.now,
	})
	must(t, err)
	event := `{"event":{"id":"` + uuid.NewString() + `","type":"user.login.success","createInstant":1}}`
	deliver := func(signature string) int {
		r := httptest.NewRequestWithContext(t.Context(), "POST", "/", strings.NewReader(event))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set(webhook.SignatureHeader, signature)
		got := httptest.NewRecorder()
		rc.ServeHTTP(got, r)
		return got.Code
	}
	sum := sha256.Sum256([]byte(event))
	digest, err := json.Marshal(object{"request_body_sha256": base64.StdEncoding.EncodeToString(sum[:])})
	must(t, err)
	for _, applicationKey := range []string{"", k.Key.ID} { // whether or not an application has it
		w.signWith(map[bool]any{true: nil, false: applicationKey}[applicationKey == ""]).want(http.StatusOK)
		if code := deliver(signedBy(t, jose.ES256, private, k.Key.KID, string(digest))); code != http.StatusUnauthorized {
			t.Errorf("an event by the key of an application: %d", code)
		}
	}
}
