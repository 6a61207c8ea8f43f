package idp_test

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/latchkey-dev/latchkey/idp"
	"github.com/latchkey-dev/latchkey/idp/idptest"
)

// inBubble runs a test on fake time, with a provider in memory whose clock is that time, and a
// webhook at a.test for user.update.
func inBubble(t *testing.T, run func(t *testing.T, w *world, h *hearing), opts ...idptest.Option) {
	synctest.Test(t, func(t *testing.T) {
		h := newHearing(t)
		h.wait = 10 * time.Minute
		w := &world{Provider: idptest.New(t, append(opts, idptest.WithoutSocket(), h.option())...), t: t}
		w.user = w.AddUser("ada@example.com")
		w.hook("a.test", "user.update")
		run(t, w, h)
	})
}

// happens raises one user.update.
func (w *world) happens() {
	w.t.Helper()
	must(w.t, w.SetUserExpiry(w.t.Context(), w.user.ID, time.Time{}))
}

// TestBackOff: after a failure the same event comes again after 1 s, 2 s, 4 s, … 5 min; others wait
// behind it, in their order, and then come at once.
func TestBackOff(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world, h *hearing) {
		h.answer("a.test", status(http.StatusInternalServerError))
		began := time.Now()
		w.happens()
		w.happens()
		var ids []string
		var after []time.Duration
		for range 12 {
			one := h.next()
			ids, after = append(ids, one.event.ID), append(after, one.at.Sub(began))
		}
		want := []time.Duration{0, 1, 3, 7, 15, 31, 63, 127, 255, 511, 811, 1111}
		for i := range want {
			if after[i] < want[i]*time.Second || after[i] > want[i]*time.Second+time.Second || ids[i] != ids[0] {
				t.Fatalf("attempts after %v", after)
			}
		}
		h.answer("a.test", nil)
		if first, second := h.next(), h.next(); first.event.ID != ids[0] || second.event.ID == ids[0] || second.at.Sub(first.at) > time.Second {
			t.Errorf("%s at %v, %s at %v", first.event.ID, first.at, second.event.ID, second.at)
		}
		h.answer("a.test", status(http.StatusInternalServerError)) // the back-off begins again
		w.happens()
		if first, second := h.next(), h.next(); second.at.Sub(first.at) > 2*time.Second {
			t.Errorf("the second attempt came %v after the first", second.at.Sub(first.at))
		}
	})
}

// TestDroppedAfterADay: an event that is not taken for a day is dropped, and no longer holds up
// others.
func TestDroppedAfterADay(t *testing.T) {
	var passed atomic.Int64 // of the day, without a dispatcher that polls every second
	inBubble(t, func(t *testing.T, w *world, h *hearing) {
		h.answer("a.test", func(*http.Request) (*http.Response, error) { return nil, errors.New("nobody listens") })
		w.happens()
		passed.Add(int64(23 * time.Hour))
		w.happens()
		time.Sleep(10 * time.Minute)
		passed.Add(int64(time.Hour))
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		first := h.next()
		for len(h.heard) > 0 {
			<-h.heard
		}
		h.answer("a.test", nil)
		if one := h.next(); one.event.ID == first.event.ID {
			t.Error("the old event still comes")
		}
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		if n := len(h.heard); n != 0 {
			t.Errorf("%d more", n)
		}
	}, idptest.WithConfig(func(c *idp.Config) {
		c.Now = func() time.Time { return time.Now().Add(time.Duration(passed.Load())) }
	}))
}

// TestDeadReceiver: one that never answers is given up after its timeouts, and holds up nobody
// else, however many there are of it.
func TestDeadReceiver(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world, h *hearing) {
		dead := func(r *http.Request) (*http.Response, error) { <-r.Context().Done(); return nil, r.Context().Err() }
		for i := range 7 {
			host := fmt.Sprintf("dead%d.test", i)
			h.answer(host, dead)
			w.hook(host, "user.update")
		}
		began := time.Now()
		w.happens()
		w.happens()
		living, deaf := 0, 0
		for range 9 {
			one := h.next()
			if one.at != began {
				t.Errorf("%s after %v", one.host, one.at.Sub(began))
			}
			if one.host == "a.test" {
				living++
			} else {
				deaf++
			}
		}
		if living != 2 || deaf != 7 {
			t.Errorf("%d, %d", living, deaf)
		}
		if again := h.next(); again.at.Sub(began) < 4*time.Second || again.at.Sub(began) > 5*time.Second {
			t.Errorf("again after %v, want the 3 s of the timeouts and 1 s", again.at.Sub(began))
		}
	})
}

// TestWrongEvent: one that the receiver calls wrong is not sent again, for those behind it would
// wait for nothing; a redirect is a failure and is not followed.
func TestWrongEvent(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world, h *hearing) {
		for _, c := range []struct {
			status int
			again  bool
		}{{400, false}, {413, false}, {422, false}, {401, true}, {404, true}, {429, true}, {302, true}, {307, true}, {503, true}} {
			h.answer("a.test", status(c.status, "Location", "https://elsewhere.test/"))
			w.happens()
			first := h.next()
			h.answer("a.test", nil)
			w.happens()
			second := h.next()
			if second.host != "a.test" || (second.event.ID == first.event.ID) != c.again {
				t.Errorf("after %d: %s at %s, first was %s", c.status, second.event.ID, second.host, first.event.ID)
			}
			if c.again {
				h.next()
			}
		}
	})
}

// TestChangedWebhook: a change makes the next attempt at once, at the new address.
func TestChangedWebhook(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world, h *hearing) {
		h.answer("b.test", status(http.StatusBadGateway))
		id := w.hook("b.test", "user.create")
		w.AddUser("bob@example.com")
		for range 8 {
			h.next()
		}
		now := time.Now()
		w.keyed("PUT", "/api/webhook/"+id, `{"webhook":{"url":"https://c.test/","global":true,"eventsEnabled":{"user.create":true}}}`).want(http.StatusOK)
		if one := h.next(); one.host != "c.test" || one.at != now {
			t.Errorf("%s after %v", one.host, one.at.Sub(now))
		}
	})
}

// TestChangedWhileItIsTried: the same where the change comes while an attempt at the old address is
// under way.
func TestChangedWhileItIsTried(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world, h *hearing) {
		id := w.hook("b.test", "user.create")
		h.answer("b.test", func(*http.Request) (*http.Response, error) {
			w.keyed("PUT", "/api/webhook/"+id, `{"webhook":{"url":"https://c.test/","global":true,"eventsEnabled":{"user.create":true}}}`).want(http.StatusOK)
			return nil, errors.New("nobody listens now")
		})
		w.AddUser("bob@example.com")
		old, changed := h.next(), h.next()
		if old.host != "b.test" || changed.host != "c.test" || changed.at != old.at || changed.event.ID != old.event.ID {
			t.Errorf("%s %s, then %s %s after %v", old.host, old.event.ID, changed.host, changed.event.ID, changed.at.Sub(old.at))
		}
	})
}

// TestManyWebhooks: there are more than are sent to at once.
func TestManyWebhooks(t *testing.T) {
	h := newHearing(t)
	w := newWorld(t, h.option())
	hosts := map[string]bool{}
	for i := range 20 {
		w.hook(fmt.Sprintf("%d.test", i), "user.update")
	}
	w.happens()
	for range 20 {
		hosts[h.next().host] = true
	}
	if len(hosts) != 20 {
		t.Errorf("%v", hosts)
	}
}

// TestEventOrder: events come in the order in which they happened, each once.
func TestEventOrder(t *testing.T) {
	h := newHearing(t)
	w := newWorld(t, h.option())
	w.hook("a.test", "user.update")
	w.inOrder(h, w.happensIn(w, 50))
}

// happensIn raises events at several nodes in turn, and returns what tells them from each other.
func (w *world) happensIn(other *world, n int) (expiries []float64) {
	w.t.Helper()
	for i := range n {
		at := time.UnixMilli(int64(4_000_000_000_000 + i))
		must(w.t, []*world{w, other}[i%2].SetUserExpiry(w.t.Context(), w.user.ID, at))
		expiries = append(expiries, float64(at.UnixMilli()))
	}
	return expiries
}

func (w *world) inOrder(h *hearing, expiries []float64) {
	w.t.Helper()
	for _, want := range expiries {
		if one := h.next(); one.event.User["expiry"] != want {
			w.t.Fatalf("%v, want %v", one.event.User["expiry"], want)
		}
	}
	must(w.t, w.SetUserExpiry(w.t.Context(), w.user.ID, time.UnixMilli(1)))
	if one := h.next(); one.event.User["expiry"] != 1.0 {
		w.t.Errorf("one came twice: %s", one.body)
	}
}

// TestNodesSendOnce: of several nodes that share a database one sends to a webhook at a time.
func TestNodesSendOnce(t *testing.T) {
	url := sharedPostgres(t).Database(t)
	h := newHearing(t)
	node := idptest.WithConfig(func(c *idp.Config) { c.Postgres = idp.PostgresURL(url) })
	w := newWorld(t, h.option(), node)
	other := *w
	other.Provider = idptest.New(t, idptest.WithoutSocket(), h.option(), node, idptest.WithConfig(func(c *idp.Config) { c.Now = w.clock.now }))
	w.hook("a.test", "user.update")
	w.inOrder(h, w.happensIn(&other, 60))
}

// lasting is a world in a database that can be opened again, with the configuration for that.
func lasting(t *testing.T, h *hearing) (w *world, config idp.Config) {
	t.Helper()
	w = newWorld(t, h.option(), idptest.WithConfig(func(c *idp.Config) {
		if c.Postgres == "" {
			c.Path = filepath.Join(t.TempDir(), "idp.db")
		}
		config = *c
	}))
	return w, config
}

// TestAfterRestart: what was not taken before the server closed is sent when it is open again.
func TestAfterRestart(t *testing.T) {
	h := newHearing(t)
	w, config := lasting(t, h)
	w.hook("a.test", "user.update")
	stuck := make(chan struct{})
	h.answer("a.test", func(r *http.Request) (*http.Response, error) {
		close(stuck)
		<-r.Context().Done()
		return nil, r.Context().Err()
	})
	w.happens()
	first := h.next()
	<-stuck
	must(t, w.Close()) // does not wait for the receiver
	h.answer("a.test", nil)
	again, err := idp.Open(t.Context(), config)
	must(t, err)
	defer again.Close()
	if one := h.next(); one.event.ID != first.event.ID || one.body != first.body {
		t.Errorf("%s, want %s", one.body, first.body)
	}
}

// TestEventSignature: a JWT over the digest of the body, by a key that is published, and only where
// it is wanted.
func TestEventSignature(t *testing.T) {
	h := newHearing(t)
	w := newWorld(t, h.option())
	w.hook("a.test", "user.update")
	w.happens()
	one := h.next()
	jws, err := jose.ParseSignedCompact(one.header.Get("X-FusionAuth-Signature-JWT"), []jose.SignatureAlgorithm{jose.ES256})
	must(t, err)
	var set jose.JSONWebKeySet
	answered := w.send("GET", "/.well-known/jwks.json", "", "")
	answered.decode(&set)
	key := set.Key(jws.Signatures[0].Header.KeyID)
	if len(key) != 1 {
		t.Fatalf("%s has no key %s", answered.body, jws.Signatures[0].Header.KeyID)
	}
	payload, err := jws.Verify(key[0])
	must(t, err)
	sum := sha256.Sum256([]byte(one.body))
	if want := `{"request_body_sha256":"` + base64.StdEncoding.EncodeToString(sum[:]) + `"}`; string(payload) != want {
		t.Errorf("%s, want %s", payload, want)
	}
	w.send("GET", "/api/jwt/validate", "", "", "Authorization", "Bearer "+one.header.Get("X-FusionAuth-Signature-JWT")).wantEmpty(http.StatusUnauthorized)
	w.keyed("POST", "/api/webhook", `{"webhook":{"url":"https://plain.test","global":true,"eventsEnabled":{"user.create":true},"signatureConfiguration":{"enabled":false}}}`).want(http.StatusOK)
	w.AddUser("bob@example.com")
	if one := h.next(); one.host != "plain.test" || one.header.Get("X-FusionAuth-Signature-JWT") != "" {
		t.Errorf("%s %v", one.host, one.header)
	}
}

// lines collects what is logged.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

// TestWebhookLog: a failure is logged, without the address, which may have a secret in it, and
// without what was sent.
func TestWebhookLog(t *testing.T) {
	var log lines
	synctest.Test(t, func(t *testing.T) {
		h := newHearing(t)
		w := &world{Provider: idptest.New(t, idptest.WithoutSocket(), h.option(), idptest.WithConfig(func(c *idp.Config) { c.Logger = slog.New(slog.NewTextHandler(&log, nil)) })), t: t}
		w.user = w.AddUser("ada@example.com")
		h.answer("s3cret.test", func(*http.Request) (*http.Response, error) { return nil, errors.New("nobody listens") })
		w.hook("s3cret.test", "user.update")
		w.happens()
		h.next()
		synctest.Wait()
		if text := log.text.String(); !strings.Contains(text, "nobody listens") || strings.Contains(text, "s3cret") || strings.Contains(text, "ada@") {
			t.Error(text)
		}
	})
}

// TestImportInParts: one event describes at most a hundred users.
func TestImportInParts(t *testing.T) {
	h := newHearing(t)
	w := newWorld(t, h.option())
	w.hook("a.test", "user.bulk.create")
	var users []object
	for i := range 250 {
		users = append(users, object{"email": fmt.Sprintf("u%d@example.com", i), "password": "$2a$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy"[29:], "salt": "N9qo8uLOickgx2ZMRZoMye", "factor": 10, "encryptionScheme": "bcrypt", "registrations": []object{{"applicationId": w.app.ID}}})
	}
	w.keyed("POST", "/api/user/import", object{"users": users}.String()).want(http.StatusOK)
	var sizes []int
	for range 3 {
		got := h.next().event.Users
		sizes = append(sizes, len(got))
		var kept struct{ User map[string]any }
		w.keyed("GET", "/api/user/"+got[7]["id"].(string), "").want(http.StatusOK).decode(&kept)
		if !reflect.DeepEqual(got[7], kept.User) || len(got[7]["registrations"].([]any)) != 1 {
			t.Errorf("%v, want %v", got[7], kept.User)
		}
	}
	if !slices.Equal(sizes, []int{100, 100, 50}) {
		t.Errorf("%v", sizes)
	}
}
