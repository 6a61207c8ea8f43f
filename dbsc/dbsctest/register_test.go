package dbsctest_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/latchkey-dev/latchkey/dbsc"
	"github.com/latchkey-dev/latchkey/dbsc/dbsctest"
)

// offering makes the next page offer, and the browser register.
func (w *world) offering(url string, offers ...string) {
	w.Helper()
	w.page = func(rw http.ResponseWriter, _ *http.Request) {
		for _, o := range offers {
			rw.Header().Add(dbsc.HeaderRegistration, o)
		}
	}
	w.get(url)
	w.requests = nil
	w.RunDue(w.Context())
}

func TestRegister_isAsChromiumSendsIt(t *testing.T) {
	inBubble(t, func(w *world) {
		w.Audience = true
		w.offering(home+"login", `(ES256 RS256);path="register";challenge="c1";authorization="a1"`)
		r := w.requests[0]
		text, err := dbsc.Response(r.Header)
		if err != nil {
			t.Fatal(err)
		}
		registration, err := dbsc.ParseRegistration(text)
		if err != nil {
			t.Fatal(err)
		}
		if err := registration.Verify(); err != nil || registration.Challenge != "c1" || registration.Authorization != "a1" {
			t.Errorf("%+v, %v", registration.Claims, err)
		}
		if registration.Audience == nil || registration.CheckAudience(home+"register") != nil {
			t.Errorf("audience %q", registration.Audience)
		}
		if r.Header.Get("Sec-Fetch-Mode") != "no-cors" || r.Header.Get(dbsc.HeaderSessionID) != "" || r.Method != "POST" {
			t.Errorf("%v", r.Header)
		}
		key, err := dbsc.KeyOf(w.Sessions()[0].Key.Public())
		if err != nil || key != registration.Key {
			t.Errorf("another key is kept: %v", err)
		}
	})
}

func TestRegister_answers(t *testing.T) {
	registered := dbsctest.Event{Kind: dbsctest.Registered, SessionID: "s1"}
	not := func(reason string) dbsctest.Event {
		return dbsctest.Event{Kind: dbsctest.NotRegistered, Reason: reason}
	}
	badAttributes := `{"session_identifier":"s1","scope":{"include_site":false},"credentials":[{"type":"cookie","name":"b","attributes":"Path=/; Max-Age=1"}]}`
	for _, c := range []struct {
		answer   string
		register http.HandlerFunc
		want     dbsctest.Event
	}{
		{"200", good("s1"), registered},
		{"204", status(204), not("PersistentHttpError")},
		{"401", status(401), not("PersistentHttpError")},
		{"503", status(503), not("PersistentHttpError")},
		{"403 with a challenge", challenge("c", status(403)), not("RegistrationAttemptedChallenge")},
		{"an empty body", text(""), not("InvalidConfigJson")},
		{"a page", text("<html>"), not("InvalidConfigJson")},
		{"an end", text(`{"session_identifier":"s1","continue":false}`), not("ServerRequestedTermination")},
		{"attributes that are refused", text(badAttributes), not("attributes")},
		{"a type that is refused", text(strings.Replace(badAttributes, `"cookie"`, `"token"`, 1)), not("InvalidConfigJson")},
		{"no answer", nil, not("")},
	} {
		t.Run(c.answer, func(t *testing.T) {
			inBubble(t, func(w *world) {
				w.register = c.register
				w.offering(home, offerC1)
				w.wantEvents(c.want)
				if kept := len(w.Sessions()) == 1; kept != (c.want == registered) {
					t.Errorf("session kept: %v", kept)
				}
			})
		})
	}
}

func TestRegister_offers(t *testing.T) {
	for _, c := range []struct {
		why, page string
		offers    []string
		posts     int
		algorithm dbsc.Algorithm // of the last one
	}{
		{"ES256", home, []string{offerC1}, 1, dbsc.ES256},
		{"RS256 is preferred", home, []string{`(RS256 ES256);path="/register";challenge="c"`}, 1, dbsc.RS256},
		{"an unknown one is preferred", home, []string{`(EdDSA ES256);path="/register";challenge="c"`}, 1, dbsc.ES256},
		{"unknown ones only", home, []string{`(EdDSA);path="/register";challenge="c"`}, 0, ""},
		{"two", home, []string{offerC1, offerC1}, 2, dbsc.ES256},
		{"not readable", home, []string{`ES256;path="/register";challenge="c"`}, 0, ""},
		{"without TLS", "http://app.example.com/", []string{offerC1}, 0, ""},
		{"no challenge, no proof", home, []string{`(ES256);path="/register"`}, 1, ""},
	} {
		t.Run(c.why, func(t *testing.T) {
			inBubble(t, func(w *world) {
				w.offering(c.page, c.offers...)
				if len(w.requests) != c.posts {
					t.Fatalf("%d posts, want %d", len(w.requests), c.posts)
				}
				if c.posts == 0 {
					return
				}
				text, _ := dbsc.Response(w.requests[c.posts-1].Header)
				r, err := dbsc.ParseRegistration(text, dbsc.ES256, dbsc.RS256)
				switch {
				case c.algorithm == "":
					if text != "" {
						t.Error("there is a proof")
					}
				case err != nil || r.Verify() != nil || r.Key.Algorithm() != c.algorithm:
					t.Errorf("%s: %v", text, err)
				}
			})
		})
	}
}

// TestRegister_again: a 403 with a new offer makes the browser register with another key.
func TestRegister_again(t *testing.T) {
	inBubble(t, func(w *world) {
		w.register = func(rw http.ResponseWriter, r *http.Request) {
			rw.Header().Set(dbsc.HeaderRegistration, `(ES256);path="/register";challenge="c2"`)
			rw.WriteHeader(403)
		}
		w.offering(home, offerC1)
		w.register = good("s1")
		w.RunDue(w.Context())
		w.wantEvents(dbsctest.Event{Kind: dbsctest.NotRegistered}, dbsctest.Event{Kind: dbsctest.Registered, SessionID: "s1"})
	})
}

// TestRegister_replaces: a session with a known id takes the place of the older one.
func TestRegister_replaces(t *testing.T) {
	inBubble(t, func(w *world) {
		w.bind()
		before := w.Sessions()[0].Key
		w.offering(home, offerC1)
		w.wantEvents(dbsctest.Event{Kind: dbsctest.Ended, SessionID: "s1", Reason: "Replaced"}, dbsctest.Event{Kind: dbsctest.Registered, SessionID: "s1"})
		if all := w.Sessions(); len(all) != 1 || all[0].Key == before {
			t.Errorf("%d sessions", len(all))
		}
	})
}

func TestRegister_quota(t *testing.T) {
	inBubble(t, func(w *world) {
		w.Quota = 1
		w.offering(home, offerC1, offerC1)
		w.wantEvents(dbsctest.Event{Kind: dbsctest.Registered, SessionID: "s1"}, dbsctest.Event{Kind: dbsctest.NotRegistered, Reason: "SigningQuotaExceeded"})
	})
}
