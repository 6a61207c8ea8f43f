package idp_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey/idp"
)

// model is what a login's line of refresh tokens should do, told by the tokens
// that were handed out and nothing else.
type model struct {
	line    []string // in the order in which they were handed out
	used    int      // place of the newest that was presented, -1: none
	last    time.Duration
	revoked bool
}

const (
	modelTTL = 10 * time.Hour
	modelMax = 30 * time.Hour
)

func (m *model) alive(now time.Duration) bool {
	return !m.revoked && now < m.last+modelTTL && now < modelMax
}

// TestRotationFollowsTheModel presents tokens of a line in random order, with
// pauses, retries, administrators and logouts in between.
func TestRotationFollowsTheModel(t *testing.T) {
	for seed := range uint64(24) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			rnd := rand.New(rand.NewPCG(seed, 0))
			strict := seed%2 == 0
			w := newWorldOf(t, idp.Application{
				RefreshTokenTTL: modelTTL, RefreshTokenMaxTTL: modelMax, OnOneTimeTokenReuse: strict, ClientSecret: clientSecret,
			})
			token, id := w.loggedIn()
			m := &model{line: []string{token}, used: -1}
			began := w.clock.now()
			for step := range 60 {
				w.clock.advance(time.Duration(rnd.ExpFloat64() * float64(time.Hour)))
				now := w.clock.now().Sub(began)
				if rnd.IntN(50) == 0 {
					w.send("POST", "/api/logout?refreshToken="+m.line[rnd.IntN(len(m.line))], "", "").wantEmpty(http.StatusOK)
					m.revoked = true
				}
				if rnd.IntN(10) == 0 && m.alive(now) {
					if got := w.refreshToken(id).Token; got != m.line[len(m.line)-1] {
						t.Fatalf("step %d: the administrator sees another token than the newest", step)
					}
				}
				// Mostly the newest or its predecessor, at times any.
				place := len(m.line) - 1 - min(int(rnd.ExpFloat64()), len(m.line)-1)
				m.present(w, place, now, strict, rnd.IntN(2) == 0)
			}
		})
	}
}

func (m *model) present(w *world, place int, now time.Duration, strict, oauth bool) {
	w.t.Helper()
	var a answer
	refused, member := http.StatusNotFound, "refreshToken"
	if oauth {
		a = w.exchange(m.line[place])
		refused, member = http.StatusBadRequest, "refresh_token"
	} else {
		a = w.refresh(m.line[place])
	}
	switch {
	case !m.alive(now):
		a.want(refused)
	case place < m.used:
		a.want(refused)
		m.revoked = strict
	default:
		next := a.want(http.StatusOK).text(member)
		m.used, m.last = place, now
		if place == len(m.line)-1 {
			m.line = append(m.line, next)
		}
		if next != m.line[place+1] {
			w.t.Fatalf("token %d is followed by two successors", place)
		}
	}
}

// TestConcurrentRefreshes: all who present one token at once get one successor.
func TestConcurrentRefreshes(t *testing.T) {
	w := newWorldOf(t, idp.Application{OnOneTimeTokenReuse: true, ClientSecret: clientSecret})
	token, _ := w.loggedIn()
	for range 10 {
		var wg sync.WaitGroup
		successors := make([]string, 16)
		for i := range successors {
			wg.Go(func() {
				if i%2 == 0 {
					successors[i] = w.refresh(token).text("refreshToken")
				} else {
					successors[i] = w.exchange(token).text("refresh_token")
				}
			})
		}
		wg.Wait()
		for _, s := range successors {
			if s == "" || s != successors[0] {
				t.Fatalf("successors differ: %q", successors)
			}
		}
		token = successors[0]
	}
}

// TestRefreshAgainstLogout: no token is good after the logout, whichever wins the race.
func TestRefreshAgainstLogout(t *testing.T) {
	w := newWorld(t)
	for range 20 {
		token, _ := w.loggedIn()
		var wg sync.WaitGroup
		var refreshed answer
		wg.Go(func() { refreshed = w.refresh(token) })
		wg.Go(func() { w.send("POST", "/api/logout?refreshToken="+token, "", "") })
		wg.Wait()
		if refreshed.status == http.StatusOK {
			token = refreshed.text("refreshToken")
		}
		w.refresh(token).wantEmpty(http.StatusNotFound)
	}
}
