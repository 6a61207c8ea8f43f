// Package latchkeytest runs an app behind a [latchkey.Guard] in a test: with the embedded identity
// provider, a session store, a clock, and browsers that keep cookies. All of it is the real thing,
// in memory. Nothing listens on a port, nothing is a mock, and a world starts in milliseconds.
//
//	w := latchkeytest.New(t)
//	app := w.NewApp("shop", func(a *latchkeytest.App) http.Handler { return shop.New(a.Guard) })
//	app.AddUser("ada@example.com", "customer")
//	b := w.NewBrowser()
//	b.Login(app, "ada@example.com")
//	if got := b.Get(app, "/orders"); got.Status != http.StatusOK { … }
//
// # Time
//
// [Clock.Advance] makes sessions expire without waiting. Timers do not follow it, and background
// work that is due in a minute is done in a minute. In a testing/synctest bubble time.Sleep moves
// both, and a test of what happens in the background should run in one.
//
// # Outages
//
// [World.FailProvider] has the provider answer whatever a test wants, and [Store.Fail] makes the
// store unreachable. [Store.Lose] and [Store.Snapshot] are a store that forgets.
package latchkeytest
