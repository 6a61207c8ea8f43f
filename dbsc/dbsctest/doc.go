// Package dbsctest is the browser's half of Device Bound Session Credentials, in software, for
// tests of servers.
//
// A [Browser] does what Chromium 156 does: it registers keys if a response offers that, refreshes
// sessions before requests that lack their bound cookie, and ends or keeps them by the same
// statuses. It also lets a test do what a browser will not: sign any challenge, send a proof again,
// register twice, use another key, or lose it.
//
// It starts no goroutines and reads no clock but its own, so that it is the same each time, in a
// bubble of testing/synctest and in a simulation. It leaves out the request to
// /.well-known/device-bound-sessions, keys that several sites share, allowed_refresh_initiators,
// and the 20 seconds after which a browser gives up a refresh.
package dbsctest
