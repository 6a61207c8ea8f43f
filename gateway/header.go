package gateway

import (
	"net/http"
	"strings"
)

// cleanRequestHeader removes what a client must not tell the app behind: who it is, where it comes from, which path or method is
// meant instead, and our cookies. A name with anything but letters, digits and hyphens is removed as well, because many servers take
// "X_User" and "X-User" for the same.
func cleanRequestHeader(h http.Header) {
	for name := range h {
		if !plainName(name) || saysIdentity(strings.ToLower(name)) {
			delete(h, name)
		}
	}
	cleanCookies(h)
}

func plainName(name string) bool {
	for i := range len(name) {
		c := name[i]
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-') {
			return false
		}
	}
	return name != ""
}

var identityNames = map[string]bool{
	"authorization": true, "proxy-authorization": true, "forwarded": true, "x-forwarded": true, "via": true, "proxy": true,
	"x-real-ip": true, "true-client-ip": true, "cf-connecting-ip": true, "cf-connecting-ipv6": true, "fastly-client-ip": true,
	"x-client-ip": true, "x-cluster-client-ip": true, "client-ip": true, "x-remote-ip": true, "x-remote-addr": true, "x-originating-ip": true,
	"x-original-url": true, "x-original-uri": true, "x-original-method": true, "x-original-host": true, "x-rewrite-url": true, "x-host": true,
	"x-http-method-override": true, "x-http-method": true, "x-method-override": true,
	"remote-user": true, "x-remote-user": true, "x-webauth-user": true, "x-token-subject": true, "x-email": true, "x-groups": true, "x-roles": true,
	"x-sendfile": true, "x-accel-redirect": true, "sec-session-id": true,
}

var identityPrefixes = []string{"latchkey-", "x-latchkey-", "x-forwarded-", "x-user", "x-auth", "x-client-cert", "x-ssl-", "ssl-client", "x-arr-", "x-envoy-"}

// saysIdentity takes a name in lower case.
func saysIdentity(name string) bool {
	if identityNames[name] {
		return true
	}
	for _, prefix := range identityPrefixes {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}

// ourCookies are the guard's, of this version and those to come. Names of cookies have a case; some servers do not care.
func ourCookie(name string) bool {
	switch strings.ToLower(name) {
	case "__host-session", "__host-refresh", "__host-device", "__host-echo", "__host-bound":
		return true
	}
	return false
}

// cleanCookies removes our cookies and leaves the others.
func cleanCookies(h http.Header) {
	lines := h["Cookie"]
	var kept []string
	for _, line := range lines {
		for pair := range strings.SplitSeq(line, ";") {
			pair = strings.TrimSpace(pair)
			name, _, _ := strings.Cut(pair, "=")
			if pair != "" && !ourCookie(strings.Trim(name, ` "`)) {
				kept = append(kept, pair)
			}
		}
	}
	if len(kept) == 0 {
		delete(h, "Cookie")
		return
	}
	h["Cookie"] = []string{strings.Join(kept, "; ")}
}

// cleanAnswerHeader removes from an answer of the app behind, headers or trailers, what speaks for our origin or for the login: our
// cookies, orders to clear or to bind what the browser keeps, transport security, and permissions for other origins.
// Of these, allowed lists what the app may say after all.
func cleanAnswerHeader(h http.Header, allowed map[string]bool) {
	for name := range h {
		if lower := strings.ToLower(name); speaksForOrigin(lower) && !allowed[lower] {
			delete(h, name)
		}
	}
	if lines := h["Set-Cookie"]; lines != nil {
		kept := lines[:0:0]
		for _, line := range lines {
			name, _, _ := strings.Cut(line, "=")
			if !ourCookie(strings.Trim(name, " \t\"")) {
				kept = append(kept, line)
			}
		}
		h["Set-Cookie"] = kept
	}
}

func speaksForOrigin(name string) bool {
	switch name {
	case "clear-site-data", "strict-transport-security", "public-key-pins", "alt-svc":
		return true
	}
	return strings.HasPrefix(name, "access-control-") || strings.HasPrefix(name, "secure-session-") || strings.HasPrefix(name, "sec-session-")
}

// size is what the headers take on the wire, about.
func size(h http.Header) int {
	n := 0
	for name, values := range h {
		for _, value := range values {
			n += len(name) + len(value) + 4
		}
	}
	return n
}
