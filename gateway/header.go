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
		if !plainName(name) || saysIdentity(http.CanonicalHeaderKey(name)) {
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

// identityNames and identityPrefixes are in canonical form, in which net/http has names already: to compare them costs no allocation.
var identityNames = canonical(
	"authorization", "proxy-authorization", "forwarded", "x-forwarded", "via", "proxy",
	"x-real-ip", "true-client-ip", "cf-connecting-ip", "cf-connecting-ipv6", "fastly-client-ip",
	"x-client-ip", "x-cluster-client-ip", "client-ip", "x-remote-ip", "x-remote-addr", "x-originating-ip",
	"x-original-url", "x-original-uri", "x-original-method", "x-original-host", "x-rewrite-url", "x-host",
	"x-http-method-override", "x-http-method", "x-method-override",
	"remote-user", "x-remote-user", "x-webauth-user", "x-token-subject", "x-email", "x-groups", "x-roles",
	"x-sendfile", "x-accel-redirect", "sec-session-id",
)

var identityPrefixes = [...]string{"Latchkey", "X-Latchkey", "X-Forwarded-", "X-User", "X-Auth", "X-Client-Cert", "X-Ssl-", "Ssl-Client", "X-Arr-", "X-Envoy-"}

func canonical(names ...string) map[string]bool {
	set := make(map[string]bool)
	for _, name := range names {
		set[http.CanonicalHeaderKey(name)] = true
	}
	return set
}

// saysIdentity takes a name in canonical form.
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

// ourCookie names the guard's, of this version and those to come. Names of cookies have a case; some servers do not care.
func ourCookie(name string) bool {
	if len(name) < len("__Host-") || name[0] != '_' {
		return false
	}
	for _, ours := range [...]string{"__Host-session", "__Host-refresh", "__Host-device", "__Host-echo", "__Host-bound"} {
		if strings.EqualFold(name, ours) {
			return true
		}
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
		if canonical := http.CanonicalHeaderKey(name); speaksForOrigin(canonical) && !allowed[canonical] {
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

// speaksForOrigin takes a name in canonical form.
func speaksForOrigin(name string) bool {
	switch name {
	case "Clear-Site-Data", "Strict-Transport-Security", "Public-Key-Pins", "Alt-Svc":
		return true
	}
	return strings.HasPrefix(name, "Access-Control-") || strings.HasPrefix(name, "Secure-Session-") || strings.HasPrefix(name, "Sec-Session-")
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
