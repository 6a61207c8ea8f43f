package sim

import (
	"encoding/base64"
	"net/http"
	"time"

	"github.com/latchkey-dev/latchkey"
)

// A jar is a browser's Latchkey cookies, and the session that they belong to: the browser does not
// know that, but we judge by it.
type jar struct {
	session, refresh, device, echo string
	brief                          bool // the refresh cookie ends with the browser
	keyed                          bool // the cookies say that their session is bound

	bound    string
	boundEnd time.Time

	id latchkey.ID
}

const (
	sessionCookie = "__Host-session"
	refreshCookie = "__Host-refresh"
	boundCookie   = "__Host-bound"
)

// cookies returns what a request sends.
func (j jar) cookies() (all []*http.Cookie) {
	add := func(name, value string) {
		if value != "" {
			all = append(all, &http.Cookie{Name: name, Value: value})
		}
	}
	add(sessionCookie, j.session)
	add(refreshCookie, j.refresh)
	add("__Host-device", j.device)
	add("__Host-echo", j.echo)
	add(boundCookie, j.bound)
	return all
}

// with returns the jar after a response.
func (j jar) with(got reply) jar {
	for _, c := range got.cookies {
		value := c.Value
		if c.MaxAge < 0 {
			value = ""
		}
		switch c.Name {
		case sessionCookie:
			j.session, j.keyed = value, keyed(value)
		case refreshCookie:
			j.refresh, j.brief = value, c.MaxAge == 0
		case "__Host-echo":
			j.echo = value
			continue
		case boundCookie:
			j.bound, j.boundEnd = value, time.Now().Add(time.Duration(c.MaxAge)*time.Second)
			continue
		default:
			j.device = value
		}
		j.id = got.session
	}
	return j
}

// keyed reports whether a session cookie is that of a bound session: version 2.
func keyed(value string) bool {
	raw, err := base64.RawURLEncoding.DecodeString(value[:min(4, len(value))])
	return err == nil && len(raw) > 0 && raw[0] == 2
}

// restarted returns what is left of the jar after the browser was closed.
func (j jar) restarted() jar {
	j.session, j.echo = "", ""
	if j.brief {
		j.refresh = ""
	}
	return j
}

// unexpired returns the jar without a bound cookie that has expired.
func (j jar) unexpired() jar {
	if !time.Now().Before(j.boundEnd) {
		j.bound = ""
	}
	return j
}
