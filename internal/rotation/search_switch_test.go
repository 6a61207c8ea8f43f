package rotation

import "testing"

// switchScopes have a session that may be bound to a key at any time, and an operator who may ask
// for proofs or not, as often as they like. While proofs are asked for, every request has one.
var switchScopes = []scope{
	{name: "tokens refreshed ahead", settling: 1, window: 1, idle: 4, cap: 4, wire: 1, leg: 1, travel: 1, binds: true, early: true},
	{name: "two tabs", settling: 1, window: 1, idle: 4, cap: 4, wire: 2, leg: 1, travel: 1, binds: true},
}

var longSwitchScopes = []scope{
	{name: "two tabs, tokens refreshed ahead", settling: 1, window: 1, idle: 4, cap: 4, wire: 2, leg: 1, travel: 1, binds: true, early: true},
	{name: "two tabs, shared flights", settling: 1, window: 2, idle: 5, cap: 8, wire: 2, leg: 2, travel: 2, binds: true, joined: true},
	{name: "settling longer than the window", settling: 4, window: 2, idle: 8, cap: 8, wire: 2, leg: 2, travel: 2, binds: true},
	{name: "short idle timeout, three requests", settling: 1, window: 1, idle: 3, cap: 4, wire: 3, leg: 1, travel: 1, binds: true},
}

// TestSearchSwitch (S1): nobody is signed out because proofs are asked for no longer, or again.
// Rules 1 to 6 go on from what rule 8 leaves, and the other way round. A browser may be asked for
// newer cookies then. Kills are left out: of two, each before the new cookies reach the disk, a
// browser comes back with cookies that are too old for rules 1 to 6.
func TestSearchSwitch(t *testing.T) {
	for _, s := range withLong(switchScopes, longSwitchScopes) {
		s.allAges = true // rule 8 compares them however old they are
		t.Run(s.name, func(t *testing.T) { searched(t, s) })
	}
}

// TestSearchWatch (S2): while no proofs are asked for, a thief of a bound session stays no longer
// than one of another.
func TestSearchWatch(t *testing.T) {
	for _, s := range withLong(thiefScopes[:1], thiefScopes[1:]) {
		s.watch = true
		t.Run(s.name, func(t *testing.T) { searched(t, s) })
	}
}
