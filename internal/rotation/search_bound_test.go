package rotation

import "testing"

// boundScopes search rule 8. Their bounds are one message of the page and one for each key at a
// time, a store that goes back once, one thief who copies once, and one earlier login.
var boundScopes = []boundScope{
	{name: "slow messages", life: 3, leg: 1},
	{name: "lost keys, restored cookies", life: 4, loses: true},
	{name: "earlier login, not bound", life: 3, older: registered, instant: true},
	{name: "earlier login, bound", life: 3, older: bound, instant: true},
	{name: "store that goes back", life: 3, goesBack: true},
	{name: "thief", life: 3, thief: true, instant: true},
	{name: "thief, store that goes back", life: 3, thief: true, instant: true, goesBack: true},
}

var longBoundScopes = []boundScope{
	{name: "slow messages, long life", life: 5, leg: 1, loses: true},
	{name: "slow messages, store that goes back", life: 4, leg: 1, goesBack: true},
	{name: "lost keys, restored cookies, store that goes back", life: 4, loses: true, instant: true, goesBack: true},
	{name: "earlier login, slow messages", life: 3, leg: 1, older: bound},
	{name: "earlier login, store that goes back", life: 3, older: bound, instant: true, goesBack: true},
	{name: "thief, earlier login", life: 3, older: bound, thief: true, instant: true},
	{name: "thief, slow messages", life: 5, leg: 1, thief: true},
	{name: "thief, slow proofs, store that goes back", life: 3, leg: 1, thief: true, instant: true, goesBack: true},
	{name: "thief, long life, lost keys, store that goes back", life: 5, thief: true, instant: true, loses: true, goesBack: true},
}

// TestSearchBound holds the promises of rule 8 for every history within its scopes.
//
// S5, the thief: a request whose bound cookie has ended a minute ago, or that has none, is not
// served and changes nothing: no mint, no generation, no rebuild, no end. Cookies of before the
// binding are served in the grace, and no more than served. See judgedWrong.
//
// S6, the victim: whatever a thief does while their bound cookie lives, the browser with the key is
// served, and nothing but a logout, the provider and time ends its session. See lockedOut.
//
// S7, nobody is locked out: a session is bound only if its browser has the key. In every world the
// browser is served after one proof, or has lost its key and must log in. A request that had no
// reason to wait for a proof is not refused. See lockedOut, store and arrivePage.
//
// S8, once bound, always bound: no write takes the key from a record. If the store loses it, the
// next request of the browser puts it back. Keyed cookies are never served without a proof. See
// store, arrivePage and judgedWrong.
//
// S9, the bound cookie grants nothing: with the cookies of another session, it is as if it were not
// there. See use.
//
// S10, time: no bound cookie ends later than L and a minute from now, however the browser came by
// it. See prove, and TestSearchProofs.
func TestSearchBound(t *testing.T) {
	for _, s := range withLong(boundScopes, longBoundScopes) {
		t.Run(s.name, func(t *testing.T) {
			g := exploreBound(newBoundModel(s, guardsBoundRules))
			t.Logf("%d worlds, %d steps", len(g.worlds), g.steps)
			if g.fault != (fault{}) {
				t.Fatalf("%s: %s:\n%s", g.fault.property, g.fault.what, g.tell())
			}
		})
	}
}

// TestSearchBoundLimits shows where the promises end: what is in flight when the store goes back
// may take the key from the session, or from the browser, which then has to log in.
func TestSearchBoundLimits(t *testing.T) {
	g := exploreBound(newBoundModel(boundScope{life: 3, goesBack: true, inFlight: true}, guardsBoundRules))
	if g.fault == (fault{}) {
		t.Fatal("the promises hold here too: say so")
	}
	t.Logf("%s: %s:\n%s", g.fault.property, g.fault.what, g.tell())
}
