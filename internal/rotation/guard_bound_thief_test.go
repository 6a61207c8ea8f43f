package rotation_test

import (
	"net/http"
	"time"

	"github.com/latchkey-dev/latchkey/dbsc"
	"github.com/latchkey-dev/latchkey/dbsc/dbsctest"
	"github.com/latchkey-dev/latchkey/internal/rotation"
)

// A boundThief copies cookies of the owner's jar, again and again, and uses any that they ever had.
type boundThief struct {
	*boundWalk
	since   map[string]time.Time // when they got each text
	texts   [3][]string          // of session, refresh and bound cookies
	exposed map[*walkLogin]bool  // rules 1 to 6 may have met the thief
}

var copied = [3]string{sessionName, refreshName, boundName}

// copyJar copies some of the owner's cookies.
func (b *boundThief) copyJar() {
	b.note("the thief copies the jar")
	all := b.maybe(2)
	for _, c := range b.jar.Cookies(site) {
		if all || b.maybe(2) {
			b.take(c)
		}
	}
}

func (b *boundThief) take(c *http.Cookie) {
	if _, has := b.since[c.Value]; has || c.Value == "" {
		return
	}
	for i, name := range copied {
		if c.Name == name {
			b.since[c.Value] = time.Now()
			b.texts[i] = append(b.texts[i], c.Value)
		}
	}
}

// use makes a request with stolen cookies, and follows redirections.
func (b *boundThief) use() {
	b.note("the thief")
	r, n := b.request(http.MethodGet, privateRoute, ""), pick(b.boundWalk, b.nodes[:])
	b.add(r, b.texts)
	for range 3 {
		resp, m := b.send(n, r)
		b.check(m)
		for _, c := range resp.Cookies() {
			b.take(c)
		}
		if resp.StatusCode != http.StatusTemporaryRedirect || b.maybe(2) {
			return
		}
		for _, c := range resp.Cookies() {
			if c.Name == echoName {
				r.AddCookie(c)
			}
		}
		if clears(resp, boundName) {
			return
		}
	}
}

// add adds at most one cookie of each kind, mostly of the newest.
func (w *boundWalk) add(r *http.Request, texts [3][]string) {
	for i, name := range copied {
		if len(texts[i]) == 0 || w.maybe(5) {
			continue
		}
		text := texts[i][len(texts[i])-1]
		if w.maybe(2) {
			text = pick(w, texts[i])
		}
		r.AddCookie(&http.Cookie{Name: name, Value: text})
	}
}

// check is S5: without the bound cookie the thief is not served after the grace, with a copy of it
// not after its life and two minutes.
func (b *boundThief) check(m *boundModel) {
	slack := 2 * b.skew
	for _, p := range []*walkPair{m.shown.session, m.shown.refresh} {
		if p != nil && (!m.node.enforces() || p.of.boundAt.IsZero() || p.of.lost) {
			b.exposed[p.of] = true
		}
	}
	if m.by == nil || !m.node.enforces() {
		return
	}
	proof, keyed := m.shown.proof, true
	for _, p := range []*walkPair{m.shown.session, m.shown.refresh} {
		keyed = keyed && (p == nil || p.of != m.by || p.keyed)
	}
	switch now := time.Now(); {
	case proof != nil && proof.of == m.by:
		since, has := b.since[proof.text]
		if !has || now.Sub(since) < walkLimits.ProofLife+2*time.Minute+slack {
			return
		}
		if keyed || !m.by.boundAt.IsZero() && !m.by.lost && now.Sub(m.by.boundAt) >= rotation.BindingGrace+slack {
			b.t.Errorf("a thief is served %v after they copied the bound cookie", now.Sub(since))
		}
	case keyed:
		b.t.Error("keyed cookies are served without a proof")
	case !m.by.boundAt.IsZero() && !m.by.lost && now.Sub(m.by.boundAt) >= rotation.BindingGrace+slack:
		b.t.Errorf("a thief without a bound cookie is served %v after the binding", now.Sub(m.by.boundAt))
	}
}

// tryAnyCookies makes a request with any cookies that there ever were.
func (w *boundWalk) tryAnyCookies() {
	w.note("somebody")
	r := w.request(http.MethodGet, privateRoute, "")
	w.add(r, w.everything())
	_, m := w.send(pick(w, w.nodes[:]), r)
	w.thief.check(m)
}

// everything is all cookies that there ever were, and a bound cookie that nobody has made.
func (w *boundWalk) everything() (texts [3][]string) {
	for _, p := range w.known.list {
		texts[0], texts[1] = append(texts[0], p.texts[sessionName]), append(texts[1], p.texts[refreshName])
	}
	texts[2] = append(texts[2], "made-up")
	for _, p := range w.known.proofList {
		texts[2] = append(texts[2], p.text)
	}
	return texts
}

// postAnyProof posts something to the route where browsers prove their keys, with any cookies: the
// key of the session or another, with any challenge that there ever was.
func (w *boundWalk) postAnyProof() {
	w.note("a proof")
	r := w.request(http.MethodPost, refreshRoute, "")
	w.add(r, w.everything())
	if len(w.known.challengeList) == 0 {
		return
	}
	c := w.known.challengeList[len(w.known.challengeList)-1]
	if w.maybe(3) {
		c = pick(w, w.known.challengeList)
	}
	r.Header.Set(dbsc.HeaderSessionID, c.of.identifier)
	if w.maybe(5) {
		w.send(pick(w, w.nodes[:]), r)
		return
	}
	signer, err := dbsctest.GenerateKey(dbsc.ES256)
	if err != nil {
		w.t.Fatal(err)
	}
	if w.has(c.of) && w.maybe(2) {
		signer = w.signers[c.key]
	}
	jwt, err := dbsctest.SignProof(signer, dbsc.Claims{Challenge: c.text})
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header.Set(dbsc.HeaderResponse, jwt)
	w.send(pick(w, w.nodes[:]), r)
}

// postAnyRegistration registers one more key, with any cookies.
func (w *boundWalk) postAnyRegistration() {
	of := w.current()
	if of == nil {
		return
	}
	if _, state := w.store.state(of.id); state == nil || !state.Registered {
		return // who has the login's challenge and its cookies may be first
	}
	w.note("a registration")
	r := w.request(http.MethodPost, registerRoute, "")
	w.add(r, w.everything())
	signer, err := dbsctest.GenerateKey(dbsc.ES256)
	if err != nil {
		w.t.Fatal(err)
	}
	jwt, err := dbsctest.SignRegistration(signer, dbsc.Claims{Challenge: of.challenge})
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header.Set(dbsc.HeaderResponse, jwt)
	w.send(pick(w, w.nodes[:]), r)
}
