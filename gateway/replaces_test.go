package gateway_test

import (
	"testing"

	"github.com/latchkey-dev/latchkey/gateway"
)

// A reload keeps the counts of attempts, at the login and at the account routes.
func TestReloadKeepsCounts(t *testing.T) {
	w := newWorld(t)
	old := w.serve(withAccounts)
	b := old.stranger()
	for range 20 {
		b.do("POST", "/api/forgot-password", `{"email":"nobody@example.com"}`).want(t, 202, "")
	}
	for range 5 {
		b.do("POST", "/api/login", `{"email":"ada@example.com","password":"wrong"}`).want(t, 401, "invalid_credentials")
	}
	reloaded := b.at(w.serve(withAccounts, func(c *gateway.Config) { c.Replaces = old.gateway }))
	reloaded.do("POST", "/api/forgot-password", `{"email":"nobody@example.com"}`).want(t, 429, "too_many_attempts")
	reloaded.do("POST", "/api/login", `{"email":"ada@example.com","password":"wrong"}`).want(t, 429, "too_many_attempts")
}
