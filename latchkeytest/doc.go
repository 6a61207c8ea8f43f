// Package latchkeytest runs your app behind a [latchkey.Guard] in a test, with the embedded
// identity provider, a session store, a clock, and browsers that keep cookies. Nothing is mocked
// and nothing listens on a port: the real code runs in memory, and a world starts in milliseconds.
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
// [Clock.Advance] makes sessions expire without waiting. It does not move timers: background work
// that is due in a minute still takes a minute. Test background work in a testing/synctest bubble,
// where time.Sleep moves both.
//
// # Outages
//
// [World.FailProvider] replaces the provider's responses, and [Store.Fail] makes the store
// unreachable. [Store.Lose] and [Store.Snapshot] simulate a store that loses data.
package latchkeytest
