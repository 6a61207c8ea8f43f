package gateway_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/latchkey-dev/latchkey/gateway"
	"github.com/latchkey-dev/latchkey/idp"
)

const userKey = "0123456789abcdef0123456789abcdef"

func withUserKey(c *gateway.Config) { c.Apps[0].UserKey = userKey }

// forged are names by which a client may try to tell the app who it is or where it comes from.
var forged = []string{
	"Latchkey-User", "Latchkey", "LATCHKEY-USER", "latchkey_user", "Latchkey_User", "latchkey-USER", "Latchkey-User-Id", "X-Latchkey-User", "Authorization", "AUTHORIZATION",
	"X-User", "X-User-Id", "X_User", "X-Auth-Request-Email", "X-Authenticated-User", "Remote-User", "X-Remote-User", "X-Forwarded-For", "x_forwarded_for", "X-Forwarded",
	"X-Forwarded-User", "X-Forwarded-Email", "X-Forwarded-Prefix", "X-Forwarded-Port", "X-Forwarded-Client-Cert", "Forwarded", "X-Real-IP", "X-Real_IP", "True-Client-IP", "CF-Connecting-IP",
	"X-Client-IP", "X-Cluster-Client-Ip", "X-Original-URL", "X-Original-Method", "X-Rewrite-URL", "X-HTTP-Method-Override", "X-Method-Override", "X-Client-Cert", "X-Client-Cert-Dn",
	"X.User", "Authorization_", "Content_Length", "Transfer_Encoding", "Remote-Groups", "X-WEBAUTH-ROLE", "X-MS-CLIENT-PRINCIPAL", "X-Goog-Authenticated-User-Email", "X-Amzn-Oidc-Data",
	"Cf-Access-Authenticated-User-Email", "Tailscale-User-Login", "X-Consumer-Username", "X-Middleware-Subrequest", "WL-Proxy-Client-IP", "Incap-Client-IP", "DO-Connecting-IP", "Client-Cert", "X-Access-Token",
	"X-Original-Forwarded-For", "Impersonate-User", "X-Endpoint-API-UserInfo", "X-Script-Name", "X-Scheme", "Front-End-Https", "X-Client-Verify", "Fly-Client-IP",
	"WL-Proxy-Client-Cert", "Forwarded-For", "X-Forward-For", "X-Now-Route-Matches", "X-Invoke-Path", "X-WebObjects-Remote-User", "es-security-runas-user", "X-SP-UserId", "ngrok-auth-user-email", "teleport-jwt-assertion",
	"Secure-Session-Registration", "Secure-Session-Challenge", "Secure-Session-Response", "Secure-Session-Skipped", "Sec-Secure-Session-Id",
	"kubeflow-userid", "l5d-client-id", "X-AGW-userid", "X-Scope-OrgID", "x-amzn-request-context", "Grpc-Metadata-X-User", "Sf-Context-Current-User", "unscoped-affiliation", "X-CF-Forwarded-Url", "X-ClientIP", "Disguised-Host",
}

// GWY-02, GWY-03: claims of a client about itself are removed, in every spelling, twice, named by
// Connection, or as a trailer; what the gateway says is there.
func TestGWY02IdentityComesFromTheGatewayAlone(t *testing.T) {
	w := newWorld(t)
	n := w.serve(withUserKey)
	ada := n.loggedIn()
	var cookies []string
	for name, value := range ada.cookies {
		cookies = append(cookies, name+"="+value)
	}
	for _, name := range append(gateway.IdentityHeaders(), forged...) {
		for who, cookie := range map[string]string{"a stranger": "", "Ada": "Cookie: " + strings.Join(cookies, "; ") + "\r\n"} {
			answer := n.raw("POST /open HTTP/1.1\r\nHost: app.localhost\r\nOrigin: " + origin + "\r\nSec-Fetch-Site: same-origin\r\n" + cookie +
				name + ": 6.6.6.6 mallory\r\n" + strings.ToLower(name) + ": 6.6.6.6 mallory\r\n" +
				"Connection: close, " + name + ", Latchkey-User, Authorization, X-Forwarded-For, Cookie\r\n" +
				"Trailer: " + name + "\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + name + ": mallory\r\n\r\n")
			if !strings.HasPrefix(answer, "HTTP/1.1 200") {
				t.Fatalf("%s of %s: %s", name, who, answer)
			}
			r := w.app.last(t)
			if said := fmt.Sprint(r.Header, r.Trailer, r.Host); strings.Contains(said, "mallory") || strings.Contains(said, "6.6.6.6") || len(r.Trailer) != 0 {
				t.Errorf("%s of %s reached the app: %s", name, who, said)
			}
			if r.Header.Get("X-Forwarded-For") != "127.0.0.1" || r.Header.Get("X-Forwarded-Host") != "app.localhost" || r.Header.Get("X-Forwarded-Proto") != "http" {
				t.Errorf("%s of %s: the app saw %v", name, who, r.Header)
			}
			if logged := len(r.Header["Authorization"]) == 1 && len(r.Header["Latchkey-User"]) == 1; logged != (who == "Ada") {
				t.Errorf("%s of %s: the app saw %v", name, who, r.Header)
			}
		}
	}
}

// GWY-15, GWY-19: the app gets a JWT of its own application, and a header that it can check with
// its own key.
func TestGWY15UserHeaderCanBeChecked(t *testing.T) {
	w := newWorld(t)
	n := w.serve(withUserKey)
	n.loggedIn().do("GET", "/api/x", "").want(t, 200, "")
	r := w.app.last(t)
	token, err := jwt.ParseSigned(r.Header.Get("Latchkey-User"), []jose.SignatureAlgorithm{jose.HS256})
	if err != nil {
		t.Fatal(err)
	}
	var claims jwt.Claims
	var ours struct {
		Email string   `json:"email"`
		Sid   string   `json:"sid"`
		Roles []string `json:"roles"`
	}
	if err := token.Claims([]byte(userKey), &claims, &ours); err != nil {
		t.Fatal(err)
	}
	err = claims.ValidateWithLeeway(jwt.Expected{Issuer: "latchkey", AnyAudience: jwt.Audience{origin}, Subject: w.user.ID, Time: w.clock.Now()}, 0)
	if err != nil || ours.Email != "ada@example.com" || !slices.Equal(ours.Roles, []string{"user"}) || ours.Sid == "" {
		t.Errorf("%+v %+v, %v", claims, ours, err)
	}
	bearer, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	unverified, err := jwt.ParseSigned(bearer, []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		t.Fatal(err)
	}
	var of jwt.Claims
	if err := unverified.UnsafeClaimsWithoutVerification(&of); err != nil || of.Subject != w.user.ID || !of.Expiry.Time().After(w.clock.Now()) {
		t.Errorf("the JWT says %+v, %v", of, err)
	}
	off := w.serve(func(c *gateway.Config) { c.Apps[0].NoBearer = true })
	off.loggedIn().do("GET", "/api/x", "").want(t, 200, "")
	if r := w.app.last(t); r.Header["Authorization"] != nil || r.Header["Latchkey-User"] != nil {
		t.Errorf("the app saw %v", r.Header)
	}
}

// GWY-04: our cookies do not reach the app, its own cookies do.
func TestGWY04OurCookiesStayHere(t *testing.T) {
	w := newWorld(t)
	n := w.serve()
	b := n.loggedIn()
	b.do("GET", "/api/x", "", "Cookie", `theme=dark; __HOST-SESSION=1; "__Host-refresh"=2; lang="a b"`).want(t, 200, "")
	r := w.app.last(t)
	for _, value := range b.cookies {
		if strings.Contains(fmt.Sprint(r.Header), value) {
			t.Errorf("a cookie of ours reached the app: %v", r.Header["Cookie"])
		}
	}
	if got := r.Header["Cookie"]; !slices.Equal(got, []string{`theme=dark; lang="a b"`}) {
		t.Errorf("the app saw the cookies %q", got)
	}
}

// GWY-04: no server, however it reads cookies, finds one of ours in what is passed on; cookies that
// only look like ours pass.
func TestGWY04CookiesThatServersTrim(t *testing.T) {
	w := newWorld(t)
	n := w.serve()
	sent := func(cookie string) string {
		n.stranger().do("GET", "/x", "", "Cookie", cookie).want(t, 200, "")
		return w.app.last(t).Header.Get("Cookie")
	}
	for _, pair := range []string{
		"__Host-session\t=v", "__Host-session =v", "\t__Host-session=v", "\t \t__Host-session\t \t=v", `"__Host-session"=v`, "'__Host-session'=v", "\u00a0__Host-session\u00a0=v", "__Host-session\u3000=v", "\xa0__Host-session\xa0=v", "\x85__Host-session=v",
		"__Host-session", "=__Host-session=v", "==__Host-session=v", "a=1, __Host-session=v", "a=1 __Host-session=v", "a=1\t__Host-session=v", `a="1" __Host-session=v`, "$Version=1, __Host-session=v", "..Host-session=v", "_.Host-session=v", "[_Host-session=v",
		"%5f%5fHost-session=v", "__Host%2Dsession=v", "__Host-session%20=v", "%zz%__Host%2dsession=v", "__HOST-SESSION\t=v", "__host-REFRESH=v", "__Host-device\t=v", "__Host-echo\t=v", "__Host-bound\t=v", "+__Host-session=v", "(__Host-session)=v", "\u200b__Host-session=v",
	} {
		if got := sent("a=b; " + pair + "; c=d"); got != "a=b; c=d" {
			t.Errorf("%q: the app saw %q", pair, got)
		}
	}
	for _, pair := range []string{"__Host-sessions=v", "__Host-session-id=v", "my__Host-session=v", "__Host-csrf=v", "Host-session=v", "_Host-session=v", "host=session", "a=%41", "session=v", "a=Host-", "a=__Host-"} {
		if got := sent(pair); got != pair {
			t.Errorf("%q: the app saw %q", pair, got)
		}
	}
}

// GWY-05, GWY-18: the app cannot set our cookies or affect the whole origin, neither in a header,
// nor in a trailer, nor in an informational response.
func TestGWY05AnswersCannotTouchTheLogin(t *testing.T) {
	w := newWorld(t)
	w.app.answer(func(rw http.ResponseWriter, r *http.Request) {
		h := rw.Header()
		say := func() {
			for _, name := range []string{"Clear-Site-Data", "Strict-Transport-Security", "Secure-Session-Registration", "Secure-Session-Challenge", "Secure-Session-Response", "Secure-Session-Skipped", "Sec-Secure-Session-Id", "Sec-Session-Registration", "Access-Control-Allow-Origin", "Access-Control-Allow-Credentials", "Alt-Svc"} {
				h.Set(name, "mallory")
			}
			h["Set-Cookie"] = []string{"__Host-session=mallory; Path=/; Secure", "__host-Refresh=mallory", " __Host-device=mallory; Max-Age=0", "=__Host-session=mallory; Secure", "__Host-echo\t=mallory", "__Host-bound=mallory; Max-Age=600", "theme=dark"}
		}
		say()
		rw.WriteHeader(http.StatusEarlyHints)
		say()
		h.Set("Trailer", "Set-Cookie, Secure-Session-Challenge, X-Sum")
		fmt.Fprint(rw, "ok")
		rw.(http.Flusher).Flush()
		h.Set("X-Sum", "1")
		h.Set("Set-Cookie", "__Host-session=mallory")
		h.Set("Secure-Session-Challenge", "mallory")
		h.Set(http.TrailerPrefix+"Secure-Session-Registration", "mallory")
		h.Set(http.TrailerPrefix+"Clear-Site-Data", "mallory")
	})
	for _, h2 := range []bool{false, true} {
		n := w.start(h2)
		resp := n.stranger().open(n.stranger().request("GET", "/x", ""))
		got := n.read(resp)
		if said := fmt.Sprint(resp.Header, resp.Trailer); got.body != "ok" || strings.Contains(said, "mallory") {
			t.Errorf("%s: %s", resp.Proto, said)
		}
		if resp.Trailer.Get("X-Sum") != "1" || !slices.Equal(resp.Header["Set-Cookie"], []string{"theme=dark"}) {
			t.Errorf("%s: what the app may say is lost: %v %v", resp.Proto, resp.Header, resp.Trailer)
		}
	}
	n := w.serve(func(c *gateway.Config) { c.Apps[0].AllowHeaders = []string{"access-control-allow-origin"} })
	if got := n.stranger().do("GET", "/x", ""); got.header.Get("Access-Control-Allow-Origin") != "mallory" || got.header["Clear-Site-Data"] != nil {
		t.Errorf("allowed is one header: %v", got.header)
	}
	if raw := n.raw("GET /x HTTP/1.1\r\nHost: app.localhost\r\nConnection: close\r\n\r\n"); strings.Contains(raw, "103") || strings.Count(raw, "mallory") != 1 {
		t.Errorf("an informational answer came through: %s", raw)
	}
}

// A response that the app does not label HTML does not become HTML on the way.
func TestTypeIsTheAppsOwn(t *testing.T) {
	w := newWorld(t)
	w.app.answer(func(rw http.ResponseWriter, r *http.Request) {
		rw.Header()["Content-Type"] = nil
		if r.URL.Path == "/typed" {
			rw.Header().Set("Content-Type", "text/csv")
		}
		fmt.Fprint(rw, "<html><script>")
	})
	for _, h2 := range []bool{false, true} {
		b := w.start(h2).stranger()
		if got := b.do("GET", "/x", ""); got.header["Content-Type"] != nil {
			t.Errorf("%v", got.header)
		}
		if got := b.do("GET", "/typed", ""); got.header.Get("Content-Type") != "text/csv" {
			t.Errorf("%v", got.header)
		}
	}
}

// Informational responses of the app do not remove the cookies of a session that was just
// refreshed, and they are never cached.
func TestNewCookiesSurviveInformationalAnswers(t *testing.T) {
	w := newWorld(t)
	w.app.answer(func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("Link", "</style.css>; rel=preload")
		rw.WriteHeader(http.StatusEarlyHints)
		rw.Header().Set("Cache-Control", "public, max-age=600")
		rw.Header().Set("Set-Cookie", "theme=dark")
		fmt.Fprint(rw, "ok")
	})
	n := w.serve()
	b := n.loggedIn()
	w.clock.Advance(2 * time.Minute)
	b.do("GET", "/api/x", "").want(t, 200, "")
	w.clock.Advance(50 * time.Minute) // idle
	got := b.do("GET", "/api/x", "")
	if len(got.header["Set-Cookie"]) != 3 || got.header.Get("Cache-Control") != "no-store" {
		t.Errorf("after a refresh: %d %v", got.status, got.header)
	}
	if got := b.do("GET", "/api/x", ""); len(got.header["Set-Cookie"]) != 1 || got.header.Get("Cache-Control") != "public, max-age=600" {
		t.Errorf("otherwise: %d %v", got.status, got.header)
	}
}

// GWY-13: only listed proxies are trusted in their forwarding headers, and only in the configured
// one.
func TestGWY13ForwardedFromListedProxies(t *testing.T) {
	w := newWorld(t)
	trust := func(rfc7239 bool, nets ...string) func(*gateway.Config) {
		return func(c *gateway.Config) {
			c.Forwarded = rfc7239
			for _, prefix := range nets {
				c.TrustedProxies = append(c.TrustedProxies, netip.MustParsePrefix(prefix))
			}
		}
	}
	for _, c := range []struct {
		name          string
		config        func(*gateway.Config)
		forwardedFor  string
		forwarded     string
		chain, client string
	}{
		{"nobody is trusted", trust(false), "1.1.1.1", "for=2.2.2.2", "127.0.0.1", "127.0.0.1"},
		{"another is trusted", trust(false, "10.0.0.0/8"), "1.1.1.1", "for=2.2.2.2", "127.0.0.1", "127.0.0.1"},
		{"the peer is trusted", trust(false, "127.0.0.0/8"), "1.1.1.1", "for=2.2.2.2", "1.1.1.1, 127.0.0.1", "1.1.1.1"},
		{"only its own words", trust(false, "127.0.0.0/8"), "6.6.6.6, 1.1.1.1", "", "1.1.1.1, 127.0.0.1", "1.1.1.1"},
		{"a chain of ours", trust(false, "127.0.0.0/8", "10.0.0.0/8"), "6.6.6.6, 1.1.1.1, 10.0.0.7", "", "1.1.1.1, 10.0.0.7, 127.0.0.1", "1.1.1.1"},
		{"rubbish", trust(false, "127.0.0.0/8"), "1.1.1.1, mallory", "", "127.0.0.1", "127.0.0.1"},
		{"nothing said", trust(false, "127.0.0.0/8"), "", "", "127.0.0.1", "127.0.0.1"},
		{"RFC 7239", trust(true, "127.0.0.0/8"), "1.1.1.1", `for=6.6.6.6;proto=https, For="[2001:db8::1]:4711";by=10.0.0.1`, "2001:db8::1, 127.0.0.1", "2001:db8::1"},
		{"RFC 7239, hidden", trust(true, "127.0.0.0/8"), "1.1.1.1", `for=6.6.6.6, for=_hidden`, "127.0.0.1", "127.0.0.1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := w.serve(c.config)
			header := []string{"X-Forwarded-Proto", "https", "X-Forwarded-Host", "evil.example", "X-Real-Ip", "6.6.6.6"}
			if c.forwardedFor != "" {
				header = append(header, "X-Forwarded-For", c.forwardedFor)
			}
			if c.forwarded != "" {
				header = append(header, "Forwarded", c.forwarded)
			}
			n.stranger().do("GET", "/x", "", header...).want(t, 200, "")
			r := w.app.last(t)
			if got := r.Header.Get("X-Forwarded-For"); got != c.chain || r.Header.Get("X-Forwarded-Host") != "app.localhost" || r.Header.Get("X-Forwarded-Proto") != "http" ||
				r.Header["Forwarded"] != nil || r.Header["X-Real-Ip"] != nil {
				t.Errorf("the app saw %v", r.Header)
			}
			n.stranger().do("POST", "/api/login", `{"email":"x@example.com","password":"wrong"}`, header...).want(t, 401, "invalid_credentials")
			if !strings.Contains(w.log.String(), "login_failed app=app.localhost ip="+c.client+" ") {
				t.Errorf("the guard saw another address than %s", c.client)
			}
		})
	}
}

// A proxy that is not listed is logged once a minute; listed proxies and requests without one are
// not.
func TestProxiesThatAreNotListed(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		told := func() int { return strings.Count(w.log.String(), "trusted_proxies") }
		n := w.serve()
		listed := w.serve(func(c *gateway.Config) { c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")} })
		n.stranger().do("GET", "/x", "").want(t, 200, "")
		listed.stranger().do("GET", "/x", "", "X-Forwarded-For", "203.0.113.7").want(t, 200, "")
		if told() != 0 {
			t.Errorf("told without a cause: %s", w.log)
		}
		for i, header := range []string{"X-Forwarded-For", "Forwarded"} {
			for range 5 {
				n.stranger().do("GET", "/x", "", header, "for=203.0.113.7").want(t, 200, "")
				time.Sleep(10 * time.Second)
			}
			if told() != i+1 {
				t.Errorf("%s: told %d times: %s", header, told(), w.log)
			}
			time.Sleep(10 * time.Second)
		}
		if log := w.log.String(); strings.Contains(log, "203.0.113.7") || !strings.Contains(log, "peer=127.0.0.1") {
			t.Errorf("the log names the wrong address: %s", log)
		}
	})
}

// A JWT that has expired while the browser was idle is refreshed before the app sees it.
func TestTokenIsNeverStale(t *testing.T) {
	w := newWorld(t, idp.Application{AccessTokenTTL: 5 * time.Minute})
	n := w.serve()
	b := n.loggedIn()
	w.clock.Advance(2 * time.Minute)
	b.do("GET", "/api/x", "").want(t, 200, "")
	first := w.app.last(t).Header.Get("Authorization")
	w.clock.Advance(10 * time.Minute)
	got := b.do("GET", "/api/x", "")
	got.want(t, 200, "")
	if second := w.app.last(t).Header.Get("Authorization"); second == first || second == "" {
		t.Error("the app got a JWT that has expired")
	}
	next := b.do("GET", "/api/x", "")
	next.want(t, 200, "")
	if len(got.header["Set-Cookie"])+len(next.header["Set-Cookie"]) == 0 {
		t.Error("no new cookies came with it, nor with the next response")
	}
}

// If the provider refuses meanwhile, there is one response: a login is required.
func TestTokenThatIsRefused(t *testing.T) {
	w := newWorld(t, idp.Application{AccessTokenTTL: 5 * time.Minute})
	n := w.serve()
	b := n.loggedIn()
	w.clock.Advance(2 * time.Minute)
	b.do("GET", "/api/x", "").want(t, 200, "")
	w.clock.Advance(10 * time.Minute)
	revoke, err := http.NewRequest("DELETE", w.provider.URL+"/api/jwt/refresh?userId="+w.user.ID, nil)
	if err != nil {
		t.Fatal(err)
	}
	revoke.Header.Set("Authorization", w.provider.APIKey)
	resp, err := w.provider.Client.Do(revoke)
	if err != nil || resp.StatusCode != 200 {
		t.Fatal(resp, err)
	}
	b.do("GET", "/api/x", "").want(t, 401, "login_required")
}

// FuzzHeaders: no header of a client reaches the app under one of the gateway's names.
func FuzzHeaders(f *testing.F) {
	for _, name := range forged {
		f.Add(name, "6.6.6.6", "close, "+name)
	}
	for _, cookie := range []string{"__Host-session=1; a=b", "a=b; __Host-session\t=1", "a=b;\u00a0__HOST-session\u00a0=1", `"__Host-session"=1`, "a=1, __Host-session=2", "=__Host-session=1", "__Host-session\xa0=1"} {
		f.Add("Cookie", cookie, "")
	}
	f.Fuzz(func(t *testing.T, name, value, connection string) {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header[http.CanonicalHeaderKey(name)] = []string{value, value}
		r.Header["Connection"] = []string{connection}
		r.RemoteAddr = "203.0.113.7:1234"
		h := gateway.Rewritten(r, &url.URL{Scheme: "http", Host: "upstream"})
		for name, values := range h {
			switch plain := strings.ToLower(strings.Map(hyphens, name)); {
			case strings.HasPrefix(plain, "latchkey"), plain == "authorization", plain == "forwarded", plain == "x-real-ip", strings.HasPrefix(plain, "x-user"):
				t.Errorf("%q: %q", name, values)
			case plain == "x-forwarded-for" && !slices.Equal(values, []string{"203.0.113.7"}):
				t.Errorf("%q: %q", name, values)
			case plain == "cookie" && ourCookie.MatchString(values[0]):
				t.Errorf("%q: %q", name, values)
			}
		}
	})
}

// ourCookie finds the session's cookie behind everything that servers trim.
var ourCookie = regexp.MustCompile(`(?i)(^|;)[^a-z0-9_-]*__host-session[^a-z0-9_-]*=`)

func hyphens(r rune) rune {
	if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
		return r
	}
	return '-'
}

// FuzzForwarded: a forged list never yields an address that is not in it, and never fails.
func FuzzForwarded(f *testing.F) {
	f.Add("1.1.1.1, [2001:db8::1]:80", false)
	f.Add(`for="[2001:db8::1]:4711";by=x, For=1.2.3.4`, true)
	f.Add(`for="a,b";for=;;==,,,`, true)
	f.Fuzz(func(t *testing.T, said string, rfc7239 bool) {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = "10.0.0.1:1234"
		r.Header["X-Forwarded-For"], r.Header["Forwarded"] = []string{said}, []string{said}
		hops := gateway.Hops(r, rfc7239, netip.MustParsePrefix("10.0.0.0/8"))
		if len(hops) == 0 || hops[len(hops)-1] != netip.MustParseAddr("10.0.0.1") {
			t.Fatalf("%q: %v", said, hops)
		}
		for i, hop := range hops[:len(hops)-1] {
			if !hop.IsValid() || i > 0 && !netip.MustParsePrefix("10.0.0.0/8").Contains(hop) {
				t.Errorf("%q: %v", said, hops)
			}
		}
	})
}

// Headers that a configuration drops do not reach the app either, in any spelling; the rest do.
func TestDropHeaders(t *testing.T) {
	w := newWorld(t)
	n := w.serve(func(c *gateway.Config) { c.Apps[0].DropHeaders = []string{"x-corp-user", "X-Corp-Groups"} })
	n.stranger().do("GET", "/x", "", "X-Corp-User", "mallory", "x-corp-GROUPS", "mallory", "X-Corp", "kept").want(t, 200, "")
	if h := w.app.last(t).Header; strings.Contains(fmt.Sprint(h), "mallory") || h.Get("X-Corp") != "kept" {
		t.Errorf("the app saw %v", h)
	}
}

// Names of headers in a configuration must be whole names, and none that the app needs.
func TestHeaderNamesInTheConfig(t *testing.T) {
	w := newWorld(t)
	check := func(change func(*gateway.App)) error {
		app := gateway.App{Login: w.login, Upstream: w.app.URL}
		change(&app)
		g, err := gateway.New(gateway.Config{Apps: []gateway.App{app}})
		if err == nil {
			g.Close(t.Context())
		}
		return err
	}
	for _, name := range []string{"", "*", "X-Corp-*", "X Corp", "X_Corp", "X-Corp: a", "X-Corp\n", "é", "Host", "content-type", "Content-Length", "Cookie", "authorization", "Latchkey-User", "X-Forwarded-For", "Upgrade", "Sec-WebSocket-Key", "Transfer-Encoding"} {
		if err := check(func(a *gateway.App) { a.DropHeaders = []string{name} }); err == nil {
			t.Errorf("drop_headers %q is taken", name)
		}
	}
	for _, name := range []string{"", "*", "Access-Control-*", "X Y", "secure-session-registration", "Sec-Secure-Session-Id"} {
		if err := check(func(a *gateway.App) { a.AllowHeaders = []string{name} }); err == nil {
			t.Errorf("allow_headers %q is taken", name)
		}
	}
	if err := check(func(a *gateway.App) { a.DropHeaders = []string{"X-Corp-User", "Remote-User", "Range"} }); err != nil {
		t.Error(err)
	}
}
