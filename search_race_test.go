//go:build race

package latchkey

// underRace cuts the search short: it is one goroutine, and ten times slower with the race detector. make test runs it whole, without.
const underRace = true
