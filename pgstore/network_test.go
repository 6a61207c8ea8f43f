package pgstore_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/internal/faultproxy"
	"github.com/latchkey-dev/latchkey/internal/pgtest"
	"github.com/latchkey-dev/latchkey/pgstore"
)

// slack is what a busy machine may add to every bound. The tests distinguish a call that ends from
// one that hangs.
const slack = 30 * time.Second

// behind opens a store behind a proxy, and another that reaches the server directly.
func behind(t *testing.T, secure bool) (p *faultproxy.Proxy, proxied, direct *pgstore.Store) {
	t.Helper()
	server := pgtest.Shared(t)
	url := server.Database(t)
	p = faultproxy.Start(t, server.Addr)
	t.Cleanup(func() { p.Set(faultproxy.Fault{}) }) // so that the stores can close
	direct = open(t, url)
	if secure {
		url = server.Secure(t, url)
	}
	return p, open(t, server.Via(url, p.Addr)), direct
}

// TestBrokenNetwork: while the network between store and server is silent, cut, or loses responses,
// every call ends in time with an error that says that the outcome is unknown, and Watch notices.
// Afterwards everything recovers by itself.
func TestBrokenNetwork(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fault  faultproxy.Fault
		secure bool
	}{
		"silent":          {faultproxy.Silent, false},
		"silent over TLS": {faultproxy.Silent, true},
		"cut":             {faultproxy.Fault{Cut: true}, false},
		"no answers":      {faultproxy.Fault{HoldAnswers: true}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, s, direct := behind(t, c.secure)
			rec := session()
			if err := s.Create(t.Context(), rec); err != nil {
				t.Fatal(err)
			}
			w := watch(t, s)
			began := time.Now()
			p.Set(c.fault)
			ended := make(chan time.Duration, 1)
			go func() { ended <- w.broke(t, began) }()
			failInTime(t, s, rec)
			if after := <-ended; after > 1500*time.Millisecond+slack {
				t.Errorf("Watch ended %v after the network broke", after)
			}
			healed := time.Now()
			p.Set(faultproxy.Fault{})
			eventually(t, "calls to go on", func() bool { _, err := s.Get(t.Context(), rec.ID); return err == nil })
			if took := time.Since(healed); took > 3*time.Second+slack {
				t.Errorf("calls go on %v after the network is well", took)
			}
			w.untilBeat(t)
			next := session()
			if err := direct.Create(t.Context(), next); err != nil {
				t.Fatal(err)
			}
			w.untilBeat(t)
			if w.toldOf(next.ID) == 0 {
				t.Error("Watch does not report a Create after the network has recovered")
			}
		})
	}
}

// failInTime makes every call at the same time.
func failInTime(t *testing.T, s *pgstore.Store, rec *latchkey.Record) {
	next := *rec
	next.Version = 2
	calls := map[string]func(context.Context) error{
		"Create": func(ctx context.Context) error { return s.Create(ctx, session()) },
		"Get":    func(ctx context.Context) error { _, err := s.Get(ctx, rec.ID); return err },
		"Swap":   func(ctx context.Context) error { return s.Swap(ctx, &next) },
		"Touch": func(ctx context.Context) error {
			return s.Touch(ctx, []latchkey.Seen{{ID: rec.ID, At: rec.LastSeenAt}})
		},
		"ByUser":    func(ctx context.Context) error { _, err := s.ByUser(ctx, rec.App, rec.User.ID, 10); return err },
		"Unrevoked": func(ctx context.Context) error { _, err := s.Unrevoked(ctx, rec.App, latchkey.ID{}, 10); return err },
		"Sweep":     func(ctx context.Context) error { _, err := s.Sweep(ctx, rec.CreatedAt); return err },
	}
	var names []string
	for name := range calls {
		names = append(names, name)
	}
	together(t, 3*len(names), func(i int) error { // more calls than connections
		began := time.Now()
		err := calls[names[i%len(names)]](t.Context())
		if !cannotSay(err) {
			t.Errorf("%s: %v", names[i%len(names)], err)
		}
		if took := time.Since(began); took > 3*time.Second+slack {
			t.Errorf("%s took %v", names[i%len(names)], took)
		}
		return nil
	})
}

// swapped creates a session and swaps it once, so that the connection has prepared the statement:
// what fails next is the statement itself. It returns version 2 and the one to come.
func swapped(t *testing.T, s *pgstore.Store) (rec, next *latchkey.Record) {
	t.Helper()
	first := session()
	if err := s.Create(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	second := *first
	second.Version = 2
	if err := s.Swap(t.Context(), &second); err != nil {
		t.Fatal(err)
	}
	third := second
	third.Version = 3
	return &second, &third
}

// TestLostAnswer: a Swap whose response is lost takes effect, returns an error, and is announced
// all the same.
func TestLostAnswer(t *testing.T) {
	t.Parallel()
	p, s, direct := behind(t, false)
	w := watch(t, direct)
	rec, next := swapped(t, s)
	w.untilBeat(t)
	told := w.toldOf(rec.ID)
	p.Set(faultproxy.Fault{HoldAnswers: true})
	if err := s.Swap(t.Context(), next); !cannotSay(err) {
		t.Errorf("a Swap whose answer is lost: %v", err)
	}
	if got, err := direct.Get(t.Context(), rec.ID); err != nil || got.Version != 3 {
		t.Errorf("version %d, %v; want the Swap to have taken effect", got.Version, err)
	}
	p.Set(faultproxy.Fault{})
	eventually(t, "word of the Swap", func() bool { return w.toldOf(rec.ID) > told })
	if err := s.Swap(t.Context(), next); !errors.Is(err, latchkey.ErrConflict) {
		t.Errorf("the same Swap again: %v", err)
	}
}

// TestNothingArrivesLate: a write that a silent network has held back is lost once its caller was
// told that the outcome is unknown.
func TestNothingArrivesLate(t *testing.T) {
	for name, secure := range map[string]bool{"plain": false, "TLS": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, s, direct := behind(t, secure)
			rec, next := swapped(t, s)
			p.Set(faultproxy.Silent)
			if err := s.Swap(t.Context(), next); !cannotSay(err) {
				t.Errorf("a Swap into a silent network: %v", err)
			}
			p.Set(faultproxy.Fault{})
			watch(t, s) // the network works, and what it held back has arrived
			if got, err := direct.Get(t.Context(), rec.ID); err != nil || got.Version != 2 {
				t.Errorf("version %d, %v; want the Swap to be gone", got.Version, err)
			}
		})
	}
}

// TestSlowNetwork: everything works with a round trip of a tenth of a second.
func TestSlowNetwork(t *testing.T) {
	t.Parallel()
	p, s, direct := behind(t, false)
	p.Set(faultproxy.Fault{Delay: 50 * time.Millisecond})
	w := watch(t, s)
	rec := session()
	if err := s.Create(t.Context(), rec); err != nil {
		t.Error(err)
	}
	next := *rec
	next.Version = 2
	if err := direct.Swap(t.Context(), &next); err != nil {
		t.Error(err)
	}
	w.untilBeat(t)
	if w.toldOf(rec.ID) < 2 {
		t.Errorf("told of %d writes of two", w.toldOf(rec.ID))
	}
	if len(w.breaks) > 0 {
		t.Error("Watch ended in a slow network")
	}
}
