package latchkey_test

import (
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/dbsc/dbsctest"
	"github.com/latchkey-dev/latchkey/idp/idptest"
)

// The clock of one node is wrong by minutes, and a balancer sends each request to the other node
// than the one before. Up to half of a proof's life, nobody is refused, and no key is lost.
func TestBoundNodes_wrongClock(t *testing.T) {
	for _, ahead := range []time.Duration{-5 * time.Minute, -90 * time.Second, 90 * time.Second, 5 * time.Minute} {
		t.Run(ahead.String(), func(t *testing.T) {
			simulate(t, func(t *testing.T, w *world) {
				wrong := w.anotherNode(w.shop, func(c *latchkey.Config) { c.Now = func() time.Time { return time.Now().Add(ahead) } })
				nodes, turn := []*app{w.shop, wrong}, 0
				var keys func() []dbsctest.Session
				jar, err := cookiejar.New(nil)
				must(t, err)
				b := &dbsctest.Browser{Jar: jar, Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
					if keys != nil && len(keys()) > 0 { // the offer of one may be too old for the other
						turn++
					}
					answer, in := httptest.NewRecorder(), r.Clone(t.Context())
					if in.RequestURI, in.RemoteAddr = r.URL.RequestURI(), "192.0.2.1:1"; in.Body == nil {
						in.Body = http.NoBody
					}
					nodes[turn%2].guard.Handler().ServeHTTP(answer, in)
					resp := answer.Result()
					resp.Request = r
					return resp, nil
				})}
				send := func(method, path, body string) {
					t.Helper()
					status := http.StatusTemporaryRedirect
					for tries := 0; status == http.StatusTemporaryRedirect && tries < 3; tries++ {
						resp, err := b.RoundTrip(w.shop.NewRequest(t.Context(), method, path, body))
						must(t, err)
						b.RunDue(t.Context())
						status = resp.StatusCode
					}
					if status != http.StatusOK {
						t.Fatalf("%s: %d", path, status)
					}
				}
				keys = b.Sessions
				send("POST", "/api/login", `{"email":"ada@example.com","password":"`+idptest.Password+`"}`)
				for range 60 {
					send("GET", "/api/user", "")
					time.Sleep(3 * time.Minute)
				}
				if len(keys()) != 1 {
					t.Error("the key is lost")
				}
			})
		})
	}
}
