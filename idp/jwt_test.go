package idp_test

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/uuid"

	"github.com/latchkey-dev/latchkey/idp"
	"github.com/latchkey-dev/latchkey/idp/idptest"
)

type jwtClaims struct {
	Iss, Sub, Aud, Jti, Tid, Sid, AuthenticationType, ApplicationID, Email, Scope string

	Exp, Iat          int64
	AuthTime          int64  `json:"auth_time"`
	EmailVerified     *bool  `json:"email_verified"`
	PreferredUsername string `json:"preferred_username"`
	Roles             []string
	header            jose.Header
}

// verified checks a JWT by the published keys, as an application would.
func (w *world) verified(token string) jwtClaims {
	w.t.Helper()
	resp, err := w.Client.Get(w.URL + "/.well-known/jwks.json")
	must(w.t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	must(w.t, err)
	var keys jose.JSONWebKeySet
	must(w.t, json.Unmarshal(body, &keys))
	jws, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.ES256})
	must(w.t, err)
	payload, err := jws.Verify(keys)
	must(w.t, err)
	var c jwtClaims
	must(w.t, json.Unmarshal(payload, &c))
	c.header = jws.Signatures[0].Header
	return c
}

func TestJWT13_Claims(t *testing.T) {
	w := newWorld(t)
	_, err := w.CreateUser(t.Context(), idp.NewUser{ID: "00000000-0000-4000-8000-0000000000ab", Email: "bob@example.com", Username: "Bob", Password: "fifteen letters"})
	must(t, err)
	bob, err := w.UserByLoginID(t.Context(), "bob")
	must(t, err)
	must(t, w.Register(t.Context(), bob.ID, w.app.ID, "buyer", "seller"))
	login := w.login(object{"loginId": "bob", "password": "fifteen letters"}).want(http.StatusOK)
	began := w.clock.now().Unix()
	c := w.verified(login.text("token"))
	if c.Iss != w.URL || c.Sub != bob.ID || c.Aud != w.app.ID || c.ApplicationID != w.app.ID || c.Tid != bob.TenantID ||
		c.Sid != login.text("refreshTokenId") || c.AuthenticationType != "PASSWORD" || uuid.Validate(c.Jti) != nil ||
		c.Iat != began || c.AuthTime != began || c.Exp != began+3600 ||
		c.Email != "bob@example.com" || c.EmailVerified == nil || *c.EmailVerified || c.PreferredUsername != "Bob" ||
		!slices.Equal(c.Roles, []string{"buyer", "seller"}) {
		t.Errorf("%+v", c)
	}
	if c.header.KeyID == "" || c.header.ExtraHeaders["typ"] != "JWT" || c.header.ExtraHeaders["gty"] != nil {
		t.Errorf("header %+v", c.header)
	}

	// A refreshed token has today's registration and the time of the login.
	w.clock.advance(time.Hour)
	must(t, w.Register(t.Context(), bob.ID, w.app.ID, "guest"))
	must(t, w.SetUserVerified(t.Context(), bob.ID, true))
	refreshed := w.refresh(login.text("refreshToken")).want(http.StatusOK)
	n := w.verified(refreshed.text("token"))
	if n.AuthenticationType != "REFRESH_TOKEN" || n.AuthTime != began || n.Iat != began+3600 || n.Sid != c.Sid || n.Jti == c.Jti ||
		!slices.Equal(n.Roles, []string{"guest"}) || !*n.EmailVerified {
		t.Errorf("%+v", n)
	}
	o := w.verified(w.exchange(refreshed.text("refreshToken")).want(http.StatusOK).text("access_token"))
	if gty, _ := o.header.ExtraHeaders["gty"].([]any); len(gty) != 1 || gty[0] != "refresh_token" {
		t.Errorf("header %+v", o.header)
	}
}

func TestClaimsWithoutRegistration(t *testing.T) {
	w := newWorld(t)
	c := w.verified(w.login(object{"applicationId": nil}).want(http.StatusOK).text("token"))
	if c.Aud != "" || c.ApplicationID != "" || c.Roles != nil || c.Sid != "" {
		t.Errorf("no application: %+v", c)
	}
	must(t, w.Unregister(t.Context(), w.user.ID, w.app.ID))
	c = w.verified(w.login(nil).want(http.StatusAccepted).text("token"))
	if c.Aud != w.app.ID || c.ApplicationID != "" || c.Roles != nil || c.Sid != "" {
		t.Errorf("not registered: %+v", c)
	}
}

// TestJWKSHasNoPrivateKey and names what it is for.
func TestJWKSHasNoPrivateKey(t *testing.T) {
	w := newWorld(t)
	var body struct{ Keys []map[string]string }
	a := w.send("GET", "/.well-known/jwks.json", "", "")
	a.decode(&body)
	if a.header.Get("Cache-Control") != "public, max-age=300" || len(body.Keys) != 1 {
		t.Fatalf("%v %s", a.header, a.body)
	}
	k := body.Keys[0]
	if k["kty"] != "EC" || k["crv"] != "P-256" || k["alg"] != "ES256" || k["use"] != "sig" || k["kid"] == "" || k["x"] == "" || k["y"] == "" || k["d"] != "" {
		t.Errorf("%v", k)
	}
}

func TestIssuerAndLife(t *testing.T) {
	w := newWorldOf(t, idp.Application{AccessTokenTTL: 5 * time.Minute}, idptest.WithConfig(func(c *idp.Config) { c.Issuer = "https://id.example.com" }))
	if c := w.verified(w.login(nil).text("token")); c.Exp-c.Iat != 300 || c.Iss != "https://id.example.com" {
		t.Errorf("%+v", c)
	}
}
