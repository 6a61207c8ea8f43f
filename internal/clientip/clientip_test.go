package clientip_test

import (
	"testing"

	"github.com/latchkey-dev/latchkey/internal/clientip"
)

func TestNetwork(t *testing.T) {
	for ip, want := range map[string]string{
		"203.0.113.7": "203.0.113.7", "2001:db8::1": "2001:db8::/64", "2001:db8:0:0:ffff::1": "2001:db8::/64", "2001:db8:0:1::1": "2001:db8:0:1::/64",
		"fe80::1%eth0": "fe80::/64", "::ffff:203.0.113.7": "203.0.113.7", "": "", "unix": "unix",
	} {
		if got := clientip.Network(ip); got != want {
			t.Errorf("%q: %q, want %q", ip, got, want)
		}
	}
}
