package sim

import (
	"crypto"
	"slices"
	"sync"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/dbsc"
	"github.com/latchkey-dev/latchkey/dbsc/dbsctest"
)

// A thief has cookies of one session, copied once, and all that came back since.
type thief struct {
	mu        sync.Mutex
	id        latchkey.ID
	jars      []jar // the copied pair, then every pair received since
	used      int   // how often the oldest untried pair was used
	stole     bool
	known     knowledge
	challenge string // the newest that came back
}

// steal copies the browser's cookies, or one of them. It returns false if there is nothing to copy,
// or the thief has copied before.
func (t *thief) steal(j jar, known knowledge, what string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.stole || j.refresh == "" || j.session == "" {
		return false
	}
	t.stole, t.id, t.known = true, j.id, known
	switch what {
	case "session":
		j.refresh = ""
	case "refresh":
		j.session = ""
	}
	if what != "jar" {
		j.bound = ""
	}
	j.device = ""
	t.jars = []jar{j}
	return true
}

// request is what the thief does. It returns false if there is nothing to do it with.
func (t *thief) request(s *scenario, e event) (*request, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.jars) == 0 {
		return nil, false
	}
	r := newRequest(s, e, "thief", "/private", t.choose(e.how))
	if !slices.Contains([]string{"register", "sign", "replay"}, e.how) {
		return r, true
	}
	r.path, r.sent = proofPath, r.header()
	for _, c := range r.jar.cookies() {
		r.sent.Add("Cookie", c.String())
	}
	proof := t.known.proof
	switch e.how {
	case "register":
		r.path, proof = registrationPath, signed(dbsctest.SignRegistration, t.known.offered)
	case "sign":
		proof = signed(dbsctest.SignProof, t.challenge)
	}
	r.sent.Set(dbsc.HeaderResponse, proof)
	r.sent.Set(dbsc.HeaderSessionID, t.known.id)
	return r, t.known.id != ""
}

// choose picks the cookies of a request: the copied ones; those before the newest, to learn whether
// the browser has confirmed; one after the other of all; or the newest.
func (t *thief) choose(how string) jar {
	last := len(t.jars) - 1
	switch how {
	case "first":
		return t.jars[0]
	case "before":
		return t.jars[max(0, last-1)]
	case "oldest":
		t.used++
		return t.jars[t.used%len(t.jars)]
	}
	return t.jars[last]
}

func (t *thief) receive(used jar, got reply) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(got.cookies) > 0 {
		t.jars = append(t.jars, used.with(got))
	}
	if challenges, _ := dbsc.ParseChallenges(got.header); len(challenges) > 0 {
		t.challenge = challenges[0].Value
	}
}

// ownKey is a thief's, who has no other.
var ownKey, _ = dbsctest.GenerateKey(dbsc.ES256)

func signed(sign func(crypto.Signer, dbsc.Claims) (string, error), challenge string) string {
	text, err := sign(ownKey, dbsc.Claims{Challenge: challenge})
	if err != nil {
		panic(err)
	}
	return text
}
