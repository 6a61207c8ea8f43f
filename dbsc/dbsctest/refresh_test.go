package dbsctest_test

import (
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/latchkey-dev/latchkey/dbsc"
	"github.com/latchkey-dev/latchkey/dbsc/dbsctest"
)

func inBubble(t *testing.T, test func(w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { test(newWorld(t)) })
}

// TestRefresh_statuses is the table of what Chromium 156 does with an answer to a refresh.
func TestRefresh_statuses(t *testing.T) {
	refreshed := dbsctest.Event{Kind: dbsctest.Refreshed, SessionID: "s1"}
	ended := func(reason string) dbsctest.Event {
		return dbsctest.Event{Kind: dbsctest.Ended, SessionID: "s1", Reason: reason}
	}
	skipped := func(reason dbsc.SkipReason) dbsctest.Event {
		return dbsctest.Event{Kind: dbsctest.Skipped, SessionID: "s1", Reason: string(reason)}
	}
	for _, c := range []struct {
		answer  string
		refresh http.HandlerFunc
		posts   int
		want    dbsctest.Event
	}{
		{"200 with instructions", good("s1"), 1, refreshed},
		{"200 with an empty body", text(""), 1, refreshed},
		{"403 with a challenge", challenging("c2"), 2, refreshed},
		{"403 with a challenge every time", challenge("c2", status(403)), 5, ended("TooManyChallenges")},
		{"403 without a challenge", status(403), 1, ended("InvalidChallenge")},
		{"403 with a challenge without id", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set(dbsc.HeaderChallenge, `"c2"`)
			w.WriteHeader(403)
		}, 1, ended("InvalidChallenge")},
		{"200 that ends", text(`{"session_identifier":"s1","continue":false}`), 1, ended("ServerRequestedTermination")},
		{"200 that ends, without id", text(`{"continue":false}`), 1, ended("ServerRequestedTermination")},
		{"200 with a page", text("<html>"), 1, ended("InvalidConfigJson")},
		{"200 without a scope", text(`{"session_identifier":"s1","credentials":[]}`), 1, ended("MissingScope")},
		{"200 without include_site", text(`{"session_identifier":"s1","scope":{},"credentials":[]}`), 1, ended("MissingScope")},
		{"200 without credentials", text(`{"session_identifier":"s1","scope":{"include_site":false}}`), 1, ended("credential")},
		{"200 for another session", good("s2"), 1, ended("MismatchedSessionId")},
		{"401", status(401), 1, ended("PersistentHttpError")},
		{"404", status(404), 1, ended("PersistentHttpError")},
		{"429", status(429), 1, ended("PersistentHttpError")},
		{"302 without Location", status(302), 1, ended("PersistentHttpError")},
		{"302 to a page", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/login", http.StatusFound) }, 1, ended("")},
		{"500", status(500), 1, skipped(dbsc.ServerError)},
		{"503", status(503), 1, skipped(dbsc.ServerError)},
		{"no answer", nil, 1, skipped(dbsc.Unreachable)},
	} {
		t.Run(c.answer, func(t *testing.T) {
			inBubble(t, func(w *world) {
				w.bind()
				w.deleteBound()
				w.refresh = c.refresh
				if c.answer == "302 to a page" {
					w.page = text("<html>")
				}
				r := w.get(home)
				w.wantEvents(c.want)
				if got := len(w.posts()); got != c.posts {
					t.Errorf("%d posts, want %d", got, c.posts)
				}
				if kept := len(w.Sessions()) == 1; kept != (c.want.Kind != dbsctest.Ended) {
					t.Errorf("session kept: %v", kept)
				}
				want := ""
				if c.want.Kind == dbsctest.Skipped {
					want = c.want.Reason + `;session_identifier="s1"`
				}
				if got := r.Header.Get(dbsc.HeaderSkipped); got != want {
					t.Errorf("skipped: %q, want %q", got, want)
				}
			})
		})
	}
}

func TestRefresh_isAsChromiumSendsIt(t *testing.T) {
	inBubble(t, func(w *world) {
		w.UserAgent = "Test/1.0"
		w.bind()
		w.deleteBound()
		w.refresh = challenging("c2")
		if !hasBound(w.get(home)) {
			t.Error("the request that waited lacks the cookie")
		}
		posts := w.posts()
		if len(posts) != 2 || posts[0].Header.Get(dbsc.HeaderResponse) != "" || jti(posts[1]) != "c2" {
			t.Fatalf("%d posts", len(posts))
		}
		for name, want := range map[string]string{
			"Sec-Secure-Session-Id": "s1", "Origin": "https://app.example.com", "Sec-Fetch-Site": "same-origin",
			"Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "empty", "User-Agent": "Test/1.0",
		} {
			if got := posts[0].Header.Get(name); posts[0].Method != "POST" || got != want {
				t.Errorf("%s: %q, want %q", name, got, want)
			}
		}
	})
}

func TestRefresh_whenTheCookieHasRunOut(t *testing.T) {
	inBubble(t, func(w *world) {
		w.bind()
		time.Sleep(boundLife)
		if r := w.get(home); !hasBound(r) || len(w.posts()) != 1 || w.Due() != 0 {
			t.Error("no refresh before the request")
		}
	})
}

func TestRefresh_aheadOfTime(t *testing.T) {
	inBubble(t, func(w *world) {
		w.bind()
		time.Sleep(boundLife - 2*time.Minute)
		if w.get(home); w.Due() != 0 {
			t.Error("two minutes are enough")
		}
		time.Sleep(time.Second)
		w.get(home)
		if w.get(home); len(w.posts()) != 0 || w.Due() != 1 {
			t.Errorf("%d are due", w.Due())
		}
		w.RunDue(w.Context())
		if w.get(home); len(w.posts()) != 1 || w.Due() != 0 {
			t.Errorf("%d are due", w.Due())
		}
		time.Sleep(boundLife - time.Minute)
		if w.get(home); w.Due() != 1 {
			t.Error("not due a second time")
		}
	})
}

// TestRefresh_aheadOfTimeOnce: a refresh that is due, and is no longer needed, is not made.
func TestRefresh_aheadOfTimeOnce(t *testing.T) {
	inBubble(t, func(w *world) {
		w.bind()
		time.Sleep(boundLife - time.Second)
		w.get(home)
		time.Sleep(time.Second)
		w.get(home) // waits for a refresh
		w.RunDue(w.Context())
		if got := len(w.posts()); got != 1 {
			t.Errorf("%d posts", got)
		}
	})
}

func TestRefresh_inTheBackground(t *testing.T) {
	inBubble(t, func(w *world) {
		w.Background = func(run func()) { go run() }
		w.page = func(rw http.ResponseWriter, _ *http.Request) { rw.Header().Set(dbsc.HeaderRegistration, offerC1) }
		w.get(home)
		synctest.Wait()
		w.wantEvents(dbsctest.Event{Kind: dbsctest.Registered, SessionID: "s1"})
	})
}

// TestRefresh_shared: parallel requests wait for one refresh.
func TestRefresh_shared(t *testing.T) {
	inBubble(t, func(w *world) {
		w.bind()
		w.deleteBound()
		begun, release := make(chan bool, 9), make(chan bool)
		w.Transport = roundTripper(func(r *http.Request) (*http.Response, error) {
			if r.URL.Path == "/refresh" {
				begun <- true
				<-release
			}
			return w.RoundTrip(r)
		})
		var tabs sync.WaitGroup
		for range 6 {
			tabs.Go(func() {
				r, _ := http.NewRequestWithContext(w.Context(), "GET", home, nil)
				if _, err := w.Browser.RoundTrip(r); err != nil {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		close(release)
		tabs.Wait()
		if len(begun) != 1 {
			t.Errorf("%d refreshes", len(begun))
		}
		for _, r := range w.requests {
			if r.URL.Path == "/" && !hasBound(r) {
				t.Error("a request has not waited")
			}
		}
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestRefresh_whoCaused: requests that another origin caused go out bare.
func TestRefresh_whoCaused(t *testing.T) {
	inBubble(t, func(w *world) {
		w.bind()
		w.deleteBound()
		for site, want := range map[string]int{"cross-site": 0, "same-site": 0, "none": 1, "same-origin": 1} {
			w.get(home, func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", site) })
			if got := len(w.posts()); got != want {
				t.Errorf("%s: %d posts, want %d", site, got, want)
			}
			w.deleteBound()
		}
	})
}

func TestRefresh_scope(t *testing.T) {
	inBubble(t, func(w *world) {
		w.bind()
		for url, want := range map[string]int{
			home: 1, home + "api/cart?x=y": 1, home + "static": 0, home + "static/a.js": 0, home + "statics": 1,
			home + "static/in/a.js": 1, "https://other.example.com/": 0, "https://app.example.com:8443/": 0,
			"http://app.example.com/": 0, home + "refresh": 1, // the test's own
		} {
			w.deleteBound()
			w.get(url)
			if got := len(w.posts()); got != want {
				t.Errorf("%s: %d posts, want %d", url, got, want)
			}
		}
	})
}

func TestRefresh_scopeOfASite(t *testing.T) {
	inBubble(t, func(w *world) {
		w.bind()
		s := w.Sessions()[0]
		s.Instructions.Scope = dbsc.Scope{IncludeSite: true, Origin: "https://example.com", Rules: []dbsc.ScopeRule{{Type: dbsc.Exclude, Domain: "*.static.example.com", Path: "/"}}}
		s.Origin = "https://example.com"
		w.Put(s)
		w.refresh = text("") // keeps the scope
		for url, want := range map[string]int{home: 1, "https://example.com/": 1, "https://badexample.com/": 0, "https://a.static.example.com/": 0} {
			w.deleteBound()
			w.get(url)
			if got := len(w.posts()); got != want {
				t.Errorf("%s: %d posts, want %d", url, got, want)
			}
		}
	})
}

// TestRefresh_challengeAtHand: with the challenge of a 200, the next refresh needs one round trip.
// Without a new one, the browser sends the same proof again.
func TestRefresh_challengeAtHand(t *testing.T) {
	inBubble(t, func(w *world) {
		w.register = challenge("c2", good("s1"))
		w.bind()
		if got := w.Sessions()[0].Challenge; got != "c2" {
			t.Errorf("challenge %q", got)
		}
		proofs := make(map[string]bool)
		for range 2 {
			w.deleteBound()
			w.get(home)
			posts := w.posts()
			if len(posts) != 1 || jti(posts[0]) != "c2" {
				t.Fatalf("%d posts", len(posts))
			}
			proofs[posts[0].Header.Get(dbsc.HeaderResponse)] = true
		}
		if len(proofs) != 1 {
			t.Error("signed again")
		}
		w.page = challenge("c3", status(200)) // of any response in scope
		w.get(home)
		w.page, w.refresh = status(200), challenge("c4", good("s1")) // of a refresh
		for _, want := range []string{"c3", "c4"} {
			w.deleteBound()
			w.get(home)
			if posts := w.posts(); len(posts) != 1 || jti(posts[0]) != want {
				t.Errorf("%d posts, want one for %s", len(posts), want)
			}
		}
	})
}

// TestRefresh_sameProofAgain: after a 403 without a challenge, a proof at hand is sent again.
func TestRefresh_sameProofAgain(t *testing.T) {
	inBubble(t, func(w *world) {
		w.register = challenge("c2", good("s1"))
		w.bind()
		w.deleteBound()
		w.refresh = status(403)
		w.get(home)
		posts := w.posts()
		for _, r := range posts {
			if r.Header.Get(dbsc.HeaderResponse) != posts[0].Header.Get(dbsc.HeaderResponse) {
				t.Error("another proof")
			}
		}
		w.wantEvents(dbsctest.Event{Kind: dbsctest.Ended, SessionID: "s1", Reason: "TooManyChallenges"})
	})
}

// TestRefresh_retriesTheProof: a proof whose answer was lost is sent again, and not signed twice.
func TestRefresh_retriesTheProof(t *testing.T) {
	inBubble(t, func(w *world) {
		w.Quota = 2
		w.register = challenge("c2", good("s1"))
		w.bind()
		w.deleteBound()
		w.refresh = status(503)
		w.get(home)
		w.refresh = challenging("c2")
		if !hasBound(w.get(home)) || len(w.posts()) != 2 {
			t.Error("not refreshed")
		}
	})
}

func TestQuota(t *testing.T) {
	inBubble(t, func(w *world) {
		w.Quota = dbsctest.ChromiumQuota
		w.bind() // the first signature
		for n := range 5 {
			w.deleteBound()
			w.refresh = challenging("n" + strconv.Itoa(n))
			w.get(home)
		}
		w.posts()
		w.events = nil
		w.deleteBound()
		w.refresh = challenging("over")
		r := w.get(home)
		w.wantEvents(dbsctest.Event{Kind: dbsctest.Skipped, SessionID: "s1", Reason: string(dbsc.QuotaExceeded)})
		if r.Header.Get(dbsc.HeaderSkipped) != `quota_exceeded;session_identifier="s1"` || hasBound(r) {
			t.Errorf("%v", r.Header)
		}
		time.Sleep(9 * time.Minute)
		if !hasBound(w.get(home)) {
			t.Error("no refresh nine minutes later")
		}
	})
}

// TestAttributes: a cookie whose attributes are not those of the instructions is never found.
func TestAttributes(t *testing.T) {
	inBubble(t, func(w *world) {
		w.bind()
		w.refresh = func(rw http.ResponseWriter, r *http.Request) {
			lax := boundCookie()
			lax.SameSite = http.SameSiteLaxMode
			http.SetCookie(rw, lax)
		}
		w.deleteBound()
		for range 3 {
			w.get(home)
		}
		if got := len(w.posts()); got != 3 {
			t.Errorf("%d posts", got)
		}
	})
}

// TestTwoSessions has two that want the same cookie. The older is refreshed first; if it has ended,
// the newer is, too, before the request leaves.
func TestTwoSessions(t *testing.T) {
	for answer, want := range map[string]string{
		`{"session_identifier":"s1","continue":false}`: "s1 s2",
		"": "s1",
	} {
		inBubble(t, func(w *world) {
			w.bind()
			w.register = good("s2")
			w.Register(w.Context(), w.Sessions()[0].RefreshURL, dbsc.Offer{Algorithms: []dbsc.Algorithm{dbsc.ES256}, Path: "/register", Challenge: "c"})
			w.refresh = func(rw http.ResponseWriter, r *http.Request) {
				if id, _ := dbsc.SessionID(r.Header); id == "s1" && answer != "" {
					text(answer)(rw, r)
				} else {
					http.SetCookie(rw, boundCookie())
				}
			}
			w.deleteBound()
			if !hasBound(w.get(home)) {
				t.Error("no bound cookie")
			}
			var got []string
			for _, r := range w.posts() {
				got = append(got, r.Header.Get(dbsc.HeaderSessionID))
			}
			if strings.Join(got, " ") != want {
				t.Errorf("refreshed %q, want %q", got, want)
			}
		})
	}
}
