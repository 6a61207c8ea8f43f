package steps

import (
	"context"
	"encoding/json"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/latchkey-dev/latchkey"
)

// A lostEnd is a front that loses the store's answer to the write of an end, and then lets
// something happen before the guard looks what has become of it.
type lostEnd struct {
	written atomic.Bool
	met     atomic.Bool
	between func(id latchkey.ID) error // what the read after the lost answer meets first
}

func (l *lostEnd) front(ctx context.Context, op operation, do func() error) error {
	if ctx.Value(inFlow{}) == nil {
		return do()
	}
	switch {
	case op.ends && l.written.CompareAndSwap(false, true):
		do()
		return errFault
	case op.name == "Get" && l.written.Load() && l.met.CompareAndSwap(false, true):
		if err := l.between(op.id); err != nil {
			return err
		}
	}
	return do()
}

// withoutMAC returns a record as a program wrote it that knew no MAC.
func withoutMAC(t testing.TB, rec *latchkey.Record) *latchkey.Record {
	text, err := json.Marshal(rec) // which knows the exported fields alone
	must(t, err)
	plain := &latchkey.Record{}
	must(t, json.Unmarshal(text, plain))
	return plain
}

// An end whose answer was lost is told once, though somebody revokes its refresh token before the
// guard has looked whether it is stored, and though that look fails as well.
func TestEnd_lostAnswerIsReportedOnce(t *testing.T) {
	for _, e := range enders {
		for name, between := range map[string]func(s *stage, id latchkey.ID) error{
			"revoked meanwhile": func(s *stage, id latchkey.ID) error {
				rec, err := s.store.Get(s.Context(), id)
				must(s, err)
				revoked := withoutMAC(s, rec)
				revoked.Version, revoked.Unrevoked = rec.Version+1, false
				must(s, s.store.Swap(s.Context(), revoked))
				return nil
			},
			"read lost as well": func(*stage, latchkey.ID) error { return errFault },
		} {
			t.Run(e.name+"/"+name, func(t *testing.T) {
				l := &lostEnd{}
				onStage(t, l.front, func(t *testing.T, s *stage) {
					l.between = func(id latchkey.ID) error { return between(s, id) }
					c, other := s.openFor(stateNamed("authenticated request"), e), s.world.NewBrowser()
					s.login(other)
					s.told()
					ended, got := e.send(context.WithValue(t.Context(), inFlow{}, true), s, 0, c, other)
					if !l.met.Load() {
						t.Fatal("the end was not read again")
					}
					if name == "revoked meanwhile" && !ended {
						t.Errorf("%d %s, though the end is stored", got.Status, got.Body)
					}
					s.wantEnded(t, "", c.victim)
					time.Sleep(2 * time.Minute)
					synctest.Wait()
					if n := s.endings(c.id); n != 1 {
						t.Errorf("told %d times of the end", n)
					}
					if n := s.told()[latchkey.EventTheft]; e.name == "theft" && n != 1 {
						t.Errorf("told %d times of the theft", n)
					}
				})
			})
		}
	}
}
