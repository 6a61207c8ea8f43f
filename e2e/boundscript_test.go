package e2e_test

import (
	"fmt"
	"net/http"
	"sync"
	"testing"

	"github.com/latchkey-dev/latchkey/dbsc"
	"github.com/latchkey-dev/latchkey/idp/idptest"
)

// forge logs in, and signs the challenge of the answer with a key of the script's own.
const forge = `async (email, password) => {
	const login = await fetch("/api/login", {
		method: "POST", headers: {"Content-Type": "application/json"}, body: JSON.stringify({email, password}),
	});
	const [, challenge] = /challenge="([^"]*)"/.exec(login.headers.get("Secure-Session-Registration"));
	const key = await crypto.subtle.generateKey({name: "ECDSA", namedCurve: "P-256"}, true, ["sign"]);
	const {kty, crv, x, y} = await crypto.subtle.exportKey("jwk", key.publicKey);
	const base64url = bytes => new Uint8Array(bytes).toBase64({alphabet: "base64url", omitPadding: true});
	const bytes = text => new TextEncoder().encode(text);
	const part = value => base64url(bytes(JSON.stringify(value)));
	const signed = part({alg: "ES256", jwk: {crv, kty, x, y}, typ: "dbsc+jwt"}) + "." + part({jti: challenge});
	return signed + "." + base64url(await crypto.subtle.sign({name: "ECDSA", hash: "SHA-256"}, key.privateKey, bytes(signed)));
}`

// attempts are all ways in which a script can send a POST.
var attempts = []string{
	`fetch(route, {method: "POST", mode: "cors", headers})`,
	`fetch(route, {method: "POST", mode: "same-origin", headers})`,
	`fetch(route, {method: "POST", mode: "no-cors", headers})`,
	`fetch(new Request(route, {method: "POST", mode: "no-cors", headers}))`,
	`navigator.sendBeacon(route)`,
	`(() => {
		const form = document.createElement("form"), frame = document.createElement("iframe");
		frame.name = form.target = "frame";
		Object.assign(form, {method: "post", action: route});
		document.body.append(frame, form);
		form.submit();
	})()`,
}

// TestBound_injectedScript: a script in the page at login sees the challenge before the browser has
// answered it, and still cannot bind the session to a key of its own.
func TestBound_injectedScript(t *testing.T) {
	inEachBound(t, func(t *testing.T, s *site, b *binder) {
		release := s.holdRegistration()
		p := b.elsewhere(s.origin + "/")
		t.Cleanup(func() { p.takeComplaints() }) // that no frame may show the app
		key := read[string](p, fmt.Sprintf("(%s)(%q, %q)", forge, s.user.Email, idptest.Password))
		if registration, err := dbsc.ParseRegistration(key); err != nil || registration.Verify() != nil {
			t.Fatalf("the script's registration is not what the browser would send: %v", err)
		}
		for i, attempt := range attempts {
			read[bool](p, fmt.Sprintf(`(async () => {
				const route = %q, headers = {[%q]: %q};
				await (%s);
				return true;
			})()`, registerRoute, dbsc.HeaderResponse, key, attempt))
			s.await(i+1, "POST", registerRoute)
		}
		for i, e := range s.wire.to(s, registerRoute) {
			if e.status != http.StatusForbidden {
				t.Errorf("%s: %d %s", attempts[i], e.status, e.body)
			}
		}
		release()
		b.awaitTold("creation Success")
		s.openLoggedIn(b.browser)
	})
}

// holdRegistration keeps back what only the browser itself can send, until release.
func (s *site) holdRegistration() (release func()) {
	held := make(chan struct{})
	release = sync.OnceFunc(func() { close(held) })
	s.Cleanup(release)
	s.front.answer(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == registerRoute && r.Header.Get("Sec-Fetch-Mode") == "no-cors" && r.Header.Get(dbsc.HeaderResponse) != "" {
			<-held
		}
		s.app.ServeHTTP(w, r)
	})
	return release
}
