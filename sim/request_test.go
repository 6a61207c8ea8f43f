package sim

import (
	"context"
	"encoding/json"
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
	e    event
	who  string // "browser" or "thief"
	path string
	jar  jar

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

// A reply is the server's reply to a request.
type reply struct {
	status  int
	reason  string         // endReason of a problem
	session latchkey.ID    // who was served
	started time.Time      // when the request reached the guard
	cookies []*http.Cookie // to be set
}

const origin = "https://store.example.com"

// send calls the process as its server would.
func (r *request) send(w *world, p *process) reply {
	method, body := http.MethodGet, ""
	if r.path != "/private" {
		method = http.MethodPost
	}
	if r.path == "/api/login" {
		body = `{"email":"` + email + `","password":"` + idptest.Password + `"}`
	}
	in := httptest.NewRequestWithContext(context.WithValue(context.Background(), requestKey{}, r), method, origin+r.path, strings.NewReader(body))
	in.Header.Set("User-Agent", r.who)
	in.Header.Set("Sec-Fetch-Site", "same-origin")
	in.Header.Set("Origin", origin)
	in.Header.Set("Content-Type", "application/json")
	r.jar.addTo(in)
	got := reply{started: time.Now()}
	out := httptest.NewRecorder()
	p.handler.ServeHTTP(out, in)
	got.status = out.Code
	if id := out.Header().Get(servedHeader); id != "" {
		got.session = w.ledger.byName(id)
	}
	if out.Header().Get("Content-Type") == "application/problem+json" {
		var problem struct{ EndReason string }
		if err := json.Unmarshal(out.Body.Bytes(), &problem); err != nil {
			w.ledger.violated("a problem that is not JSON: %v", err)
		}
		got.reason = problem.EndReason
	}
	if r.path == "/api/login" {
		got.session = r.begun
	}
	if len(out.Header()["Set-Cookie"]) > 0 {
		got.cookies = out.Result().Cookies()
	}
	return got
}

// servedHeader is how the app's own handler says who was served.
const servedHeader = "X-Session"

func serve(w http.ResponseWriter, r *http.Request) {
	if s, ok := latchkey.From(r.Context()); ok {
		w.Header().Set(servedHeader, s.ID.String())
	}
}
