package latchkeytest

import (
	"maps"
	"net/http"
	"strings"
	"sync"
	"time"
)

// A jar keeps cookies by host. It ignores Domain, since no host sees another's cookies, and Secure,
// since every app counts as secure.
type jar struct {
	mu      sync.Mutex
	cookies map[string]map[string]cookie // by host and name
}

type cookie struct {
	value   string
	path    string
	expires time.Time // zero: when the browser is closed
}

func (c cookie) expired(now time.Time) bool { return !c.expires.IsZero() && !now.Before(c.expires) }

// covers reports whether a request for the path gets the cookie (RFC 6265, 5.1.4).
func (c cookie) covers(path string) bool {
	rest, below := strings.CutPrefix(path, strings.TrimSuffix(c.path, "/"))
	return below && (rest == "" || rest[0] == '/')
}

// keep stores the cookies of a response.
func (j *jar) keep(host string, set []*http.Cookie, now time.Time) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, c := range set {
		kept := cookie{value: c.Value, path: c.Path, expires: c.Expires}
		if c.Path == "" {
			kept.path = "/"
		}
		if c.MaxAge > 0 {
			kept.expires = now.Add(time.Duration(c.MaxAge) * time.Second)
		}
		if c.MaxAge < 0 || kept.expired(now) {
			delete(j.of(host), c.Name)
			continue
		}
		j.of(host)[c.Name] = kept
	}
}

// of returns the cookies of a host. The jar is locked.
func (j *jar) of(host string) map[string]cookie {
	if j.cookies[host] == nil {
		if j.cookies == nil {
			j.cookies = make(map[string]map[string]cookie)
		}
		j.cookies[host] = make(map[string]cookie)
	}
	return j.cookies[host]
}

// copy returns the cookies of a host.
func (j *jar) copy(host string) map[string]cookie {
	j.mu.Lock()
	defer j.mu.Unlock()
	return maps.Clone(j.of(host))
}
