package gateway_test

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/gateway"
)

// proofLife is how long a proof is good in these tests.
const proofLife = 12 * time.Minute

// GWY-11: a socket that was opened with a copy of all cookies ends when a proof of the time of its
// handshake does, whatever the user proves meanwhile, and cannot be opened again.
func TestGWY11SocketOfAStolenJarEnds(t *testing.T) {
	bindingWorld(t, func(t *testing.T, w *world) {
		w.app.answer(talkative)
		n := w.serve()
		ada := n.boundBrowser()
		thief := ada.jarCopy()
		time.Sleep(5 * time.Minute)
		handshake := time.Now()
		stolen := thief.secureSocket()
		stolen.echo(t)
		for time.Since(handshake) < proofLife-time.Minute {
			time.Sleep(time.Minute)
			ada.want(200, "GET", "/api/user", "")
			ada.browser.RunDue(t.Context())
		}
		time.Sleep(time.Minute - time.Second)
		stolen.echo(t)
		closedWithin(t, "the thief's socket", 2*time.Second, stolen.in)
		if got := thief.secureSocket().response; got.StatusCode != 401 {
			t.Errorf("the thief's next socket: %s", got.Status)
		}
		own := ada.jarCopy().secureSocket()
		own.echo(t)
	})
}

// GWY-11: a socket from before its session was bound lives no longer than one that was opened
// later: in the moments after a login a thief needs no proof.
func TestGWY11SocketFromBeforeTheBindingEnds(t *testing.T) {
	bindingWorld(t, func(t *testing.T, w *world) {
		w.app.answer(talkative)
		n := w.serve()
		ada, unbound := n.deviceBrowser(), n.deviceBrowser()
		early, others := ada.jarCopy().secureSocket(), unbound.jarCopy().secureSocket()
		ada.browser.RunDue(t.Context()) // registers
		time.Sleep(time.Minute)
		registered := ada.jarCopy().secureSocket()
		ada.want(200, "GET", "/api/user", "")
		ada.browser.RunDue(t.Context()) // binds
		time.Sleep(proofLife - time.Minute - time.Second)
		early.echo(t)
		closedWithin(t, "the socket from the login", 2*time.Second, early.in)
		registered.echo(t)
		time.Sleep(time.Minute - 2*time.Second)
		closedWithin(t, "the socket from before the first proof", 3*time.Second, registered.in)
		others.echo(t)
	})
}

// Streams of a session that is bound live as long as those of others where nothing asks for a
// proof.
func TestStreamsWhereNoProofIsAskedFor(t *testing.T) {
	for _, mode := range []latchkey.DeviceBinding{latchkey.DeviceBindingWatch, latchkey.DeviceBindingOff} {
		t.Run(string(mode), func(t *testing.T) {
			bindingWorld(t, func(t *testing.T, w *world) {
				w.app.answer(talkative)
				ada := w.serve().boundBrowser()
				other := w.serve(func(c *gateway.Config) { c.Apps[0].Login.DeviceBinding = mode })
				s := ada.jarCopy().at(other).secureSocket()
				time.Sleep(time.Hour - time.Second)
				s.echo(t)
				closedWithin(t, "a socket beyond the cap", 2*time.Second, s.in)
			})
		})
	}
}

// announcing is an app that sends an event every ten seconds, and those that a browser has missed.
func announcing(began time.Time) http.HandlerFunc {
	return func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("Content-Type", "text/event-stream")
		next := 0
		if last, err := strconv.Atoi(r.Header.Get("Last-Event-ID")); err == nil {
			next = last + 1
		}
		for ; ; next++ {
			select {
			case <-r.Context().Done():
				return
			case <-time.After(time.Until(began.Add(time.Duration(next) * 10 * time.Second))):
			}
			fmt.Fprintf(rw, "id: %d\n\n", next)
			http.NewResponseController(rw).Flush()
		}
	}
}

// An EventSource of a bound session is cut again and again, reconnects as browsers do, and gets
// every message of an hour.
func TestEventsOfABoundSessionAllArrive(t *testing.T) {
	bindingWorld(t, func(t *testing.T, w *world) {
		ada := w.serve().boundBrowser()
		began := time.Now()
		w.app.answer(announcing(began))
		next, connections := 0, 0
		for next < 360 {
			connections++
			resp := ada.open("GET", "/api/events", "", "Last-Event-ID", strconv.Itoa(next-1))
			if resp.StatusCode != 200 {
				t.Fatalf("connection %d after %v: %s", connections, time.Since(began), resp.Status)
			}
			for in := bufio.NewScanner(resp.Body); in.Scan(); {
				if id, found := strings.CutPrefix(in.Text(), "id: "); found {
					if id != strconv.Itoa(next) {
						t.Fatalf("event %s came after %d", id, next-1)
					}
					next++
				}
			}
			time.Sleep(3 * time.Second) // what browsers wait
		}
		if took := time.Since(began); connections != 5 || took > time.Hour+time.Minute {
			t.Errorf("%d connections in %v", connections, took)
		}
	})
}

// A response with a length is no stream: it runs on beyond the proof with which it began.
func TestDownloadsOfABoundSessionRunOn(t *testing.T) {
	bindingWorld(t, func(t *testing.T, w *world) {
		w.app.answer(func(rw http.ResponseWriter, r *http.Request) {
			rw.Header().Set("Content-Length", "8")
			io.WriteString(rw, "half")
			http.NewResponseController(rw).Flush()
			time.Sleep(3 * proofLife)
			io.WriteString(rw, "half")
		})
		ada := w.serve().boundBrowser()
		if got := ada.read(ada.open("GET", "/api/file", "")); got.body != "halfhalf" {
			t.Errorf("got %d %q", got.status, got.body)
		}
	})
}

// The app learns from Latchkey-User whether the session is bound, and sees nothing of the binding
// itself.
func TestUserHeaderSaysBound(t *testing.T) {
	bindingWorld(t, func(t *testing.T, w *world) {
		n := w.serve(withUserKey)
		ada := n.boundBrowser()
		ada.want(200, "GET", "/api/x", "")
		r := w.app.last(t)
		if !userClaims(t, r).Bound {
			t.Errorf("not bound: %v", r.Header)
		}
		if said := fmt.Sprint(r.Header); strings.Contains(said, "__Host-") || strings.Contains(said, "Secure-Session") {
			t.Errorf("the app saw %s", said)
		}
		n.deviceBrowser().want(200, "GET", "/api/x", "")
		if userClaims(t, w.app.last(t)).Bound {
			t.Error("a browser without a key is bound")
		}
		for _, mode := range []latchkey.DeviceBinding{latchkey.DeviceBindingWatch, latchkey.DeviceBindingOff} {
			other := w.serve(withUserKey, func(c *gateway.Config) { c.Apps[0].Login.DeviceBinding = mode })
			ada.jarCopy().at(other).do("GET", "/api/x", "").want(t, 200, "")
			if userClaims(t, w.app.last(t)).Bound {
				t.Errorf("%s: a copy of the cookies is bound", mode)
			}
		}
	})
}

// userClaims reads Latchkey-User without checking it.
func userClaims(t *testing.T, r *http.Request) (claims struct {
	Bound bool `json:"bound"`
}) {
	t.Helper()
	token, err := jwt.ParseSigned(r.Header.Get("Latchkey-User"), []jose.SignatureAlgorithm{jose.HS256})
	if err == nil {
		err = token.UnsafeClaimsWithoutVerification(&claims)
	}
	if err != nil {
		t.Fatal(err)
	}
	return claims
}
