package dbsctest

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/latchkey-dev/latchkey/dbsc"
)

// ahead is how long before the end of a bound cookie a request makes the browser refresh it.
const ahead = 2 * time.Minute

// A cookieID tells cookies of one name apart.
type cookieID struct{ host, name string }

// setCookie is what a jar does not give back: the attributes of a cookie, and its end.
type setCookie struct {
	cookie *http.Cookie
	end    time.Time // zero: none
}

// send sends a request with its cookies, and keeps those of the response.
func (b *Browser) send(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	for _, c := range b.Jar.Cookies(r.URL) {
		r.AddCookie(c)
	}
	transport := b.Transport
	if transport == nil {
		transport = http.DefaultTransport
	}
	resp, err := transport.RoundTrip(r)
	if err == nil {
		b.keepCookies(r.URL, resp.Cookies())
	}
	return resp, err
}

func (b *Browser) keepCookies(u *url.URL, cookies []*http.Cookie) {
	b.Jar.SetCookies(u, cookies)
	now := b.now()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, c := range cookies {
		kept := setCookie{cookie: c, end: c.Expires}
		if c.MaxAge > 0 {
			kept.end = now.Add(time.Duration(c.MaxAge) * time.Second)
		}
		if b.cookies == nil {
			b.cookies = make(map[cookieID]setCookie)
		}
		b.cookies[idOf(u, c)] = kept
	}
}

func idOf(u *url.URL, c *http.Cookie) cookieID {
	if c.Domain != "" {
		return cookieID{strings.TrimPrefix(c.Domain, "."), c.Name}
	}
	return cookieID{u.Hostname(), c.Name}
}

// left returns for how long a request to a URL will still have the bound cookies of a session: 0 or
// less if one is missing, and [forever] if the request needs none.
func (b *Browser) left(s *session, u *url.URL) time.Duration {
	now, jar := b.now(), b.Jar.Cookies(u)
	b.mu.Lock()
	defer b.mu.Unlock()
	left := forever
	if s.covers(u) {
		for _, credential := range s.Instructions.Credentials {
			left = min(left, b.leftOf(credential, u, jar, now))
		}
	}
	return left
}

func (b *Browser) leftOf(credential dbsc.Credential, u *url.URL, jar []*http.Cookie, now time.Time) time.Duration {
	want, err := credential.Cookie()
	if err != nil || !below(want.Path, u.Path) {
		return forever
	}
	if !slices.ContainsFunc(jar, func(c *http.Cookie) bool { return c.Name == want.Name }) {
		return 0
	}
	kept, known := b.cookies[idOf(u, want)]
	switch {
	case !known: // the test has put it into the jar
		return forever
	case !sameAttributes(kept.cookie, want):
		return 0
	case kept.end.IsZero():
		return forever
	default:
		return kept.end.Sub(now)
	}
}

const forever = time.Duration(1<<63 - 1)

// sameAttributes compares what browsers compare. If it differs, they never find the cookie.
func sameAttributes(a, b *http.Cookie) bool {
	return a.Path == b.Path && strings.TrimPrefix(a.Domain, ".") == strings.TrimPrefix(b.Domain, ".") &&
		a.Secure == b.Secure && a.HttpOnly == b.HttpOnly && a.SameSite == b.SameSite
}

// below reports whether a path is a directory's or in it.
func below(directory, path string) bool {
	if path == "" {
		path = "/"
	}
	rest, found := strings.CutPrefix(path, strings.TrimSuffix(directory, "/"))
	return found && (rest == "" || rest[0] == '/')
}
