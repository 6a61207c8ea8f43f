package rotation_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"net/http"
	"strings"
	"time"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/dbsc"
	"github.com/latchkey-dev/latchkey/internal/rotation"
)

const (
	sessionName = "__Host-session"
	refreshName = "__Host-refresh"
	boundName   = "__Host-bound"
	echoName    = "__Host-echo"
)

// A walkLogin is one session of a walk.
type walkLogin struct {
	id         latchkey.ID
	createdAt  time.Time
	deadline   time.Time
	challenge  string    // that of the offer, made at offeredAt by the clock of its node
	offeredAt  time.Time // zero: no offer
	identifier string    // what browsers call it; empty before a registration

	boundAt time.Time // when it was bound for the first time
	lost    bool      // since then the store has gone back to before
}

// A walkPair is a session and a refresh cookie that were set together.
type walkPair struct {
	of       *walkLogin
	texts    map[string]string // by name
	number   uint32            // the generation
	branch   rotation.Digest
	mintedAt time.Time

	keyed   bool
	key     [64]byte // of a keyed one
	boundAt time.Time
}

func (p *walkPair) same(o *walkPair) bool {
	return p.of == o.of && p.number == o.number && p.branch == o.branch
}

// A walkProof is a bound cookie.
type walkProof struct {
	of   *walkLogin
	key  [64]byte
	text string
	end  time.Time
}

// A walkChallenge is one that a key is to sign.
type walkChallenge struct {
	of   *walkLogin
	key  [64]byte
	text string
	at   time.Time // the time that it names
}

// known is what the texts mean that the guards have ever sent.
type known struct {
	logins     map[latchkey.ID]*walkLogin
	identified map[string]*walkLogin
	pairs      map[string]*walkPair // by the text of either cookie
	proofs     map[string]*walkProof
	challenges map[string]*walkChallenge
	list       []*walkPair
	proofList  []*walkProof

	challengeList []*walkChallenge
}

// shown are the cookies of a request, as far as they are known.
type shown struct {
	session, refresh *walkPair
	bound            string
	proof            *walkProof // nil with a bound cookie: nobody made it
	echo             string
}

func (k *known) shownBy(r *http.Request) (s shown) {
	for _, c := range r.Cookies() {
		switch c.Name {
		case sessionName:
			s.session = k.pairs[c.Value]
		case refreshName:
			s.refresh = k.pairs[c.Value]
		case boundName:
			s.bound, s.proof = c.Value, k.proofs[c.Value]
		case echoName:
			s.echo = c.Value
		}
	}
	return s
}

// learn notes what a response brings, and the session that it is for. The store has the record by
// then.
func (w *boundWalk) learn(resp *http.Response, now time.Time) (pair *walkPair, proof *walkProof) {
	texts := map[string]string{}
	for _, c := range resp.Cookies() {
		if c.MaxAge >= 0 {
			texts[c.Name] = c.Value
		}
	}
	if texts[sessionName] != "" {
		pair = w.learnPair(texts)
	}
	challenges, _ := dbsc.ParseChallenges(resp.Header)
	for _, c := range challenges {
		w.learnChallenge(c)
	}
	if text := texts[boundName]; text != "" {
		proof = w.learnProof(text, resp, now)
	}
	return pair, proof
}

// learnPair reads the session cookie: version, key id, public id, generation, branch, mint time.
func (w *boundWalk) learnPair(texts map[string]string) *walkPair {
	raw, err := base64.RawURLEncoding.DecodeString(texts[sessionName])
	if err != nil || len(raw) < 49 || texts[refreshName] == "" {
		w.t.Fatalf("not a pair of cookies: %v", texts)
	}
	id, branch := latchkey.ID(raw[5:21]), sha256.Sum256(raw[25:41])
	if w.known.logins[id] == nil {
		w.known.logins[id] = &walkLogin{id: id}
	}
	p := &walkPair{
		of: w.known.logins[id], texts: map[string]string{sessionName: texts[sessionName], refreshName: texts[refreshName]},
		number: binary.BigEndian.Uint32(raw[21:25]), branch: rotation.Digest(branch[:16]),
		mintedAt: time.UnixMilli(int64(binary.BigEndian.Uint64(raw[41:49]))), keyed: raw[0] == 2,
	}
	rec, _ := w.store.state(id)
	if p.keyed {
		p.key, p.boundAt = rec.Binding.Key, rec.Binding.BoundAt
	}
	for _, text := range p.texts {
		w.known.pairs[text] = p
	}
	w.known.list = append(w.known.list, p)
	return p
}

func (w *boundWalk) learnChallenge(c dbsc.Challenge) {
	of := w.known.identified[c.SessionID]
	raw, err := base64.RawURLEncoding.DecodeString(c.Value)
	if of == nil || err != nil || len(raw) < 12 {
		w.t.Fatalf("not a challenge of ours: %+v", c)
	}
	made := &walkChallenge{of: of, key: w.proving, text: c.Value, at: time.UnixMilli(int64(binary.BigEndian.Uint64(raw[4:12])))}
	w.known.challenges[c.Value] = made
	w.known.challengeList = append(w.known.challengeList, made)
}

// learnProof reads the bound cookie: version, key id, end. None may end too late (S10).
func (w *boundWalk) learnProof(text string, resp *http.Response, now time.Time) *walkProof {
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(raw) < 13 {
		w.t.Fatalf("not a bound cookie: %s", text)
	}
	challenges, _ := dbsc.ParseChallenges(resp.Header)
	p := &walkProof{text: text, key: w.proving, end: time.UnixMilli(int64(binary.BigEndian.Uint64(raw[5:13])))}
	for _, c := range challenges {
		p.of = w.known.identified[c.SessionID]
	}
	if p.end.After(now.Add(walkLimits.ProofLife + rotation.ProofSkew)) {
		w.t.Errorf("a bound cookie ends in %v", p.end.Sub(now))
	}
	w.known.proofs[text] = p
	w.known.proofList = append(w.known.proofList, p)
	return p
}

// echoOf is the challenge cookie with a question about a pair.
func echoOf(q rotation.Question, p *walkPair) string {
	return string(rune(q)) + base64.RawURLEncoding.EncodeToString(p.branch[:])
}

// cleared reports whether a response deletes a cookie.
func clears(resp *http.Response, name string) bool {
	return strings.Contains(strings.Join(resp.Header["Set-Cookie"], "\n"), name+"=; Path=/; Max-Age=0")
}
