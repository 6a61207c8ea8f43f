package e2e_test

import (
	"net/http"
	"strings"
	"time"

	"github.com/chromedp/cdproto/network"
)

// checkNewCookies fails the test unless the response set both cookies correctly (CKE-01 to CKE-04),
// and the browser kept them.
func (s *site) checkNewCookies(b *browser, e exchange) {
	s.Helper()
	set, kept := e.setCookies(), b.cookies(s)
	if len(set) != 2 || len(kept) != 2 {
		s.Errorf("%s %s sets %d cookies, the browser keeps %d; want 2", e.method, e.path, len(set), len(kept))
		return
	}
	for _, name := range []string{sessionCookie, refreshCookie} {
		c, k := set[name], kept[name]
		if c == nil || k == nil {
			s.Errorf("%s is missing", name)
			continue
		}
		if !c.Secure || !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Path != "/" || c.Domain != "" {
			s.Errorf("on the wire: %s", e.answer["Set-Cookie"])
		}
		if k.Value != c.Value || !k.Secure || !k.HTTPOnly || k.SameSite != network.CookieSameSiteStrict || k.Path != "/" || k.Domain != s.hostname {
			s.Errorf("in the browser: %+v", *k)
		}
	}
	for _, line := range e.answer["Set-Cookie"] {
		if strings.HasPrefix(line, deviceCookie) && !strings.HasSuffix(line, "; Path=/; Max-Age=15552000; HttpOnly; Secure; SameSite=Strict") {
			s.Errorf("on the wire: %s", line)
		}
	}
	if set[sessionCookie].MaxAge != 0 || !kept[sessionCookie].Session {
		s.Error("the session cookie would outlive the browser")
	}
	if age := time.Duration(set[refreshCookie].MaxAge) * time.Second; age != refresh || kept[refreshCookie].Session {
		s.Errorf("the refresh cookie is kept for %s, want %s", age, refresh)
	}
}
