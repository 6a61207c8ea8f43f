package latchkey

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestGuardAgrees walks at random through the model and shows the same cookies at the same times to a Guard, with real keys, cookies and records:
// what a request comes to, and the record after it, must be what the model says. So what the search finds is true of the guard.
func TestGuardAgrees(t *testing.T) {
	seen := make(map[string]int)
	for seed := range uint64(200) {
		random := rand.New(rand.NewPCG(seed, 0))
		s := scope{
			settling: 1, window: 1 + uint8(random.IntN(2)), idle: 8, cap: 8, wire: 3, leg: 2, travel: 2, kills: true, diskLag: 2, thief: true,
			jwt: 1 + uint8(random.IntN(10)), ahead: uint8(random.IntN(9)),
		}
		d := newDouble(t, newModel(s, guardsRules), seen)
		for range 150 {
			var all []step
			d.model.steps(&d.world, func(s step) { all = append(all, s) })
			if len(all) == 0 {
				break
			}
			if difference := d.take(all[random.IntN(len(all))]); difference != "" {
				t.Fatalf("seed %d: %s", seed, difference)
			}
		}
	}
	t.Log(seen)
	if len(seen) != 9 {
		t.Error("the walks are too short to show everything")
	}
}

// A double is one history in the model and in a guard at once.
type double struct {
	model *model
	world world
	guard *Guard
	store *oneRecord
	clock atomic.Int64           // nanoseconds after epoch
	seen  map[string]int         // what requests came to
	pairs [lostBranch]cookiePair // the real cookies, by what they are in the model
}

func newDouble(t *testing.T, m *model, seen map[string]int) *double {
	d := &double{model: m, world: m.login(), store: &oneRecord{}, seen: seen}
	g, err := New(Config{
		Origin: "https://store.test", Provider: sameGrant{d}, Store: d.store, Keys: KeyRing{NewKey()},
		IdleTimeout: ticks(m.idle), SessionCap: ticks(m.cap), InFlightWindow: ticks(m.window), RefreshAhead: ticks(m.ahead),
		Logger: slog.New(slog.NewTextHandler(io.Discard, nil)), Now: d.now,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { g.Close(context.Background()) })
	if g.limits.settling != ticks(m.settling) {
		t.Fatalf("F is %v", g.limits.settling)
	}
	d.guard = g
	grant, _ := sameGrant{d}.Login(t.Context(), Credentials{})
	_, pair, err := g.begin(t.Context(), grant, Device{}, true)
	if err != nil {
		t.Fatal(err)
	}
	d.pairs[firstBranch] = *pair
	return d
}

func (d *double) now() time.Time { return epoch.Add(time.Duration(d.clock.Load())) }

// take takes a step on both sides and says where they differ.
func (d *double) take(s step) string {
	before := d.world
	e := d.model.apply(&d.world, s)
	d.model.forget(&d.world)
	cookies := s.cookies
	switch s.verb {
	case wait:
		d.clock.Add(int64(tick))
		return ""
	case arrive:
		cookies = before.wire[s.slot].jar
	case use:
	default:
		return ""
	}
	d.seen[e.outcome.String()]++
	old := d.store.record
	found := d.present(cookies)
	d.guard.flights.running.Wait()
	rec := d.store.record
	if !rec.ended() && rec.Generation != old.Generation {
		d.succeed(rec.Parent, old.Generation)
	}
	if found.cookies != nil && e.cookies != noCookie {
		d.pairs[e.cookies] = *found.cookies
	}
	guard := fmt.Sprintf("served %t, cookies %t, asked %t, end reason %q, ended %t", found.record != nil, found.cookies != nil, found.echo != "", found.endReason, rec.ended())
	model := fmt.Sprintf("served %t, cookies %t, asked %t, end reason %q, ended %t", e.served, e.cookies != noCookie, e.asked != 0 && !e.served, e.reason, d.world.ended)
	if !rec.ended() {
		guard += fmt.Sprintf(", forked %t, confirmed %t, settled %t, expires %v, refreshed %v ago", rec.Forked, !rec.ConfirmedAt.IsZero(), rec.Settled != Digest{}, max(0, rec.ExpiresAt.Sub(d.now())), min(d.now().Sub(rec.RefreshedAt), ticks(d.model.lately())))
		model += fmt.Sprintf(", forked %t, confirmed %t, settled %t, expires %v, refreshed %v ago", d.world.minted > 1, d.world.confirmed >= 0, d.world.settled != noCookie, ticks(d.world.expires), ticks(d.world.refreshed))
	}
	if guard != model {
		return fmt.Sprintf("cookies %v\nguard: %s\nmodel: %s", cookies, guard, model)
	}
	return ""
}

// present makes the request.
func (d *double) present(cookies jar) finding {
	r := &http.Request{Header: http.Header{}}
	if cookies.session != noCookie {
		r.Header.Add("Cookie", sessionCookieName+"="+d.pairs[cookies.session].session)
	}
	if cookies.refresh != noCookie {
		r.Header.Add("Cookie", refreshCookieName+"="+d.pairs[cookies.refresh].refresh)
	}
	if cookies.echo != noCookie {
		m, _ := d.guard.cookies.session.parse(d.pairs[cookies.echo].session)
		r.Header.Add("Cookie", echoCookieName+"="+cookies.question.echo(m.branch))
	}
	return d.guard.authenticate(r)
}

// succeed moves the real cookies to what they are in the next generation, as the model does.
func (d *double) succeed(parent Digest, old uint32) {
	var pairs [lostBranch]cookiePair
	pairs[oldCookie] = d.pairs[parentCookie]
	for c := firstBranch; c < lostBranch; c++ {
		m, _ := d.guard.cookies.session.parse(d.pairs[c].session)
		switch {
		case m.generation != old:
		case m.branch.digest() == parent:
			pairs[parentCookie] = d.pairs[c]
		default:
			pairs[siblingCookie] = d.pairs[c]
		}
	}
	if pairs[oldCookie].session == "" {
		pairs[oldCookie] = d.pairs[oldCookie]
	}
	d.pairs = pairs
}

// oneRecord is a Store with room for one session.
type oneRecord struct {
	mu     sync.Mutex
	record *Record
}

func (s *oneRecord) ByUser(context.Context, string, string, int) ([]*Record, error) { return nil, nil }

func (s *oneRecord) Create(_ context.Context, rec *Record) error {
	s.record = rec
	return nil
}

func (s *oneRecord) Get(_ context.Context, id ID) (*Record, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.record == nil || s.record.ID != id {
		return nil, ErrNotFound
	}
	return s.record, nil
}

func (s *oneRecord) Swap(_ context.Context, next *Record) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if next.Version != s.record.Version+1 || s.record.ended() && !next.ended() {
		return ErrConflict
	}
	s.record = next
	return nil
}

func (s *oneRecord) Touch(context.Context, []Seen) error { return nil }

func (s *oneRecord) Unrevoked(context.Context, string, ID, int) ([]*Record, error) { return nil, nil }

// sameGrant is a Provider that says yes to everybody.
type sameGrant struct{ *double }

func (g sameGrant) Login(context.Context, Credentials) (Grant, error) {
	return Grant{User: User{ID: "ada"}, Token: "jwt", RefreshToken: "token", TokenExpiresAt: g.now().Add(g.model.server.jwt)}, nil
}

func (g sameGrant) Refresh(ctx context.Context, _ Renewal) (Grant, error) {
	return g.Login(ctx, Credentials{})
}

func (sameGrant) Revoke(context.Context, string) error { return nil }
