package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/crypto/argon2"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/fusionauth"
	"github.com/latchkey-dev/latchkey/idp"
	"github.com/latchkey-dev/latchkey/idp/idptest"
)

// logins measures logins with the embedded provider and its default hash, compared with the hash
// alone on as many cores as its pool has, and the effect of a flood of logins on requests of
// logged-in users.
func (r *results) logins(t *testing.T) {
	workers := max(1, runtime.GOMAXPROCS(0)-1)
	server := goSubject(t, "logins", "KEY="+latchkey.NewKey().Reveal())
	server.logIn(t, "/api/login")
	length := *length
	if *whole {
		length = 2 * length // a login takes long: there are few in a second
	}
	for range *rounds {
		alone := hashes(workers, length)
		together := loginsFor(t, server.url, 2*workers, length)
		r.add("logins beside the hash alone", together/alone, "", atLeast(0.95))
		r.add("logins", together, "/s", nil)

		idle := paced(t, server, length)
		ctx, cancel := context.WithCancel(t.Context())
		var flood sync.WaitGroup
		for i := range 24 {
			flood.Go(func() {
				for ctx.Err() == nil {
					post(ctx, server.url, user(1+i))
				}
			})
		}
		busy := paced(t, server, length)
		cancel()
		flood.Wait()
		r.add("p99 of requests, idle", idle, "ms", nil)
		r.add("p99 of requests under a flood of logins, over idle", busy/idle, "×", atMost(3))
	}
}

// serveLogins is a guard and the embedded provider, with its default hash, in one process.
func serveLogins() error {
	ctx := context.Background()
	provider, err := idp.Open(ctx, idp.Config{Secret: [32]byte{1}, Hash: idp.HashConfig{Queue: 1000}})
	if err != nil {
		return err
	}
	application, key := "5f0cbb7e-9b53-4d4e-8a5c-0d1f6c1e4a01", "an API key of the benchmark, as long as one should be"
	err = errors.Join(provider.EnsureAPIKey(ctx, idp.APIKey{Key: key}), provider.EnsureApplication(ctx, idp.Application{
		ID: application, Name: "bench", GenerateRefreshTokens: true, AllowTokenRefresh: true,
	}))
	for i := range floodUsers {
		u, failed := provider.CreateUser(ctx, idp.NewUser{Email: user(i), Password: idptest.Password, Verified: true})
		err = errors.Join(err, failed, provider.Register(ctx, u.ID, application))
	}
	if err != nil {
		return err
	}
	server := httptest.NewServer(provider)
	client, err := fusionauth.New(fusionauth.Config{URL: server.URL, APIKey: latchkey.Secret(key), ApplicationID: application})
	if err != nil {
		return err
	}
	guard, err := newGuard(ctx, "memory:", latchkey.Secret(os.Getenv("KEY")), func(c *latchkey.Config) { c.Provider = client })
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("/api/", guard.Handler())
	mux.Handle("/", guard.Protect(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { greet(w, email) })))
	return serve(mux)
}

// floodUsers is how many accounts there are: the flood uses one for each of its clients.
const floodUsers = 25

// hashes is how many Argon2id hashes a second this many goroutines make, with OWASP's cost of 19
// MiB.
func hashes(workers int, length time.Duration) float64 {
	var done atomic.Int64
	began := time.Now()
	var all sync.WaitGroup
	for range workers {
		all.Go(func() {
			for time.Since(began) < length {
				argon2.IDKey([]byte(idptest.Password), []byte("0123456789abcdef"), 2, 19456, 1, 32)
				done.Add(1)
			}
		})
	}
	all.Wait()
	return float64(done.Load()) / time.Since(began).Seconds()
}

func loginsFor(t *testing.T, url string, clients int, length time.Duration) float64 {
	var done atomic.Int64
	began := time.Now()
	var all sync.WaitGroup
	for i := range clients {
		all.Go(func() {
			for time.Since(began) < length {
				if status := post(t.Context(), url, user(i)); status != http.StatusOK {
					t.Errorf("login: %d", status)
					return
				}
				done.Add(1)
			}
		})
	}
	all.Wait()
	return float64(done.Load()) / time.Since(began).Seconds()
}

var client = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}

func post(ctx context.Context, url, email string) int {
	r, err := http.NewRequestWithContext(ctx, "POST", url+"/api/login", strings.NewReader(fmt.Sprintf(`{"email":%q,"password":%q}`, email, idptest.Password)))
	if err != nil {
		return 0
	}
	r.Header.Set("Content-Type", "application/json")
	return status(r)
}

func status(r *http.Request) int {
	resp, err := client.Do(r)
	if err != nil {
		return 0
	}
	io.Copy(io.Discard, resp.Body)
	resp.Body.Close()
	return resp.StatusCode
}

// paced sends 200 requests a second, however long they take, and returns their p99 in milliseconds.
func paced(t *testing.T, server *process, length time.Duration) float64 {
	var mu sync.Mutex
	var took []float64
	var all sync.WaitGroup
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for began := time.Now(); time.Since(began) < length; <-tick.C {
		all.Go(func() {
			r, err := http.NewRequest("GET", server.url+"/", nil)
			if err != nil {
				return
			}
			r.Header.Set("Cookie", server.cookie)
			at := time.Now()
			if got := status(r); got != http.StatusOK {
				t.Errorf("a request of who is logged in: %d", got)
			}
			mu.Lock()
			took = append(took, float64(time.Since(at).Microseconds())/1000)
			mu.Unlock()
		})
	}
	all.Wait()
	slices.Sort(took)
	return took[len(took)*99/100]
}
