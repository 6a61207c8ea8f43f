package latchkey_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/internal/onetime"
	"github.com/latchkey-dev/latchkey/latchkeytest"
	"github.com/latchkey-dev/latchkey/memstore"
)

// THR-05: guesses that are made at the same time count before anybody has looked at them.
func TestTHR05_ParallelGuesses(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		w.faults.set(func(rw http.ResponseWriter, r *http.Request, next http.Handler) {
			time.Sleep(time.Second)
			next.ServeHTTP(rw, r)
		})
		before := w.provider.Calls("/api/login")
		var all sync.WaitGroup
		for range 200 {
			all.Go(func() { newBrowser().try(w.shop, "ada@example.com", "wrong") })
		}
		all.Wait()
		if n := w.provider.Calls("/api/login") - before; n > 5 {
			t.Errorf("%d guesses reached the provider", n)
		}
	})
}

// A slowProvider takes its time to answer a login.
type slowProvider struct {
	*onetime.Provider
	err   error
	takes time.Duration
	asked atomic.Int64
}

func (p *slowProvider) Login(ctx context.Context, c latchkey.Credentials) (latchkey.Grant, error) {
	p.asked.Add(1)
	select {
	case <-time.After(p.takes):
	case <-ctx.Done():
		return latchkey.Grant{}, ctx.Err()
	}
	if p.err != nil {
		return latchkey.Grant{}, p.err
	}
	return p.Provider.Login(ctx, c)
}

// A client that hangs up early has used an attempt. Refusals may take longer than successes: a
// guesser could wait just long enough for a success and guess for free.
func TestTHR05_HangingUp(t *testing.T) {
	hangUp := func(t *testing.T, w *latchkeytest.World, app *latchkeytest.App) {
		ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		defer cancel()
		w.NewBrowser().DoDirectly(app, app.NewRequest(ctx, "POST", "/api/login", anyCredentials))
	}
	synctest.Test(t, func(t *testing.T) {
		p := &slowProvider{Provider: onetime.New(), takes: time.Second, err: &latchkey.ProviderError{Code: latchkey.CodeInvalidCredentials}}
		w := latchkeytest.New(t, latchkeytest.WithLogger(discard))
		app := w.Start(w.Config("store", p), nil)
		for range 50 {
			go hangUp(t, w, app)
			time.Sleep(100 * time.Millisecond)
		}
		time.Sleep(time.Minute)
		if n := p.asked.Load(); n > 9 {
			t.Errorf("%d passwords were looked at", n)
		}
	})
	synctest.Test(t, func(t *testing.T) { // the right one
		p := &slowProvider{Provider: onetime.New(), takes: time.Second}
		w := latchkeytest.New(t, latchkeytest.WithLogger(discard))
		app := w.Start(w.Config("store", p), nil)
		for range 20 {
			hangUp(t, w, app)
		}
		time.Sleep(time.Minute)
		if left, err := w.Store.ByUser(t.Context(), "store", onetime.Ada.ID, 100); err != nil || len(left) != 0 {
			t.Errorf("%d sessions whose cookies nobody has, %v", len(left), err)
		}
		if n := p.Alive(); n != 0 {
			t.Errorf("%d refresh tokens are not revoked", n)
		}
	})
}

// A provider whose refusals take longer than the guard waits, and whose yes does not, must not be
// guessed at for nothing. Nor must an office wait behind one address because it was slow: only the
// account does.
func TestTHR05_SlowRefusals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &slowProvider{Provider: onetime.New(), takes: time.Minute}
		w := latchkeytest.New(t, latchkeytest.WithLogger(discard))
		app := w.Start(w.Config("store", p), nil)
		began := time.Now()
		for time.Since(began) < time.Hour {
			w.NewBrowser().Post(app, "/api/login", anyCredentials)
			time.Sleep(time.Second)
		}
		if n := p.asked.Load(); n > 20 {
			t.Errorf("%d passwords were looked at in an hour", n)
		}
		for i := range 50 {
			got := w.NewBrowser().Post(app, "/api/login", fmt.Sprintf(`{"email":"user-%d@example.com","password":"any will do"}`, i))
			if got.Status != 503 || got.Code != "provider_unavailable" {
				t.Errorf("got %d %s", got.Status, got.Body)
			}
		}
		p.takes = 0
		w.NewBrowser().Login(app, "user-7@example.com")
	})
}

// THR-05: attempts are counted before the password is looked at, and yet many users of one address
// who log in at the same time need not wait.
func TestTHR05_OneAddressForMany(t *testing.T) {
	guard, err := latchkey.New(latchkey.Config{
		Origin: "https://store.example.com", Provider: instant{}, Store: memstore.New(), Keys: latchkey.KeyRing{latchkey.NewKey()}, Logger: discard,
	})
	must(t, err)
	defer guard.Close(context.Background())
	var all sync.WaitGroup
	for worker := range 16 { // fewer at once than an address may fail
		all.Go(func() {
			for i := range 300 {
				login := httptest.NewRequest("POST", "/api/login", strings.NewReader(fmt.Sprintf(`{"email":"ada.%d.%d@example.com","password":"any"}`, worker, i)))
				login.Header.Set("Content-Type", "application/json")
				answer := httptest.NewRecorder()
				guard.ServeLogin(answer, login)
				if answer.Code != http.StatusOK {
					t.Errorf("login %d of %d: %d %s", i, worker, answer.Code, answer.Body)
					return
				}
			}
		})
	}
	all.Wait()
}
