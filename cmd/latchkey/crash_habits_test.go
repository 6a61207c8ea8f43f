package main

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
)

// settleIn creates the browsers and logs them in, one after the other: many first logins at once
// look like guesses.
func (c *crash) settleIn(shoppers, writers int) (browsers []*browser) {
	products := strings.Fields("kettle mug knife pepper-mill lamp clock blanket vase watering-can planter lantern seeds")
	for i := range shoppers {
		browsers = append(browsers, c.newShopper(products[i]))
	}
	for i := range writers {
		browsers = append(browsers, c.newWriter(fmt.Sprintf("writer-%d", i)))
	}
	for _, b := range browsers {
		b.login()
	}
	return browsers
}

// live is what the person at the browser does until the test ends.
func (b *browser) live() {
	for !b.isOver() && !isClosed(b.enough) {
		switch dice := rand.IntN(200); {
		case dice < 2:
			b.logout()
			b.login()
		case dice < 3:
			b.login() // over a live session
		case dice < 23:
			b.restart()
		case dice < 26:
			b.rest(2 + rand.IntN(6))
		}
		b.visit()
	}
}

// visitOnce logs in and loads the page.
func (b *browser) visitOnce() {
	b.login()
	b.visit()
}

// login logs in. A session that the browser had before has ended once the login is answered.
func (b *browser) login() {
	l := b.alive()
	if l == nil {
		return
	}
	b.ask("POST", "/api/login", fmt.Sprintf(`{"email":%q,"password":%q}`, l.user, l.password), http.StatusOK)
	b.tally.logins.Add(1)
	b.bury()
	b.copies = append(b.copies, sessionCookies(b.jar.Cookies(b.site)))
}

// logout logs out while the page is still loading. The page's requests may be served or refused.
func (b *browser) logout() {
	var loading sync.WaitGroup
	for range 2 {
		loading.Go(func() { b.try("GET", "/api/user", "") })
	}
	b.ask("POST", "/api/logout", "", http.StatusNoContent)
	b.tally.logouts.Add(1)
	loading.Wait()
	b.bury()
	b.ask("GET", "/api/user", "", http.StatusNotFound)
}

// bury records the copies of a session that has ended.
func (b *browser) bury() {
	if !b.isOver() && len(b.copies) > 0 {
		b.ended.add(endedSession{b.app, b.copies})
	}
	b.copies = nil
}

// restart closes and reopens the browser: the session cookie is gone.
func (b *browser) restart() {
	b.jar.SetCookies(b.site, []*http.Cookie{{Name: "__Host-session", Path: "/", MaxAge: -1}})
}

// rest leaves the browser alone for some lives of the demo. Only a few may rest at a time: without
// requests there is no kill.
func (b *browser) rest(lives int) {
	select {
	case b.resting <- struct{}{}:
		defer func() { <-b.resting }()
	default:
		return
	}
	l := b.newest.Load()
	for range lives {
		select {
		case <-l.reborn:
			l = l.next
		case <-b.enough:
			return
		case <-b.over:
			return
		}
	}
}
