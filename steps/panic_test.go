package steps

import (
	"context"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/latchkeytest"
)

// A panic in whatever the guard calls outside of a request ends nothing but that: it is in the log
// once, with its stack, requests get an answer, and the work goes on when it is over.
func TestPanic_inTheBackground(t *testing.T) {
	for _, name := range []string{"Refresh", "Revoke", "Touch", "Unrevoked", "Swap of a refresh", "Swap of the background"} {
		t.Run(name, func(t *testing.T) {
			var armed, met atomic.Bool
			front := func(ctx context.Context, op operation, do func() error) error {
				hit := op.name == name || op.name == "Swap" && !op.ends && name == "Swap of a refresh" || op.name == "Swap" && op.ends && ctx.Value(inFlow{}) == nil && name == "Swap of the background"
				if hit && armed.CompareAndSwap(true, false) {
					met.Store(true)
					panic("hunter2")
				}
				return do()
			}
			log := &latchkeytest.Log{}
			onStage(t, front, func(t *testing.T, s *stage) {
				c := s.open(stateNamed("refresh"))
				alive := s.provider.Alive()
				armed.Store(true)
				if got := s.get(context.WithValue(t.Context(), inFlow{}, true), 0, c.victim); got.Status != 200 && got.Status != 503 {
					t.Errorf("%d %s", got.Status, got.Body)
				}
				time.Sleep(10 * time.Second) // a claim that a panic left runs out
				s.goesOn(c)
				want(t, s.send(context.WithValue(t.Context(), inFlow{}, true), 0, c.victim.Copy(s.nodes[0]), "POST", "/api/logout", ""), 204, "", "")
				time.Sleep(11 * time.Hour) // last uses are stored, and what failed is tried again
				synctest.Wait()
				if n := s.provider.Alive(); n != alive-1 {
					t.Errorf("%d refresh tokens are alive, want %d", n, alive-1)
				}
				if !met.Load() {
					t.Fatal("nothing panicked")
				}
				if n := strings.Count(log.String(), "msg=panic"); n != 1 || !strings.Contains(log.String(), "panic_test.go") || strings.Contains(log.String(), "hunter2") {
					t.Errorf("%d panics in the log: %s", n, log)
				}
			}, func(c *latchkey.Config) { c.Logger = slog.New(slog.NewTextHandler(log, nil)) })
		})
	}
}
