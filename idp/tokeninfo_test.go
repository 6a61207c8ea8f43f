package idp_test

import (
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/latchkey-dev/latchkey/idp"
)

func (w *world) introspect(pairs ...string) answer {
	form := url.Values{"client_id": {w.app.ID}, "client_secret": {clientSecret}}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	return w.send("POST", "/oauth2/introspect", formType, form.Encode())
}

func (a answer) active() (bool, map[string]any) {
	a.t.Helper()
	var body map[string]any
	a.want(http.StatusOK).decode(&body)
	return body["active"] == true, body
}

func TestIntrospect(t *testing.T) {
	w := newWorld(t)
	login := w.login(nil).want(http.StatusOK)
	jwt, token := login.text("token"), login.text("refreshToken")
	if active, body := w.introspect("token", jwt).active(); !active || body["sub"] != w.user.ID || body["aud"] != w.app.ID {
		t.Errorf("a JWT: %v", body)
	}
	if active, body := w.introspect("token", token, "token_type_hint", "refresh_token").active(); !active || body["exp"].(float64) < float64(w.clock.now().UnixMilli()) {
		t.Errorf("a refresh token: %v", body)
	}
	next := w.refresh(token).want(http.StatusOK).text("refreshToken")
	for name, pairs := range map[string][]string{
		"a spent refresh token": {"token", token, "token_type_hint", "refresh_token"}, "without the hint": {"token", next}, "nonsense": {"token", "x"}, "a forged one": {"token", "x", "token_type_hint", "refresh_token"},
	} {
		if active, body := w.introspect(pairs...).active(); active || len(body) != 1 {
			t.Errorf("%s: %v", name, body)
		}
	}
	w.clock.advance(2 * time.Hour)
	if active, _ := w.introspect("token", jwt).active(); active {
		t.Error("an expired JWT is active")
	}
	w.introspect().want(http.StatusBadRequest)
	w.introspect("token", "x", "token_type_hint", "cookie").want(http.StatusBadRequest)
	w.introspect("token", jwt, "client_secret", "wrong").want(http.StatusUnauthorized)
	other := w.AddApplication(idp.Application{ClientSecret: "another secret"})
	fresh := w.login(nil).want(http.StatusOK)
	w.introspect("token", fresh.text("token"), "client_id", other.ID, "client_secret", "another secret").want(http.StatusUnauthorized)
	w.introspect("token", fresh.text("refreshToken"), "token_type_hint", "refresh_token", "client_id", other.ID, "client_secret", "another secret").want(http.StatusUnauthorized)
}

func TestValidateAndUserInfo(t *testing.T) {
	w := newWorld(t)
	jwt := w.login(nil).want(http.StatusOK).text("token")
	for _, header := range [][]string{{"Authorization", "Bearer " + jwt}, {"Authorization", "JWT " + jwt}, {"Cookie", "access_token=" + jwt}} {
		var body struct{ JWT map[string]any }
		w.send("GET", "/api/jwt/validate", "", "", header...).want(http.StatusOK).decode(&body)
		if body.JWT["sub"] != w.user.ID {
			t.Errorf("%v: %v", header[0], body)
		}
	}
	for _, method := range []string{"GET", "POST"} {
		a := w.send(method, "/oauth2/userinfo", "", "", "Authorization", "Bearer "+jwt).want(http.StatusOK)
		if a.text("sub") != w.user.ID || a.text("email") != "ada@example.com" || a.text("applicationId") != w.app.ID {
			t.Errorf("userinfo: %s", a.body)
		}
	}
	w.send("GET", "/api/jwt/validate", "", "").wantEmpty(http.StatusUnauthorized)
	w.send("GET", "/api/jwt/validate", "", "", "Authorization", "Bearer x").wantEmpty(http.StatusUnauthorized)
	w.send("GET", "/oauth2/userinfo", "", "").wantEmpty(http.StatusUnauthorized)
	// no header, no CSRF
	w.send("GET", "/oauth2/userinfo", "", "", "Cookie", "access_token="+jwt).wantEmpty(http.StatusUnauthorized)
	w.send("GET", "/oauth2/userinfo", "", "", "Authorization", "Bearer x").want(http.StatusUnauthorized)
	must(t, w.SetUserActive(t.Context(), w.user.ID, false))
	w.send("GET", "/oauth2/userinfo", "", "", "Authorization", "Bearer "+jwt).want(http.StatusUnauthorized)
	// signature and time alone
	w.send("GET", "/api/jwt/validate", "", "", "Authorization", "Bearer "+jwt).want(http.StatusOK)
}

func TestPublicKeysAndDiscovery(t *testing.T) {
	w := newWorld(t)
	var all struct{ PublicKeys map[string]string }
	w.send("GET", "/api/jwt/public-key", "", "").want(http.StatusOK).decode(&all)
	if len(all.PublicKeys) != 1 {
		t.Fatalf("%v", all)
	}
	for kid, text := range all.PublicKeys {
		block, _ := pem.Decode([]byte(text))
		if _, err := x509.ParsePKIXPublicKey(block.Bytes); err != nil {
			t.Error(err)
		}
		for _, query := range []string{"kid=" + kid, "keyId=" + kid, "applicationId=" + w.app.ID} {
			if got := w.send("GET", "/api/jwt/public-key?"+query, "", "").want(http.StatusOK).text("publicKey"); got != text {
				t.Errorf("%s: %s", query, got)
			}
		}
	}
	w.send("GET", "/api/jwt/public-key?kid=x", "", "").wantEmpty(http.StatusNotFound)
	w.send("GET", "/api/jwt/public-key?applicationId="+uuid.NewString(), "", "").wantEmpty(http.StatusNotFound)
	w.send("GET", "/api/health", "", "").wantEmpty(http.StatusOK)
	w.send("GET", "/"+uuid.NewString()+"/.well-known/openid-configuration", "", "").wantEmpty(http.StatusNotFound)
	w.send("GET", "/x/.well-known/openid-configuration", "", "").wantEmpty(http.StatusNotFound)
	for _, path := range []string{"", "/" + w.user.TenantID} {
		a := w.send("GET", path+"/.well-known/openid-configuration", "", "").want(http.StatusOK)
		if a.text("jwks_uri") != w.URL+"/.well-known/jwks.json" || a.text("issuer") != w.URL {
			t.Errorf("%s", a.body)
		}
	}
}
