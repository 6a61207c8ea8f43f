package main

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"sync"
	"time"
)

// A browser is honest: it has one cookie jar, and repeats a request with the jar's current cookies
// until it is answered.
type browser struct {
	*crash
	app   string
	name  string
	site  *url.URL // for the jar, which keeps Secure cookies for https only
	jar   *cookiejar.Jar
	visit func() // loads a page and uses it

	mu      sync.Mutex
	copies  [][]*http.Cookie // every pair of cookies that its session was sent
	history []string
}

func (c *crash) newBrowser(app, name string) *browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		c.Fatal(err)
	}
	b := &browser{crash: c, app: app, name: name, jar: jar, site: &url.URL{Scheme: "https", Host: app + ".localhost", Path: "/"}}
	c.Cleanup(b.keepHistory)
	return b
}

// A response that has been read.
type answer struct {
	status  int
	body    []byte
	cookies []*http.Cookie
}

// patience is how long a browser waits for a response.
const patience = 30 * time.Second

// try sends one request. It returns false if there is no usable response: the connection broke, the
// response was lost, or it was a 503.
func (b *browser) try(method, path, body string) (a answer, answered bool) {
	l := b.alive()
	if l == nil {
		return answer{}, false
	}
	sent := time.Now()
	cookies := b.jar.Cookies(b.site)
	a, err := b.exchange(l, b.app, method, path, body, cookies)
	lost := err == nil && rand.IntN(50) == 0
	if a.status != http.StatusServiceUnavailable && !lost {
		b.jar.SetCookies(b.site, a.cookies) // also where the body did not arrive: the head did
	}
	took := time.Since(sent)
	b.tally.answered(took)
	b.remember(path, a.cookies, fmt.Sprintf("%s +%v %s %s %s: %d, lost: %v, %v, new %s", sent.Format("15:04:05.000"), took.Round(time.Millisecond),
		method, path, tails(cookies), a.status, lost, err, tails(a.cookies)))
	switch {
	case err != nil && !isClosed(l.doomed):
		b.violated("%s: %s %s: nobody has killed the server, and yet: %v", b.name, method, path, err)
	case err != nil:
		b.tally.broken.Add(1)
	case lost:
		b.tally.lost.Add(1)
	case a.status == http.StatusServiceUnavailable:
		b.tally.unavailable.Add(1)
	case a.status == http.StatusTemporaryRedirect: // asked which cookies it has by now, a browser sends the same again
	default:
		return a, true
	}
	return answer{}, false
}

// exchange is one request, as a page of the app makes it.
func (c *crash) exchange(l *life, app, method, path, body string, cookies []*http.Cookie) (a answer, err error) {
	ctx, cancel := context.WithTimeout(c.Context(), patience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, l.origins[app]+path, strings.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	r.Header.Set("Origin", l.origins[app])
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.Header.Set("Content-Type", "application/json")
	for _, cookie := range cookies {
		r.AddCookie(cookie)
	}
	c.tally.requests.Add(1)
	c.step()
	resp, err := l.transport.RoundTrip(r)
	c.step()
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	a = answer{status: resp.StatusCode, cookies: resp.Cookies()}
	a.body, err = io.ReadAll(resp.Body)
	return a, err
}

// ask repeats a request until it is answered, and fails unless the answer has the status.
func (b *browser) ask(method, path, body string, status int) answer {
	for !b.isOver() {
		a, answered := b.try(method, path, body)
		if !answered {
			continue
		}
		if a.status != status {
			b.violated("%s: %s %s: got %d, want %d: %s", b.name, method, path, a.status, status, a.body)
		}
		return a
	}
	return answer{}
}
