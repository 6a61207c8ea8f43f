package schemes

import (
	"sync"
	"time"
)

// A browser has one cookie jar, which a thief may have copied from another.
type browser struct {
	scheme Scheme
	thief  bool // does not follow a redirect, which could only expose the thief

	mu       sync.Mutex
	jar      Jar
	before   Jar // the jar before the newest cookies came
	saved    []savedJar
	life     int       // counts the starts of the browser
	servedAt time.Time // the last answer, zero if there was none
	endedAt  time.Time // the first login form since then
}

type savedJar struct {
	jar Jar
	at  time.Time
}

func newBrowser(s Scheme) *browser {
	b := &browser{scheme: s}
	b.put(s.Login())
	return b
}

// copied is a thief's browser: the jar as it is now.
func (b *browser) copied() *browser {
	b.mu.Lock()
	defer b.mu.Unlock()
	return &browser{scheme: b.scheme, thief: true, jar: b.jar, before: b.jar}
}

func (b *browser) put(jar Jar) {
	jar.Echo = b.jar.Echo
	b.before, b.jar = b.jar, jar
	b.saved = append(b.saved, savedJar{jar, time.Now()})
}

// crash kills the browser, and starts it with what was on the disk a while ago. Session cookies are
// never there.
func (b *browser) crash(lag time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, s := range b.saved {
		if time.Since(s.at) >= lag {
			b.jar = Jar{Refresh: s.jar.Refresh}
		}
	}
	b.saved = []savedJar{{b.jar, time.Now()}}
	b.life++
}

// An exchange is a request with the cookies of its time, whose response the browser has not
// received yet.
type exchange struct {
	browser *browser
	node    int
	life    int // of the browser that sent it
	done    chan struct{}
	reply   Reply
}

// send sends a request to a node.
func (b *browser) send(node int) *exchange { return b.sendSlowly(node, 0, 0) }

// sendSlowly sends a request that is in flight for a while, like its response.
func (b *browser) sendSlowly(node int, there, back time.Duration) *exchange {
	b.mu.Lock()
	defer b.mu.Unlock()
	jar, e := b.jar, &exchange{browser: b, node: node, life: b.life, done: make(chan struct{})}
	go func() {
		defer close(e.done)
		time.Sleep(there)
		e.reply = b.scheme.Request(node, jar)
		time.Sleep(back)
	}()
	return e
}

// lose waits until the request is done, and drops the response.
func (e *exchange) lose() { <-e.done }

// arrive waits for the response, and stores its cookies, unless the browser was killed meanwhile. A
// redirect is followed.
func (e *exchange) arrive() Reply {
	<-e.done
	b := e.browser
	if e.reply.Asked != "" && !b.thief && b.asked(e) {
		return b.send(e.node).arrive()
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	switch now := time.Now(); {
	case e.reply.Served:
		b.servedAt, b.endedAt = now, time.Time{}
	case (e.reply.Ended || e.reply.Asked != "") && b.endedAt.IsZero():
		b.endedAt = now
	}
	if e.reply.Set != (Jar{}) && e.life == b.life {
		b.put(e.reply.Set)
	}
	return e.reply
}

// asked keeps the echo, unless the browser was killed meanwhile.
func (b *browser) asked(e *exchange) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if e.life != b.life {
		return false
	}
	b.jar.Echo = e.reply.Asked
	return true
}

// get is a request and its response.
func (b *browser) get() Reply { return b.send(0).arrive() }

// use is a person at work: a request every ten minutes. It reports whether all were served.
func (b *browser) use(d time.Duration) (kept bool) {
	for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(10 * time.Minute) {
		if !b.get().Served {
			return false
		}
	}
	return true
}
