package sim

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/idp/idptest"
)

// A request is in flight. It travels in its context, so that everything it meets draws from its own
// random numbers, whatever else happens at the time, and so that events find their cause.
type request struct {
	e       event
	who     string // "browser" or "thief"
	path    string
	jar     jar
	life    int         // of the browser, when the page sent it
	repeats bool        // the page has tried before
	sent    http.Header // nil: of an ordinary request

	arrived time.Time // at the guard

	asked        time.Time // of a browser that binds sessions, which may have to prove a key first
	proofsBefore int       // of that key
	waits        int       // for proofs since
	got          reply     // to such a browser

	mu    sync.Mutex
	rng   *rand.Rand
	begun latchkey.ID // the session of a login
}

type requestKey struct{}

func newRequest(s *scenario, e event, who, path string, j jar) *request {
	return &request{e: e, who: who, path: path, jar: j, rng: rand.New(rand.NewPCG(s.seed, uint64(e.at)))}
}

// draw returns a duration between two, to the nanosecond.
func (r *request) draw(from, to time.Duration) time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	return from + time.Duration(r.rng.Int64N(int64(to-from)))
}

// isTriedAgain reports whether the page tries once more, as the client does: the browser may have a
// proof by then.
func (r *request) isTriedAgain(got reply) bool { return got.code == proofRequired && !r.repeats }

// A reply is the server's reply to a request.
type reply struct {
	status  int
	reason  string         // endReason of a problem
	session latchkey.ID    // who was served
	started time.Time      // when the request reached the guard
	cookies []*http.Cookie // to be set

	path   string
	code   string // of a problem
	header http.Header
	body   *bytes.Buffer
}

const origin = "https://store.example.com"

// send calls the process as its server would.
func (r *request) send(w *world, p *process) reply {
	in := httptest.NewRequestWithContext(context.WithValue(context.Background(), requestKey{}, r), r.method(), origin+r.path, r.body(w))
	if in.Header = r.sent; r.sent == nil {
		in.Header = r.header()
		for _, c := range r.jar.cookies() {
			in.AddCookie(c)
		}
	}
	got := reply{started: time.Now(), path: r.path}
	out := httptest.NewRecorder()
	p.handler.ServeHTTP(out, in)
	got.status, got.header, got.body = out.Code, out.Header(), out.Body
	if id := out.Header().Get(servedHeader); id != "" {
		got.session = w.ledger.byName(id)
	}
	if out.Header().Get("Content-Type") == "application/problem+json" {
		var problem struct{ Code, EndReason string }
		if err := json.Unmarshal(out.Body.Bytes(), &problem); err != nil {
			w.ledger.violated("a problem that is not JSON: %v", err)
		}
		got.code, got.reason = problem.Code, problem.EndReason
	}
	switch r.path {
	case "/api/login":
		got.session = r.begun
	case registrationPath, proofPath:
		got.session = r.jar.id
	}
	if len(out.Header()["Set-Cookie"]) > 0 {
		got.cookies = out.Result().Cookies()
	}
	return got
}

func (r *request) method() string {
	if r.path == "/private" {
		return http.MethodGet
	}
	return http.MethodPost
}

func (r *request) body(w *world) io.Reader {
	if r.path != "/api/login" {
		return http.NoBody
	}
	remember := !w.scenario.binds || r.draw(0, 5) != 0
	return strings.NewReader(fmt.Sprintf(`{"email":%q,"password":%q,"remember":%v}`, email, idptest.Password, remember))
}

// header is that of an ordinary request, without its cookies.
func (r *request) header() http.Header {
	h := http.Header{}
	h.Set("User-Agent", r.who)
	h.Set("Sec-Fetch-Site", "same-origin")
	h.Set("Origin", origin)
	h.Set("Content-Type", "application/json")
	return h
}

// servedHeader is how the app's own handler says who was served.
const servedHeader = "X-Session"

func serve(w http.ResponseWriter, r *http.Request) {
	if s, ok := latchkey.From(r.Context()); ok {
		w.Header().Set(servedHeader, s.ID.String())
	}
}
