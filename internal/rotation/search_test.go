package rotation

import (
	"flag"
	"fmt"
	"slices"
	"testing"

	"github.com/latchkey-dev/latchkey/internal/race"
)

var searchLong = flag.Bool("search.long", false, "search the large scopes as well (minutes)")

// The search plays one session, with time in ticks. It tries every order in which a browser's
// requests and their responses can be sent, arrive, be lost or share a refresh, the browser can be
// killed, and a thief can copy its jar and use the copies.
//
// Worlds that the rules cannot tell apart count as one (see world), so a search that ends has seen
// histories of any length, with any number of generations and ticks. The bounds are the number of
// messages in flight (scope.wire), the ratios of the limits, one thief who copies once, one node
// with an exact clock and no cache, and a provider that responds.

// honestScopes have no thief. The promise holds if the idle timeout is longer than 2W and, for
// kills, F is longer than two message delays plus the lag of the disk. TestSearchLimits shows that
// it holds no further.
var honestScopes = []scope{
	{name: "two tabs", settling: 1, window: 2, idle: 5, cap: 8, wire: 2, leg: 2, travel: 2},
	{name: "three requests, shared flights", settling: 1, window: 1, idle: 3, cap: 4, wire: 3, leg: 1, travel: 1, joined: true},
	{name: "settling longer than the window", settling: 4, window: 2, idle: 8, cap: 8, wire: 2, leg: 2, travel: 2, joined: true},
	{name: "kills", settling: 4, window: 2, idle: 8, cap: 8, wire: 2, leg: 1, travel: 2, kills: true, diskLag: 1},
	{name: "two tabs, and one request however late", settling: 1, window: 1, idle: 4, cap: 4, wire: 2, leg: 1, travel: 1, late: true},
}

var longHonestScopes = []scope{
	{name: "three requests, wide window", settling: 1, window: 2, idle: 5, cap: 8, wire: 3, leg: 2, travel: 2, joined: true},
	{name: "three requests, wider window", settling: 2, window: 3, idle: 7, cap: 12, wire: 3, leg: 3, travel: 3},
	{name: "three requests and kills", settling: 4, window: 2, idle: 8, cap: 8, wire: 3, leg: 1, travel: 2, kills: true, diskLag: 1, joined: true},
	{name: "slow network, kills", settling: 6, window: 3, idle: 12, cap: 12, wire: 2, leg: 2, travel: 3, kills: true, diskLag: 1, joined: true},
	{name: "slow disk", settling: 5, window: 2, idle: 10, cap: 10, wire: 3, leg: 1, travel: 2, kills: true, diskLag: 2},
}

var thiefScopes = []scope{
	{name: "thief", settling: 1, window: 1, idle: 4, cap: 4, wire: 1, leg: 1, travel: 1, thief: true, joined: true},
	{name: "thief, short idle timeout", settling: 1, window: 1, idle: 3, cap: 4, wire: 1, leg: 1, travel: 1, thief: true},
	{name: "thief, settling longer than the window", settling: 2, window: 1, idle: 4, cap: 4, wire: 1, leg: 1, travel: 1, thief: true},
}

var longThiefScopes = []scope{
	{name: "thief and two tabs", settling: 1, window: 1, idle: 4, cap: 4, wire: 2, leg: 1, travel: 1, thief: true, joined: true},
	{name: "thief, long cap", settling: 1, window: 1, idle: 8, cap: 8, wire: 1, leg: 1, travel: 1, thief: true, joined: true},
	{name: "thief, wide window", settling: 1, window: 2, idle: 8, cap: 8, wire: 1, leg: 2, travel: 2, thief: true},
	{name: "thief, wide window, short idle timeout", settling: 2, window: 2, idle: 5, cap: 8, wire: 1, leg: 2, travel: 2, thief: true, joined: true},
	{name: "thief and three requests", settling: 1, window: 1, idle: 4, cap: 4, wire: 3, leg: 1, travel: 1, thief: true, joined: true},
	{name: "thief, two tabs, wide window", settling: 1, window: 2, idle: 8, cap: 8, wire: 2, leg: 2, travel: 2, thief: true, joined: true},
	{name: "thief, all limits at their widest", settling: 4, window: 2, idle: 8, cap: 8, wire: 1, leg: 2, travel: 2, thief: true},
}

// TestSearchHonest (S1): without a thief, no browser is refused, no session ends and no alarm is
// raised, in whatever order things happen, as long as no message takes longer than W. S3 (what no
// single verdict may do, see judgedWrong) and S4 (nobody is served after the end) are checked at
// every step of each search.
func TestSearchHonest(t *testing.T) {
	for _, s := range withLong(honestScopes, longHonestScopes) {
		t.Run(s.name, func(t *testing.T) { searched(t, s) })
	}
}

// TestSearchThief (S2): from any moment after the theft, a thief is served for less than
// cap + 2F + 4W + 4g. g is the longest time between two responses to the browser; a challenge does
// not count as one, because the page still waits. With the default limits that is 70 minutes plus
// 4g: two caps if the browser comes at least every 12 minutes.
//
// The thief may copy either or both of the cookies, and use any cookie that they ever had, at any
// time and as often as they like. So this covers the thief who polls, who comes rarely, who moves
// in lockstep with the browser, who refreshes first and lies low, who hoards branches, and who
// replays the predecessor. It does not cover kills: a browser that is always killed before its new
// cookies reach the disk never confirms any.
func TestSearchThief(t *testing.T) {
	for _, s := range withLong(thiefScopes, longThiefScopes) {
		t.Run(s.name, func(t *testing.T) { searched(t, s) })
	}
}

// searched fails if a property does not hold in a scope.
func searched(t *testing.T, s scope) {
	t.Helper()
	g := explore(newModel(s, guardsRules))
	t.Logf("%d worlds, %d steps", len(g.worlds), len(g.edges))
	if g.fault != nil {
		t.Fatalf("%s:\n%s", g.fault.what, g.tellFault())
	}
	for gap := uint8(1); s.thief && gap <= s.cap/2; gap++ {
		longest := g.longestStay(gap)
		t.Logf("browser answered every %d ticks: thief served for %d at most", gap, longest.ticks)
		if longest.endless || longest.ticks >= s.bound(gap) {
			t.Fatalf("endless: %t, %d ticks, want less than %d:\n%s", longest.endless, longest.ticks, s.bound(gap), g.tellStay(longest, gap))
		}
	}
}

// bound is the promise of TestSearchThief in ticks.
func (s scope) bound(gap uint8) int {
	return int(s.cap) + 2*int(s.settling) + 4*int(s.window) + 4*int(gap)
}

// TestSearchAhead (rule 7) searches the same scopes with tokens refreshed ahead of time: at any
// moment, which covers every RefreshAhead and every lifetime of a JWT, and with -search.long also
// exactly when they are due, for every RefreshAhead up to the cap.
func TestSearchAhead(t *testing.T) {
	short := []scope{honestScopes[0], honestScopes[1], thiefScopes[0]}
	long := slices.Concat(honestScopes[2:], thiefScopes[1:], longHonestScopes, longThiefScopes)
	for _, s := range withAhead(withLong(short, long)) {
		t.Run(fmt.Sprintf("%s, JWT %d, ahead %d", s.name, s.jwt, s.ahead), func(t *testing.T) { searched(t, s) })
	}
}

func withAhead(base []scope) (all []scope) {
	for _, s := range base {
		for ahead := uint8(0); *searchLong && ahead <= s.cap; ahead++ {
			s.jwt, s.ahead = s.cap, ahead
			all = append(all, s)
		}
		s.jwt, s.ahead, s.early = 0, 0, true
		all = append(all, s)
	}
	return all
}

// TestSearchLimits shows where the promise to honest browsers ends, by the shortest history past
// each limit.
func TestSearchLimits(t *testing.T) {
	for _, s := range some([]scope{
		{name: "idle timeout of 2W", settling: 1, window: 1, idle: 2, cap: 4, wire: 2, leg: 1, travel: 1},
		{name: "kill, settling time as long as two ways and the lag", settling: 3, window: 2, idle: 8, cap: 8, wire: 2, leg: 1, travel: 2, kills: true, diskLag: 1},
	}) {
		t.Run(s.name, func(t *testing.T) {
			g := explore(newModel(s, guardsRules))
			if g.fault == nil {
				t.Fatal("the promise holds here too: say so")
			}
			t.Logf("%s:\n%s", g.fault.what, g.tellFault())
		})
	}
}

func withLong[T any](short, long []T) []T {
	if *searchLong {
		return slices.Concat(short, long)
	}
	return some(short)
}

// some is all of them, except under the race detector.
func some[T any](all []T) []T {
	if race.Enabled {
		return all[:1]
	}
	return all
}
