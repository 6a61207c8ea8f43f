package gateway_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"syscall"
	"testing"

	"github.com/latchkey-dev/latchkey/gateway"
)

// BenchmarkProxy compares one authenticated request through the gateway with one through a bare
// reverse proxy. Both use sockets, one connection for each processor.
func BenchmarkProxy(b *testing.B) {
	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, `{"items":[1,2,3]}`)
	}))
	b.Cleanup(app.Close)
	target, err := url.Parse(app.URL)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("bare", func(b *testing.B) {
		bare := httptest.NewServer(&httputil.ReverseProxy{
			Rewrite: func(pr *httputil.ProxyRequest) { pr.SetURL(target) }, Transport: &http.Transport{MaxIdleConnsPerHost: 256},
		})
		b.Cleanup(bare.Close)
		r, err := http.NewRequest("GET", bare.URL+"/api/x", nil)
		if err != nil {
			b.Fatal(err)
		}
		hammer(b, r)
	})
	for name, userKey := range map[string]bool{"gateway": false, "gateway with user key": true} {
		b.Run(name, func(b *testing.B) {
			w := newWorld(b)
			w.login.Logger = slog.New(slog.DiscardHandler)
			n := w.serve(func(c *gateway.Config) {
				if c.Logger, c.Apps[0].Upstream = w.login.Logger, app.URL; userKey {
					c.Apps[0].UserKey = "0123456789abcdef0123456789abcdef"
				}
			})
			r := n.loggedIn().request("GET", "/api/x", "")
			r.Host, r.URL.Host = "app.localhost", n.server.Listener.Addr().String()
			hammer(b, r)
		})
	}
}

func hammer(b *testing.B, r *http.Request) {
	transport := &http.Transport{MaxIdleConnsPerHost: 64, DisableCompression: true}
	defer transport.CloseIdleConnections()
	b.ReportAllocs()
	before := cpuTime(b)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			resp, err := transport.RoundTrip(r.Clone(r.Context()))
			if err != nil {
				b.Error(err)
				return
			}
			io.Copy(io.Discard, resp.Body)
			resp.Body.Close()
			if resp.StatusCode != 200 {
				b.Errorf("%s", resp.Status)
				return
			}
		}
	})
	b.ReportMetric(float64(cpuTime(b)-before)/float64(b.N), "cpu-ns/op") // of client, proxy and app together, without other work on the machine
}

func cpuTime(b *testing.B) int64 {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return used.Utime.Nano() + used.Stime.Nano()
}
