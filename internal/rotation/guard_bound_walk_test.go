package rotation_test

import (
	"context"
	"crypto"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/dbsc"
	"github.com/latchkey-dev/latchkey/dbsc/dbsctest"
)

// A boundWalk is one history.
type boundWalk struct {
	t      *testing.T
	random *rand.Rand
	seen   map[string]int

	keys    latchkey.KeyRing
	store   *keepingStore
	caches  bool // the nodes serve out of memory
	nodes   [2]*walkNode
	skew    time.Duration // the most by which a clock is wrong
	modes   []latchkey.DeviceBinding
	known   known
	owner   *dbsctest.Browser
	jar     *cookiejar.Jar
	signers map[[64]byte]crypto.Signer
	thief   *boundThief

	losing  bool     // messages of the owner may be lost
	rolled  bool     // the store has gone back since the login
	proving [64]byte // the key that the last request was about
	lines   []string
}

func newBoundWalk(t *testing.T, random *rand.Rand, seen map[string]int) *boundWalk {
	w := &boundWalk{
		t: t, random: random, seen: seen, keys: latchkey.KeyRing{latchkey.NewKey()}, store: newKeepingStore(), signers: make(map[[64]byte]crypto.Signer),
		known: known{
			logins: make(map[latchkey.ID]*walkLogin), identified: make(map[string]*walkLogin), pairs: make(map[string]*walkPair),
			proofs: make(map[string]*walkProof), challenges: make(map[string]*walkChallenge),
		},
	}
	w.caches, w.skew = w.maybe(2), pick(w, []time.Duration{20 * time.Second, 20 * time.Second, time.Minute})
	w.modes = pick(w, [][]latchkey.DeviceBinding{
		{latchkey.DeviceBindingOn}, {latchkey.DeviceBindingOn, latchkey.DeviceBindingOff, latchkey.DeviceBindingWatch}, {latchkey.DeviceBindingOn, latchkey.DeviceBindingRequire},
		{latchkey.DeviceBindingOff, latchkey.DeviceBindingWatch, latchkey.DeviceBindingOn, latchkey.DeviceBindingRequire},
	})
	w.thief = &boundThief{boundWalk: w, since: make(map[string]time.Time), exposed: make(map[*walkLogin]bool)}
	w.jar, _ = cookiejar.New(nil)
	w.owner = &dbsctest.Browser{Jar: w.jar, Transport: w, NewKey: w.newKey, Report: func(e dbsctest.Event) { w.note("  key %s %s", e.Kind, e.Reason) }}
	for i := range w.nodes {
		w.nodes[i] = &walkNode{lastUse: make(map[latchkey.ID]time.Time)}
		w.start(w.nodes[i], w.modes[0])
	}
	w.login()
	return w
}

func (w *boundWalk) close() {
	for _, n := range w.nodes {
		if err := n.guard.Close(context.Background()); err != nil {
			w.t.Error(err)
		}
	}
}

func (w *boundWalk) newKey(a dbsc.Algorithm) (crypto.Signer, error) {
	signer, err := dbsctest.GenerateKey(a)
	if err != nil {
		return nil, err
	}
	key, err := dbsc.KeyOf(signer.Public())
	if err == nil {
		w.signers[[64]byte(key.Bytes())] = signer
	}
	return signer, err
}

// note adds a line to the history, which is shown if it fails.
func (w *boundWalk) note(format string, args ...any) {
	w.lines = append(w.lines, time.Now().Format("15:04:05 ")+fmt.Sprintf(format, args...))
}

func (w *boundWalk) tell() string { return strings.Join(w.lines, "\n") }

// tellShown names cookies by their login and number in the history.
func (w *boundWalk) tellShown(s shown) string {
	pair := func(p *walkPair) string {
		if p == nil {
			return "-"
		}
		return fmt.Sprintf("%s/%d keyed=%t #%d", p.of.id.String()[:3], p.number, p.keyed, slices.Index(w.known.list, p))
	}
	text := "session " + pair(s.session) + ", refresh " + pair(s.refresh)
	if s.proof != nil {
		text += fmt.Sprintf(", proof of %s until %s", s.proof.of.id.String()[:3], s.proof.end.Format("15:04:05"))
	}
	return text
}

var site = &url.URL{Scheme: "https", Host: "store.test", Path: "/"}

func (w *boundWalk) request(method, path, body string) *http.Request {
	r, err := http.NewRequest(method, origin+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	if method == http.MethodPost {
		r.Header.Set("Origin", origin)
		r.Header.Set("Content-Type", "application/json")
	}
	return r
}

// login logs the owner in, perhaps in a second tab. The registration may be lost.
func (w *boundWalk) login() {
	w.note("the owner logs in")
	n := pick(w, w.nodes[:])
	w.losing = false
	r := w.request(http.MethodPost, "/api/login", `{"loginId":"ada","password":"any will do"}`)
	for _, c := range w.jar.Cookies(site) {
		r.AddCookie(c)
	}
	now := n.now()
	resp, _ := w.send(n, r)
	if resp.StatusCode != http.StatusOK {
		w.t.Fatal(resp.Status)
	}
	w.jar.SetCookies(site, resp.Cookies())
	of := w.current()
	rec, _ := w.store.state(of.id)
	of.createdAt, of.deadline, w.rolled = rec.CreatedAt, rec.Deadline, false
	offers, err := dbsc.ParseOffers(resp.Header)
	if err != nil {
		w.t.Fatal(err)
	}
	w.losing = w.maybe(3)
	for _, offer := range offers {
		of.challenge, of.offeredAt = offer.Challenge, now
		w.owner.Register(context.Background(), r.URL, offer)
	}
	w.losing = false
}

// current is the login of the owner's cookies; nil if there is none.
func (w *boundWalk) current() *walkLogin {
	r := &http.Request{Header: make(http.Header)}
	for _, c := range w.jar.Cookies(site) {
		r.AddCookie(c)
	}
	if s := w.known.shownBy(r); s.refresh != nil {
		return s.refresh.of
	}
	return nil
}

func (w *boundWalk) identify(of *walkLogin, body []byte) {
	var read struct {
		SessionID string `json:"session_identifier"`
	}
	if err := json.Unmarshal(body, &read); err != nil {
		w.t.Fatal(err)
	}
	of.identifier, w.known.identified[read.SessionID] = read.SessionID, of
}

func (w *boundWalk) logout() {
	w.note("the owner logs out")
	n := pick(w, w.nodes[:])
	r := w.request(http.MethodPost, "/api/logout", "")
	for _, c := range w.jar.Cookies(site) {
		r.AddCookie(c)
	}
	resp, _ := w.send(n, r)
	w.jar.SetCookies(site, resp.Cookies())
}

// goBack makes the store forget its newest writes. First the nodes store when sessions were used.
func (w *boundWalk) goBack() {
	time.Sleep(walkLimits.Idle/10 + 10*time.Second)
	synctest.Wait()
	everything := w.maybe(3)
	if !w.store.goBack(everything) {
		return
	}
	w.note("the store goes back, to nothing: %t", everything)
	w.rolled = true
	for _, n := range w.nodes {
		clear(n.lastUse)
	}
	for _, of := range w.known.logins {
		if _, state := w.store.state(of.id); !of.boundAt.IsZero() && (state == nil || state.BoundAt.IsZero()) {
			of.lost = true
		}
	}
	synctest.Wait()
}

func (w *boundWalk) changeMode() {
	n, mode := pick(w, w.nodes[:]), pick(w, w.modes)
	w.note("a node changes from %v to %v", n.mode, mode)
	w.start(n, mode)
}

func (w *boundWalk) stepClock() {
	ahead := time.Duration(w.random.Int64N(int64(2*w.skew))) - w.skew
	w.note("a clock steps to %v ahead", ahead)
	pick(w, w.nodes[:]).ahead.Store(int64(ahead))
}

// follow notes which sessions are bound, and what no write may do.
func (w *boundWalk) follow() {
	for _, of := range w.known.logins {
		_, state := w.store.state(of.id)
		switch {
		case state == nil || state.BoundAt.IsZero():
		case of.boundAt.IsZero():
			of.boundAt = time.Now()
		default:
			of.lost = false
		}
	}
	w.store.mu.Lock()
	defer w.store.mu.Unlock()
	for _, what := range w.store.broken {
		w.t.Error(what)
	}
	if w.store.broken = nil; w.t.Failed() {
		w.t.FailNow()
	}
}

// visit is requests of the owner's page, some of which may be lost with their answers. Then one
// comes through, and is served.
func (w *boundWalk) visit() {
	w.note("the owner's page")
	w.losing = w.maybe(2)
	for range 1 + w.random.IntN(3) {
		w.page()
	}
	w.losing = false
	outcome := w.page()
	of := w.current()
	switch {
	case outcome == served:
		w.isBoundAgain(of)
	case of == nil || w.maySignOut(of):
		w.note("  not served, as it may be")
		w.login()
	default:
		w.t.Fatalf("the owner is signed out: %s", outcome)
	}
}

// page is one request. It follows redirections.
func (w *boundWalk) page() (outcome string) {
	for range 6 {
		r := w.request(http.MethodGet, privateRoute, "")
		resp, err := w.owner.RoundTrip(r)
		w.owner.RunDue(context.Background())
		switch {
		case err != nil:
			return err.Error()
		case resp.StatusCode == http.StatusNoContent:
			return served
		case resp.StatusCode != http.StatusTemporaryRedirect:
			body, _ := io.ReadAll(resp.Body)
			return resp.Status + " " + string(body)
		}
	}
	return "sent in circles"
}

// maySignOut reports whether there is a reason why the owner is not served.
func (w *boundWalk) maySignOut(of *walkLogin) bool {
	rec, state := w.store.state(of.id)
	switch now := time.Now().Add(w.skew); {
	case state == nil:
		return !now.Before(of.deadline)
	case !state.Ended:
		expired := !now.Before(state.Deadline) || !now.Before(state.RefreshExpiresAt)
		return expired || w.rolled && !w.has(of) || w.thief.exposed[of] && (of.boundAt.IsZero() || of.lost)
	case rec.EndReason == latchkey.EndReuseDetected:
		return w.thief.exposed[of]
	}
	return true
}

// has reports whether the owner's browser has the key of a session.
func (w *boundWalk) has(of *walkLogin) bool {
	return slices.ContainsFunc(w.owner.Sessions(), func(s dbsctest.Session) bool { return s.ID == of.identifier })
}

// isBoundAgain is S8: the browser's next request puts the key back that the store has lost, if its
// cookies have the key.
func (w *boundWalk) isBoundAgain(of *walkLogin) {
	r := &http.Request{Header: make(http.Header)}
	for _, c := range w.jar.Cookies(site) {
		r.AddCookie(c)
	}
	if s := w.known.shownBy(r); s.refresh == nil || !s.refresh.keyed {
		return
	}
	if _, state := w.store.state(of.id); state.BoundAt.IsZero() {
		w.t.Fatal("the key is still missing after a request of its browser")
	}
}
