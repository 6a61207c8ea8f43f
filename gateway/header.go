package gateway

import (
	"net/http"
	"strings"
)

// cleanRequestHeader removes what a client must not tell the app: who the user is, where the
// request comes from, another path or method, our cookies, and what the configuration drops. It
// also removes names with anything but letters, digits and hyphens, because many servers treat
// "X_User" and "X-User" as the same.
func cleanRequestHeader(h http.Header, dropped map[string]bool) {
	for name := range h {
		if canonical := http.CanonicalHeaderKey(name); !plainName(name) || identity.has(canonical) || dropped[canonical] {
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

// cleanCookies removes our cookies and leaves the others.
func cleanCookies(h http.Header) {
	keepCookies(h, func(pair string) bool { return !namesOurs(pair) })
}

func keepCookies(h http.Header, keep func(pair string) bool) {
	lines := h["Cookie"]
	var kept []string
	for _, line := range lines {
		for pair := range strings.SplitSeq(line, ";") {
			if pair = strings.TrimSpace(pair); pair != "" && keep(pair) {
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

// cleanAnswerHeader removes from a response of the app, from its headers or trailers, what affects
// our origin or the login: our cookies, instructions to clear or bind what the browser stores,
// transport security, and permissions for other origins. allowed lists exceptions.
func cleanAnswerHeader(h http.Header, allowed map[string]bool) {
	for name := range h {
		if canonical := http.CanonicalHeaderKey(name); speaksForOrigin(canonical) && !allowed[canonical] {
			delete(h, name)
		}
	}
	if lines := h["Set-Cookie"]; lines != nil {
		kept := lines[:0:0]
		for _, line := range lines {
			if pair, _, _ := strings.Cut(line, ";"); !namesOurs(pair) {
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
	return strings.HasPrefix(name, "Access-Control-") || bindsDevice(name)
}
