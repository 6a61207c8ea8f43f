package latchkey_test

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/latchkey-dev/latchkey"
)

// The last response to an earlier login's proof comes late, and its bound cookie replaces that of
// the new login. The browser sees no reason to prove the new key, until the guard takes that cookie
// away.
func TestBinding_lateResponseOfAnEarlierLogin(t *testing.T) {
	for _, mode := range []latchkey.DeviceBinding{latchkey.DeviceBindingWatch, latchkey.DeviceBindingOn, latchkey.DeviceBindingRequire} {
		for _, route := range []string{"/api/private", "/api/user", "/api/sessions"} {
			t.Run(string(mode)+route, func(t *testing.T) {
				simulate(t, func(t *testing.T, w *world) {
					node := w.anotherNode(w.shop, func(c *latchkey.Config) { c.DeviceBinding = mode })
					b := w.bound(w.shop)
					older := b.Keys.Sessions()[0].ID
					time.Sleep(10 * time.Minute) // it will prove its key beside the next request
					release := make(chan struct{})
					answer := b.Keys.Transport
					b.Keys.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
						resp, err := answer.RoundTrip(r)
						if r.Header.Get("Sec-Secure-Session-Id") == older {
							<-release
						}
						return resp, err
					})
					done := make(chan struct{})
					go func() {
						b.get(node, "/api/private")
						close(done)
					}()
					synctest.Wait()
					b.login(node)
					close(release)
					<-done
					for range 2 {
						if got := b.get(node, route); got.status != 200 {
							t.Fatalf("%d %s", got.status, got.body)
						}
					}
					if !b.isBound(node) {
						t.Error("the new session is not bound")
					}
				})
			})
		}
	}
}
