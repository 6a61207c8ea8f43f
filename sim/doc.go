// Package sim is the simulation: real guards on one store, the real provider, and browsers, a network, outages and thieves that a seed draws, all in
// the time of a bubble of testing/synctest. It has tests only:
//
//	go test ./sim                     a short mix, and the kept traces
//	make simulate RUNS=10000          a table for each profile
//	go test ./sim -run TestSimulate -sim.runs=1 -sim.seed=7 -sim.profile=chaos
//
// A seed draws a scenario: a list of events with all their delays and losses. The list can be written down, shortened and played again, and
// nothing else is left to chance, so the same scenario gives the same history to the nanosecond. What must hold is checked after every
// answer (ledger_test.go); a scenario in which it does not is shortened and kept in testdata.
package sim
