package latchkey

import "testing"

// Who owns one account must not get a lane of his own at another: no two accounts of a provider share the name in the device cookie.
func TestDeviceCookieIsOfOneAccount(t *testing.T) {
	d := &deviceMAC{KeyRing{NewKey()}, "store", "store.test"}
	for _, other := range []string{"ıda@example.com", "İda@example.com", "ａda@example.com", "i\u0307da@example.com"} {
		if d.account(other) == d.account("ida@example.com") || d.account(other) == d.account("ada@example.com") {
			t.Errorf("%s", other)
		}
	}
	if d.account("Ida@Example.com") != d.account("ida@example.com") || d.account("ÉMILE@example.com") != d.account("émile@example.com") {
		t.Error("case counts")
	}
}
