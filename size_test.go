// The race detector has its own memory and time: sizes are not for it.

//go:build !race

package latchkey_test

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"runtime/metrics"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey"
)

var sizeOfCache = flag.Int("sizes.sessions", 20_000, "how many sessions are in the memory of the node at last")

// TestSizeOfTheCache logs many sessions in at one node, serves each from memory, and measures what
// they take there and how long a request takes. A session takes no more than 1 KiB beyond the
// user's JSON and the tokens.
//
//	go test -run TestSizeOfTheCache -v . -sizes.sessions 1000000
func TestSizeOfTheCache(t *testing.T) {
	store, clock := newRecentStore(), &advancing{}
	guard, err := latchkey.New(latchkey.Config{
		Origin: "https://store.example.com", Provider: instant{}, Store: store, Keys: latchkey.KeyRing{latchkey.NewKey()}, Logger: discard,
		CacheSize: *sizeOfCache * 3 / 2, // ids are spread by chance
		Now:       clock.now, IdleTimeout: 1000 * time.Hour, SessionCap: 1000 * time.Hour,
	})
	must(t, err)
	defer guard.Close(context.Background())
	handler := guard.Protect(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	grant, _ := instant{}.Login(t.Context(), latchkey.Credentials{LoginID: "ada.100000@example.com"})
	user, err := json.Marshal(grant.User)
	must(t, err)
	beside := len(user) + len(grant.Token)
	crowd := &sampledCrowd{guard: guard, handler: handler, store: store, clock: clock}
	<-time.After(100 * time.Millisecond) // until the node listens to the store
	empty := heap()
	for _, size := range []int{*sizeOfCache / 100, *sizeOfCache / 10, *sizeOfCache} {
		crowd.grow(t, size)
		began := time.Now()
		bytes := heap() - empty - crowd.sampleBytes()
		collection := time.Since(began)
		reads := store.reads
		calm := crowd.ask(t)
		busy := crowd.askDuringCollections(t)
		each := bytes / size
		t.Logf("%d sessions: %d bytes each, %d of them beyond the user's JSON and the token; a request p50 %v, p99 %v; with the collector at work p50 %v, p99 %v; a collection %v",
			size, each, each-beside, calm[0], calm[1], busy[0], busy[1], collection.Round(time.Millisecond))
		if n := store.reads - reads; n > 0 {
			t.Errorf("%d requests were not served from memory", n)
		}
		// docs/scaling.md has the limit and the measurements. With fewer sessions, the maps take
		// more of each. The result varies by one byte.
		if size >= 20_000 && each-beside > 1024 {
			t.Errorf("a session takes %d bytes beyond the user's JSON and the token", each-beside)
		}
	}
}

// heap is what is in use after a collection.
func heap() int {
	runtime.GC()
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	return int(sample[0].Value.Uint64())
}

// A sampledCrowd is many sessions, of some of which the cookies are kept.
type sampledCrowd struct {
	guard   *latchkey.Guard
	handler http.Handler
	store   *recentStore
	clock   *advancing
	size    int
	sample  []string
}

const sampleSize = 10_000

func (c *sampledCrowd) sampleBytes() (n int) {
	for _, cookies := range c.sample {
		n += len(cookies)
	}
	return n
}

const loginsAtOnce = 1000

// grow logs in until there are so many, and has each served until it is served from memory.
func (c *sampledCrowd) grow(t *testing.T, size int) {
	w := nowhere{make(http.Header)}
	for c.size < size {
		var logins []string
		for ; c.size < size && len(logins) < loginsAtOnce; c.size++ {
			logins = append(logins, c.logIn(t, c.size))
		}
		c.clock.advance(2 * time.Minute) // the next use confirms and settles
		for i, cookies := range logins {
			for range 3 {
				c.handler.ServeHTTP(w, withCookies(cookies))
			}
			if len(c.sample) < sampleSize {
				c.sample = append(c.sample, strings.Clone(cookies))
			} else if i := rand.N(c.size - len(logins) + i + 1); i < sampleSize { // each session has the same chance to be in the sample
				c.sample[i] = strings.Clone(cookies)
			}
		}
		c.store.forget()
	}
}

func (c *sampledCrowd) logIn(t *testing.T, n int) string {
	login := httptest.NewRequest("POST", "/api/login", strings.NewReader(fmt.Sprintf(`{"email":"ada.%d@example.com","password":"any"}`, n)))
	login.Header.Set("Content-Type", "application/json")
	login.RemoteAddr = fmt.Sprintf("10.%d.%d.%d:1", n>>16, n>>8&255, n&255)
	answer := httptest.NewRecorder()
	c.guard.ServeLogin(answer, login)
	if answer.Code != http.StatusOK {
		t.Fatal(answer.Code, answer.Body)
	}
	var cookies []string
	for _, c := range answer.Result().Cookies() {
		if !strings.HasSuffix(c.Name, "device") {
			cookies = append(cookies, c.Name+"="+c.Value)
		}
	}
	return strings.Join(cookies, "; ")
}

func withCookies(cookies string) *http.Request {
	return &http.Request{Method: "GET", Host: "store.example.com", Header: http.Header{"Cookie": {cookies}}, URL: &url.URL{Path: "/api/cart"}, RemoteAddr: "203.0.113.7:1"}
}

// ask asks for sessions of the sample, and returns the median and the 99th percentile of the time
// that it took.
func (c *sampledCrowd) ask(t *testing.T) [2]time.Duration {
	w := nowhere{make(http.Header)}
	took := make([]time.Duration, 20_000)
	for i := range took {
		r := withCookies(c.sample[rand.N(len(c.sample))])
		began := time.Now()
		c.handler.ServeHTTP(w, r)
		took[i] = time.Since(began)
	}
	slices.Sort(took)
	return [2]time.Duration{took[len(took)/2], took[len(took)*99/100]}
}

func (c *sampledCrowd) askDuringCollections(t *testing.T) [2]time.Duration {
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case <-stop:
				return
			default:
				runtime.GC()
			}
		}
	}()
	defer func() { close(stop); <-stopped }()
	return c.ask(t)
}

// advancing is a clock that the test moves.
type advancing struct{ by atomic.Int64 }

func (c *advancing) now() time.Time           { return time.Now().Add(time.Duration(c.by.Load())) }
func (c *advancing) advance(by time.Duration) { c.by.Add(int64(by)) }

// recentStore keeps records in their binary form until forget, so its memory does not grow with the
// number of sessions. It announces every change.
type recentStore struct {
	latchkey.Store // panics for what is not asked of it here

	mu      sync.Mutex
	bodies  map[latchkey.ID][]byte
	reads   int
	changed func(latchkey.ID)
}

func newRecentStore() *recentStore { return &recentStore{bodies: make(map[latchkey.ID][]byte)} }

func (s *recentStore) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.bodies)
}

func (s *recentStore) Create(_ context.Context, rec *latchkey.Record) (err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bodies[rec.ID], err = rec.MarshalBinary()
	if s.changed != nil {
		s.changed(rec.ID)
	}
	return err
}

func (s *recentStore) Swap(ctx context.Context, next *latchkey.Record) error {
	return s.Create(ctx, next)
}

func (s *recentStore) Get(_ context.Context, id latchkey.ID) (*latchkey.Record, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reads++
	body, ok := s.bodies[id]
	if !ok {
		return nil, latchkey.ErrNotFound
	}
	rec := &latchkey.Record{}
	return rec, rec.UnmarshalBinary(body)
}

func (s *recentStore) Touch(context.Context, []latchkey.Seen) error { return nil }

func (s *recentStore) Unrevoked(context.Context, string, latchkey.ID, int) ([]*latchkey.Record, error) {
	return nil, nil
}

func (s *recentStore) Watch(ctx context.Context, changed func(latchkey.ID), beat func(time.Time)) error {
	s.mu.Lock()
	s.changed = changed
	s.mu.Unlock()
	for ctx.Err() == nil {
		beat(time.Now())
		select {
		case <-time.After(200 * time.Millisecond):
		case <-ctx.Done():
		}
	}
	return ctx.Err()
}
