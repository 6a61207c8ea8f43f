package sim

import (
	"net/http"
	"sync"
	"time"

	"github.com/latchkey-dev/latchkey/dbsc/dbsctest"
)

// A browser has one jar and any number of tabs. What it stores reaches the disk later.
type browser struct {
	mu       sync.Mutex
	jar      jar
	keys     *keychain // nil: it cannot bind sessions
	disk     []stored  // everything that it had
	loggedIn bool      // the page believes so
	form     bool      // a login is under way
	life     int       // kills, logins and logouts: responses of an earlier life are dropped
	starts   int       // kills: of what is no page's business, those of an earlier start are
}

type stored struct {
	at   time.Time
	jar  jar
	keys []dbsctest.Session
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

// receive processes a response to a request of a page, in the order in which responses arrive. It
// returns false if the page that asked is gone.
func (b *browser) receive(r *request, got reply) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if r.life != b.life {
		return false
	}
	b.form = false
	switch {
	case r.path == "/api/login":
		b.loggedIn = got.status == http.StatusOK
	case got.status == http.StatusUnauthorized && !r.isTriedAgain(got):
		b.loggedIn = false
	}
	b.keep(b.jar.with(got))
	return true
}

// lives reports whether the page is still there.
func (b *browser) lives(life int) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return life == b.life
}

// started counts the starts of the browser.
func (b *browser) started() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.starts
}

// take processes a response that is for no page. It returns false if the browser was killed
// meanwhile.
func (b *browser) take(start int, got reply) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if start != b.starts {
		return false
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
		b.save()
	}
}

// changed stores the keys, which have changed.
func (b *browser) changed() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.save()
}

func (b *browser) save() {
	now := stored{at: time.Now(), jar: b.jar}
	if b.keys != nil {
		now.keys = b.keys.Sessions()
	}
	b.disk = append(b.disk, now)
}

// kill ends the browser and starts it again, with what had reached the disk that long ago. Session
// cookies never do. Without its keys, it has to log in again.
func (b *browser) kill(how string, lag time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.life++
	b.starts++
	b.form = false
	before := b.jar.id
	n := len(b.disk)
	for n > 0 && b.disk[n-1].at.After(time.Now().Add(-lag)) {
		n--
	}
	var back stored
	if n > 0 {
		back = b.disk[n-1]
	}
	if how == "keyless" {
		back.keys = nil
		for i := range b.disk {
			b.disk[i].keys = nil
		}
	}
	if b.keys != nil {
		b.keys.restart(back.keys)
	}
	b.jar = back.jar.restarted()
	b.loggedIn = b.loggedIn && b.jar.refresh != "" && b.jar.id == before
	b.save()
}

func (b *browser) copy() jar {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.jar.unexpired()
}

// stealable is what a thief can copy.
func (b *browser) stealable() (jar, knowledge) {
	j := b.copy()
	if b.keys == nil {
		return j, knowledge{}
	}
	return j, b.keys.known(j.id)
}
