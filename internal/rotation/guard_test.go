package rotation_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/internal/rotation"
)

// TestGuardAgrees walks at random through the model, and shows the same cookies at the same times
// to a real Guard with real cookies and records. The outcome of each request, and the record after
// it, must be what the model says. So what the search finds is true of the guard.
func TestGuardAgrees(t *testing.T) {
	seen := make(map[string]int)
	for seed := range uint64(200) {
		synctest.Test(t, func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 0))
			d := newDouble(t, rotation.NewWalk(random))
			defer d.guard.Close(context.Background())
			for range 150 {
				ticks, request, ok := d.walk.Step(random)
				if !ok {
					break
				}
				d.elapsed.Add(int64(ticks) * int64(rotation.Tick))
				if request == nil {
					continue
				}
				seen[request.Outcome]++
				if got := d.take(request); got != request.Result {
					t.Fatalf("seed %d: cookies %+v\nguard: %s\nmodel: %s", seed, request, got, request.Result)
				}
			}
		})
	}
	t.Log(seen)
	if len(seen) != 9 {
		t.Error("the walks are too short to show everything")
	}
}

// A double is one history in the model and in a guard at once.
type double struct {
	walk      *rotation.Walk
	guard     *latchkey.Guard
	store     oneRecord
	elapsed   atomic.Int64 // nanoseconds since rotation.Epoch; the guard's background work reads it
	protected http.Handler
	pairs     [rotation.Cookies]pair // the real cookies, by what they are in the model
}

// A pair is the values of the session and of the refresh cookie.
type pair struct{ session, refresh string }

const origin = "https://store.test"

func (d *double) now() time.Time { return rotation.Epoch.Add(time.Duration(d.elapsed.Load())) }

func newDouble(t *testing.T, walk *rotation.Walk) *double {
	d := &double{walk: walk}
	l := walk.Limits()
	g, err := latchkey.New(latchkey.Config{
		Origin: origin, Provider: sameGrant{d}, Store: &d.store, Keys: latchkey.KeyRing{latchkey.NewKey()},
		IdleTimeout: l.Idle, SessionCap: l.Cap, InFlightWindow: l.InFlight, RefreshAhead: l.Ahead,
		Logger: slog.New(slog.DiscardHandler), Now: d.now,
	})
	if err != nil {
		t.Fatal(err)
	}
	d.guard, d.protected = g, g.Protect(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }))
	r := httptest.NewRequest(http.MethodPost, origin+"/api/login", strings.NewReader(`{"loginId":"ada","password":"any will do"}`))
	r.Header.Set("Origin", origin)
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	g.Handler().ServeHTTP(w, r)
	var ok bool
	if d.pairs[rotation.First], ok = minted(w); !ok {
		t.Fatalf("login: %d %s", w.Code, w.Body)
	}
	return d
}

func minted(w *httptest.ResponseRecorder) (p pair, ok bool) {
	for _, c := range w.Result().Cookies() {
		switch c.Name {
		case "__Host-session":
			p.session = c.Value
		case "__Host-refresh":
			p.refresh = c.Value
		}
	}
	return p, p.session != "" && p.refresh != ""
}

// take makes a request, and describes its outcome in the model's words.
func (d *double) take(r *rotation.Request) string {
	before := d.store.record
	w := httptest.NewRecorder()
	d.protected.ServeHTTP(w, d.request(r))
	synctest.Wait() // for what goes on in the background
	rec := d.store.record
	over := !rec.EndedAt.IsZero()
	if !over && rec.Generation != before.Generation {
		d.succeed(rotation.Digest(rec.Predecessor), before.Generation)
	}
	got, ok := minted(w)
	if ok && r.Minted != rotation.NoCookie {
		d.pairs[r.Minted] = got
	}
	state := &rotation.State{
		Ended: over, Forked: rec.Forked, ConfirmedAt: rec.ConfirmedAt, Settled: rotation.Digest(rec.Settled), ExpiresAt: rec.ExpiresAt, RefreshedAt: rec.RefreshedAt,
	}
	ended := bytes.Contains(w.Body.Bytes(), []byte(`"endReason"`))
	return rotation.Result(w.Code == http.StatusNoContent, ok, w.Code == http.StatusTemporaryRedirect, ended, state, d.now(), d.walk)
}

func (d *double) request(r *rotation.Request) *http.Request {
	out := httptest.NewRequest(http.MethodGet, origin+"/private", nil)
	add := func(name, value string) { out.Header.Add("Cookie", name+"="+value) }
	if r.Session != rotation.NoCookie {
		add("__Host-session", d.pairs[r.Session].session)
	}
	if r.Refresh != rotation.NoCookie {
		add("__Host-refresh", d.pairs[r.Refresh].refresh)
	}
	if r.Echo != rotation.NoCookie && d.pairs[r.Echo].session != "" {
		_, branch := d.pairs[r.Echo].mark()
		add("__Host-echo", string(rune(r.Question))+base64.RawURLEncoding.EncodeToString(branch[:]))
	}
	return out
}

// mark reads the generation and the digest of the branch from the session cookie.
func (p pair) mark() (generation uint32, branch rotation.Digest) {
	raw, err := base64.RawURLEncoding.DecodeString(p.session)
	if err != nil || len(raw) < 41 {
		return 0, rotation.Digest{}
	}
	sum := sha256.Sum256(raw[25:41])
	return binary.BigEndian.Uint32(raw[21:25]), rotation.Digest(sum[:16])
}

// succeed renames the real cookies when the next generation begins, as the model does.
func (d *double) succeed(predecessor rotation.Digest, old uint32) {
	var pairs [rotation.Cookies]pair
	pairs[rotation.Old] = d.pairs[rotation.Predecessor]
	for c := rotation.First; c < rotation.Cookies; c++ {
		switch generation, branch := d.pairs[c].mark(); {
		case generation != old:
		case branch == predecessor:
			pairs[rotation.Predecessor] = d.pairs[c]
		default:
			pairs[rotation.Sibling] = d.pairs[c]
		}
	}
	if pairs[rotation.Old].session == "" {
		pairs[rotation.Old] = d.pairs[rotation.Old]
	}
	d.pairs = pairs
}

// oneRecord is a Store with room for one session.
type oneRecord struct {
	mu     sync.Mutex
	record *latchkey.Record
}

func (s *oneRecord) ByUser(context.Context, string, string, int) ([]*latchkey.Record, error) {
	return nil, nil
}

func (s *oneRecord) Create(_ context.Context, rec *latchkey.Record) error {
	s.record = rec
	return nil
}

func (s *oneRecord) Get(_ context.Context, id latchkey.ID) (*latchkey.Record, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.record == nil || s.record.ID != id {
		return nil, latchkey.ErrNotFound
	}
	return s.record, nil
}

func (s *oneRecord) Swap(_ context.Context, next *latchkey.Record) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if next.Version != s.record.Version+1 || !s.record.EndedAt.IsZero() && next.EndedAt.IsZero() {
		return latchkey.ErrConflict
	}
	s.record = next
	return nil
}

func (s *oneRecord) Touch(context.Context, []latchkey.Seen) error { return nil }

func (s *oneRecord) Unrevoked(context.Context, string, latchkey.ID, int) ([]*latchkey.Record, error) {
	return nil, nil
}

// sameGrant is a Provider that grants everything.
type sameGrant struct{ *double }

func (g sameGrant) Login(context.Context, latchkey.Credentials) (latchkey.Grant, error) {
	return latchkey.Grant{User: latchkey.User{ID: "ada"}, Token: "jwt", RefreshToken: "token", TokenExpiresAt: g.now().Add(g.walk.JWTLifetime())}, nil
}

func (g sameGrant) Refresh(ctx context.Context, _ latchkey.Renewal) (latchkey.Grant, error) {
	return g.Login(ctx, latchkey.Credentials{})
}

func (sameGrant) Revoke(context.Context, string) error { return nil }
