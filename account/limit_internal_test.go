package account

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey/internal/throttle"
)

func TestVisit_oneNetwork(t *testing.T) {
	now := time.Now()
	h := &Handler{limits: &limits{visitors: throttle.NewRate(time.Minute, 2)}}
	h.config.Now = func() time.Time { return now }
	h.config.ClientIP = func(r *http.Request) string { return r.RemoteAddr }
	for _, c := range []struct {
		ip string
		ok bool
	}{
		{"2001:db8::1", true}, {"2001:db8::2", true}, {"2001:db8::3", false}, {"2001:db8:0:0:ffff::%eth0", false}, {"2001:db8:0:1::1", true},
		{"192.0.2.1", true}, {"::ffff:192.0.2.1", true}, {"192.0.2.1", false}, {"192.0.2.2", true},
		{"somewhere", true}, {"somewhere", true}, {"somewhere", false}, {"elsewhere", true},
	} {
		r := httptest.NewRequest("POST", "/", nil)
		r.RemoteAddr = c.ip
		if err := h.visit(r); (err == nil) != c.ok {
			t.Errorf("%s: %v", c.ip, err)
		}
	}
}
