package sim

import (
	"net/http"
	"sync"
	"time"

	"github.com/latchkey-dev/latchkey"
)

// A jar is a browser's Latchkey cookies, and the session that they belong to: the browser does not
// know that, but we judge by it.
type jar struct {
	session, refresh, device, echo string
	id                             latchkey.ID
}

func (j jar) addTo(r *http.Request) {
	add := func(name, value string) {
		if value != "" {
			r.AddCookie(&http.Cookie{Name: name, Value: value})
		}
	}
	add(sessionCookie, j.session)
	add(refreshCookie, j.refresh)
	add("__Host-device", j.device)
	add("__Host-echo", j.echo)
}

const (
	sessionCookie = "__Host-session"
	refreshCookie = "__Host-refresh"
)

// with returns the jar after a response.
func (j jar) with(got reply) jar {
	for _, c := range got.cookies {
		value := c.Value
		if c.MaxAge < 0 {
			value = ""
		}
		switch c.Name {
		case sessionCookie:
			j.session = value
		case refreshCookie:
			j.refresh = value
		case "__Host-echo":
			j.echo = value
			continue
		default:
			j.device = value
		}
		j.id = got.session
	}
	return j
}

// A browser has one jar and any number of tabs. What it stores reaches the disk later.
type browser struct {
	mu       sync.Mutex
	jar      jar
	disk     []stored // every jar that it had
	loggedIn bool     // the page believes so
	form     bool     // a login is under way
	life     int      // kills, logins and logouts: responses of an earlier life are dropped
}

type stored struct {
	at  time.Time
	jar jar
}

// path is what a tab requests, and whether it does: while a login is in progress there is only the
// form.
func (b *browser) path(verb string) (path string, life int, j jar, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.form, verb == "logout" && !b.loggedIn:
		return "", 0, jar{}, false
	case verb == "logout":
		b.loggedIn = false
		b.life++
		return "/api/logout", b.life, b.jar, true
	case !b.loggedIn:
		b.form = true
		b.life++
		return "/api/login", b.life, b.jar, true
	}
	return "/private", b.life, b.jar, true
}

// receive processes a response, in the order in which responses arrive. It returns false if the
// page that asked is gone.
func (b *browser) receive(life int, path string, got reply) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if life != b.life {
		return false
	}
	b.form = false
	if path == "/api/login" {
		b.loggedIn = got.status == http.StatusOK
	}
	if got.status == http.StatusUnauthorized {
		b.loggedIn = false
	}
	b.keep(b.jar.with(got))
	return true
}

// lose is a request without a response.
func (b *browser) lose(life int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if life == b.life {
		b.form = false
	}
}

func (b *browser) keep(j jar) {
	if j != b.jar {
		b.jar = j
		b.disk = append(b.disk, stored{time.Now(), j})
	}
}

// kill ends the browser and starts it again, with what had reached the disk that long ago. Session
// cookies never do.
func (b *browser) kill(lag time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.life++
	b.form = false
	before := b.jar.id
	n := len(b.disk)
	for n > 0 && b.disk[n-1].at.After(time.Now().Add(-lag)) {
		n--
	}
	var back jar
	if n > 0 {
		back = b.disk[n-1].jar
	}
	back.session, back.echo = "", ""
	b.loggedIn = b.loggedIn && back.refresh != "" && back.id == before
	b.keep(back)
}

func (b *browser) copy() jar {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.jar
}
