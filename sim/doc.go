// Package sim is the simulation: real guards on one store, the real provider, and browsers, a
// network, outages and thieves that a seed draws, all in the time of a testing/synctest bubble. It
// has tests only:
//
//	go test ./sim                     a short mix, and the kept traces
//	make simulate RUNS=10000          a table for each profile
//	go test ./sim -run TestSimulate -sim.runs=1 -sim.seed=7 -sim.profile=chaos -sim.bound=1
//
// A seed draws a scenario: a list of events with all their delays and losses. The list can be
// written down, shortened and replayed, and nothing else is random, so the same scenario gives the
// same history to the nanosecond. The invariants are checked after every response (ledger_test.go);
// a scenario that violates one is shortened and kept in testdata.
//
// In some profiles, and with -sim.bound in a share of the runs of every profile, the browser binds
// its sessions: it has the keys of dbsc/dbsctest. The seed and the moment of a post decide what the
// network does to it.
package sim
