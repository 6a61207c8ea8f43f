// Package race tells long walks through simulated time to be short under the race detector, which makes them ten times slower.
// One goroutine goes on at a time in them, and make test runs them whole without it.
package race
