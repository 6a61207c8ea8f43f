package account_test

import (
	"testing"

	"github.com/latchkey-dev/latchkey/account"
)

func TestPageURL(t *testing.T) {
	for _, origin := range []string{"https://shop.example.com:8443", "https://shop.example.com:8443/"} {
		if got, want := account.PageURL(origin), "https://shop.example.com:8443/.latchkey/account/"; got != want {
			t.Errorf("PageURL(%q) = %q, want %q", origin, got, want)
		}
	}
}
